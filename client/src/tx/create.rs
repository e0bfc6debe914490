//! Creating contracts.

use alloy::primitives::{Address, Bytes};

use super::sender::TxSender;
use crate::backend::{Receipt, TxRequest};
use crate::error::{Contract, MarketError};

impl TxSender {
    /// Creates a contract from init code, and waits until it is mined.
    pub(crate) async fn create(&self, init_code: Bytes) -> Result<Receipt, MarketError> {
        let from = Some(self.chain().account()?);
        let request = TxRequest { from, to: None, data: init_code, value: 0 };
        Ok(self.simulate_and_send(Contract::Other(Address::ZERO), &request).await?.1)
    }
}
