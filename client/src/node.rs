//! A connection to a chain and the two doors through which everything goes: asking and sending.
//!
//! Whatever is sent is tried out first, as the next block's first transaction would find the chain, so
//! that a refusal is known, with its reason, before anything is paid.

use std::sync::Arc;
use std::time::Duration;

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolCall;
use tokio::time::{Instant, sleep};

use crate::alloy::Alloy;
use crate::error::{Contract, Fault, MarketError, NodeError};
use crate::transport::{At, Call, Chain, Head, Log, LogFilter, Receipt, World};

/// How long to wait for a transaction to be in a block, unless told otherwise.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often to look for it.
const POLL: Duration = Duration::from_millis(100);

/// A connection to a chain, with at most one account that signs. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Node {
    /// The backend.
    chain: Arc<dyn Chain>,
    /// How long to wait for a transaction to be in a block.
    patience: Duration,
}

impl Node {
    /// Connects to the node at `url`, by HTTP or WebSocket. Without a signer, one can only look.
    ///
    /// # Errors
    /// [`MarketError::Node`] if no Ethereum node answers there.
    pub async fn connect(url: &str, signer: Option<PrivateKeySigner>) -> Result<Self, MarketError> {
        Ok(Self { chain: Alloy::connect(url, signer).await?, patience: PATIENCE })
    }

    /// A node on another backend.
    #[cfg(test)]
    pub(crate) fn on(chain: Arc<dyn Chain>) -> Self {
        Self { chain, patience: PATIENCE }
    }

    /// The same connection, waiting so long for a transaction to be in a block (else a minute).
    #[must_use]
    pub const fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The chain's id.
    #[must_use]
    pub fn chain_id(&self) -> u64 {
        self.chain.chain_id()
    }

    /// The account that signs.
    ///
    /// # Errors
    /// [`MarketError::NoAccount`] if there is none.
    pub fn account(&self) -> Result<Address, MarketError> {
        self.chain.account().ok_or(MarketError::NoAccount)
    }

