//! Which accounts and slots a call looks at, so that its transaction can name them beforehand.

use std::collections::BTreeMap;

use alloy::{
    eips::eip2930::{AccessList, AccessListItem},
    primitives::{Address, B256, map::AddressMap},
};
use revm::state::Account;

use super::{Ask, Chain, Refusal, call::GAS_CAP};
use crate::{
    exec::{Execution, Message},
    precompiles,
    state::{
        arbos::{ARBOS, to_address},
        settings::Setting,
    },
};

/// How often a list may grow before it is taken as it is.
const ROUNDS: usize = 16;

/// What a call looks at, and how it runs if that is said beforehand.
#[derive(Debug)]
pub(crate) struct Accessed {
    /// What it looks at.
    pub(crate) list: AccessList,
    /// How it runs.
    pub(crate) execution: Execution,
}

impl Chain {
    /// Finds out what a call looks at: it is run with what is known until nothing new turns up.
    ///
    /// # Errors
    /// Why the call may not run.
    pub(crate) fn access_list(&mut self, ask: &Ask) -> Result<Accessed, Refusal> {
        let gas = ask.request.gas.unwrap_or(GAS_CAP).min(GAS_CAP);
        let mut message = self.message(ask, gas)?;
        let named = message.access_list.clone();
        for _ in 0..ROUNDS {
        }
        todo!()
    }
}
