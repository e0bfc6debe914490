//! A number that everybody can raise, and that its owner can set.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

use alloc::{vec, vec::Vec};

use alloy_primitives::{Address, U256};
use alloy_sol_types::sol;
use stylus_sdk::{console, prelude::*};

sol! {
    /// The number is `number` now.
    event NumberChanged(uint256 number);
    /// Only `owner` may do this.
    error NotOwner(address owner);
}

sol_storage! {
    /// The counter.
    #[entrypoint]
    pub struct Counter {
        /// Who may set the number.
        address owner;
        /// The number.
        uint256 number;
    }
}

/// Why a call is refused.
#[derive(SolidityError)]
pub enum CounterError {
    /// Only the owner may do this.
    NotOwner(NotOwner),
}

#[public]
impl Counter {
    /// Starts with a number; who deploys it owns it.
    #[constructor]
    pub fn constructor(&mut self, number: U256) {
        let owner = self.vm().tx_origin();
        self.owner.set(owner);
        self.number.set(number);
    }

    /// The number.
    pub fn number(&self) -> U256 {
        self.number.get()
    }

    /// Who may set the number.
    pub fn owner(&self) -> Address {
        self.owner.get()
    }

    /// Raises the number by one.
    pub fn increment(&mut self) {
        self.change(self.number.get() + U256::ONE);
    }

    /// Sets the number; only the owner may.
    pub fn set_number(&mut self, number: U256) -> Result<(), CounterError> {
        let (owner, sender) = (self.owner.get(), self.vm().msg_sender());
        if sender != owner {
            console!("{sender} is not the owner");
            return Err(CounterError::NotOwner(NotOwner { owner }));
        }
        self.change(number);
        Ok(())
    }
}

impl Counter {
    /// Stores a number and announces it.
    fn change(&mut self, number: U256) {
        self.number.set(number);
        self.vm().log(NumberChanged { number });
    }
}