    /// The latest block.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn head(&self) -> Result<Head, MarketError> {
        self.chain.head().await.map_err(chain_fault)
    }

    /// The wei that an account holds.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn balance(&self, account: Address) -> Result<U256, MarketError> {
        self.chain.balance(account).await.map_err(chain_fault)
    }

    /// The code of an account, empty if it has none.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn code(&self, account: Address) -> Result<Bytes, MarketError> {
        self.chain.code(account).await.map_err(chain_fault)
    }

    /// Sends `amount` wei to an account.
    ///
    /// # Errors
    /// [`MarketError::Funds`], [`MarketError::Reverted`] if the account refuses ether,
    /// [`MarketError::NoAccount`], [`MarketError::Node`].
    pub async fn transfer(&self, to: Address, amount: u128) -> Result<Receipt, MarketError> {
        let (_, receipt) = self.submit(Contract::Other(to), Bytes::new(), amount).await?;
        Ok(receipt)
    }

    /// What became of a transaction; `None` while it is in no block.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn receipt(&self, transaction: B256) -> Result<Option<Receipt>, MarketError> {
        self.chain.receipt(transaction).await.map_err(chain_fault)
    }

    /// Events in the order in which they happened.
    pub(crate) async fn logs(&self, filter: &LogFilter) -> Result<Vec<Log>, MarketError> {
        self.chain.logs(filter).await.map_err(chain_fault)
    }

    /// The first door: asks a contract as the chain stands.
    pub(crate) async fn read<C: SolCall>(
        &self,
        contract: Contract,
        call: &C,
    ) -> Result<C::Return, MarketError> {
        self.ask(contract, call, &World::default()).await
    }

    /// Asks a contract as the next transaction would find it; for what depends on the time.
    pub(crate) async fn read_next<C: SolCall>(
        &self,
        contract: Contract,
        call: &C,
    ) -> Result<C::Return, MarketError> {
        let world = self.next_world().await?;
        self.ask(contract, call, &world).await
    }

    /// Asks a contract in this connection's own name.
    async fn ask<C: SolCall>(
        &self,
        contract: Contract,
        call: &C,
        world: &World,
    ) -> Result<C::Return, MarketError> {
        let message = self.message(contract, call.abi_encode().into(), 0);
        self.ask_as::<C>(contract, &message, world).await
    }

    /// Asks a contract with a message and in a world of the caller's making.
    pub(crate) async fn ask_as<C: SolCall>(
        &self,
        contract: Contract,
        message: &Call,
        world: &World,
    ) -> Result<C::Return, MarketError> {
        let answer = self.chain.call(message, world).await.map_err(|f| f.at(contract))?;
        self.decode::<C>(contract, &answer).await
    }

    /// What a contract answered; an answer that is none is traced to its cause.
    async fn decode<C: SolCall>(
        &self,
        contract: Contract,
        answer: &Bytes,
    ) -> Result<C::Return, MarketError> {
        if let Ok(value) = C::abi_decode_returns(answer) {
            return Ok(value);
        }
        let address = contract.address();
        if self.code(address).await?.is_empty() {
            return Err(MarketError::NoContract(address));
        }
        Err(MarketError::NotTheInterface { contract: address, call: C::SIGNATURE })
    }

    /// The second door: tries a call out, sends it, and waits until it is in a block.
    pub(crate) async fn write<C: SolCall>(
        &self,
        contract: Contract,
        call: &C,
        value: u128,
    ) -> Result<Receipt, MarketError> {
        let (answer, receipt) = self.submit(contract, call.abi_encode().into(), value).await?;
        self.decode::<C>(contract, &answer).await?;
        Ok(receipt)
    }

    /// Tries a message out, sends it, and waits until it is in a block. Returns what it answered when it
    /// was tried, and its receipt, which is one of success.
    pub(crate) async fn submit(
        &self,
        contract: Contract,
        data: Bytes,
        value: u128,
    ) -> Result<(Bytes, Receipt), MarketError> {
        self.account()?;
        let message = self.message(contract, data, value);
        let world = self.next_world().await?;
        let answer = self.chain.call(&message, &world).await;
        let answer = self.explain(answer, contract, &message, 0).await?;
        let receipt = self.carry_out(contract, &message, &world).await?;
        Ok((answer, receipt))
    }

    /// Creates a contract from init code.
    pub(crate) async fn create(&self, init_code: Bytes) -> Result<Receipt, MarketError> {
        let message = Call { from: Some(self.account()?), to: None, data: init_code, value: 0 };
        let world = self.next_world().await?;
        self.carry_out(Contract::Other(Address::ZERO), &message, &world).await
    }

    /// Sends a message that was tried out, and waits until it is in a block with success.
    async fn carry_out(
        &self,
        contract: Contract,
        message: &Call,
        world: &World,
    ) -> Result<Receipt, MarketError> {
        let gas = self.chain.estimate(message, world).await;
        let gas = with_reserve(self.explain(gas, contract, message, 0).await?);
        let transaction = self.chain.send(message, gas).await;
        let transaction = self.explain(transaction, contract, message, gas).await?;
        let receipt = self.confirm(transaction).await?;
        if receipt.success {
            return Ok(receipt);
        }
        // It failed although it was tried out: another transaction came first. Trying again says why.
        let world = World { at: At::Number(receipt.block), ..World::default() };
        match self.chain.call(message, &world).await {
            Err(fault) => Err(fault.at(contract)),
            Ok(data) => Err(MarketError::Reverted { contract: contract.address(), data }),
        }
    }

    /// Waits until a transaction is in a block.
    async fn confirm(&self, transaction: B256) -> Result<Receipt, MarketError> {
        let since = Instant::now();
        loop {
            if let Some(receipt) = self.receipt(transaction).await? {
                return Ok(receipt);
            }
            if since.elapsed() > self.patience {
                return Err(MarketError::Unconfirmed(transaction));
            }
            sleep(POLL).await;
        }
    }

    /// The result, or what stood against it: nodes refuse what an account cannot pay in words of their
    /// own, so the account's balance is looked at.
    async fn explain<T>(
        &self,
        result: Result<T, Fault>,
        contract: Contract,
        message: &Call,
        gas: u64,
    ) -> Result<T, MarketError> {
        let fault = match result {
            Ok(value) => return Ok(value),
            Err(fault) => fault,
        };
        if let (Fault::Node(NodeError::Answered { .. }), Some(account)) = (&fault, message.from) {
            let have = self.balance(account).await?;
            let price = U256::from(self.head().await?.gas_price).saturating_mul(U256::from(2));
            let fee = price.saturating_mul(U256::from(gas));
            let need = U256::from(message.value).saturating_add(fee);
            if have < need {
                return Err(MarketError::Funds { account, have, need });
            }
        }
        Err(fault.at(contract))
    }

    /// A message from this connection's account.
    fn message(&self, contract: Contract, data: Bytes, value: u128) -> Call {
        Call { from: self.chain.account(), to: Some(contract.address()), data, value }
    }
}

/// An estimate with what Stylus programs must have left at their end, and room for what other
/// transactions change meanwhile: a tenth and 5 000 more.
const fn with_reserve(gas: u64) -> u64 {
    gas.saturating_add(gas.div_ceil(10)).saturating_add(5_000)
}

/// A fault where no contract was called.
fn chain_fault(fault: Fault) -> MarketError {
    fault.at(Contract::Other(Address::ZERO))
}

#[cfg(test)]
mod tests;
