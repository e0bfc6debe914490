//! One agreement: its terms, its state, and what its parties do in it.

use std::ops::Range;

use alloy::primitives::{Address, U256};
use alloy::sol_types::SolCall;
use futures::future::try_join_all;
use terms::abi::IWorkAgreement::{
    acceptCall, progressCall, reportCall, reportedCall, settleCall, stateCall, termsCall,
    testersCall,
};
use terms::abi::IWorkerDispatcher::{AgreementSettled, isAgreementCall};
use terms::abi::{Entry, State, TesterResult, WorkerResult};
use terms::layout::{Terms, WorkerTerms};
use terms::lifecycle::{self, Times};
use terms::money;

use crate::error::{Contract, MarketError};
use crate::market::Market;
use crate::testers::{Tester, seats};
use crate::transport::Receipt;

/// An agreement of a market, with its terms, which never change.
#[derive(Clone, Debug)]
pub struct Agreement {
    /// The market that made it.
    market: Market,
    /// Its contract.
    address: Address,
    /// What was agreed.
    terms: Terms,
}

/// What changes in an agreement before it is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Tick of the first accept; 0 before it.
    pub start: u64,
    /// What testers are drawn with; 0 before the first accept.
    pub seed: [u8; 16],
    /// Who accepted: bit k stands for worker k.
    pub accepted: u8,
}

impl Progress {
    /// Whether the worker at `index` accepted.
    #[must_use]
    pub fn has_accepted(&self, index: u8) -> bool {
        self.accepted.checked_shr(index.into()).is_some_and(|bits| bits & 1 == 1)
    }
}

/// What an agreement paid when it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// Wei that went back to the client.
    pub refund: u128,
    /// Each worker's part, in their order in the agreement.
    pub workers: Vec<WorkerResult>,
    /// Each tester's part.
    pub testers: Vec<TesterResult>,
    /// The transaction.
    pub receipt: Receipt,
}

impl Market {
    /// An agreement of this market, with its terms.
    ///
    /// # Errors
    /// [`MarketError::NotAnAgreement`] if this market did not make it; [`MarketError::Node`].
    pub async fn agreement(&self, address: Address) -> Result<Agreement, MarketError> {
        if !self.read(&isAgreementCall { account: address }).await? {
            return Err(MarketError::NotAnAgreement(address));
        }
        let bytes = self.node().read(Contract::Agreement(address), &termsCall {}).await?;
        let terms = Terms::decode(&bytes).ok_or(MarketError::NotTheInterface {
            contract: address,
            call: termsCall::SIGNATURE,
        })?;
        Ok(Agreement { market: self.clone(), address, terms })
    }
}

impl Agreement {
    /// The market that made it.
    #[must_use]
    pub const fn market(&self) -> &Market {
        &self.market
    }

    /// Its contract.
    #[must_use]
    pub const fn address(&self) -> Address {
        self.address
    }

    /// What was agreed.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Start, seed, and who accepted.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn progress(&self) -> Result<Progress, MarketError> {
        let answer = self.market.node().read(self.contract(), &progressCall {}).await?;
        Ok(Progress { start: answer.start, seed: answer.seed.0, accepted: answer.accepted })
    }

    /// Where it is in its life, as the next transaction will find it.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn state(&self) -> Result<State, MarketError> {
        self.market.node().read_next(self.contract(), &stateCall {}).await
    }

    /// When it changes state, given its start (0 before the first accept).
    #[must_use]
    pub const fn times(&self, start: u64) -> Times {
        Times {
            purchased: self.terms.head.purchased,
            accept_window: self.terms.head.accept_window,
            start,
            length: self.terms.head.length,
            report_window: self.terms.head.report_window,
        }
    }

    /// What the client paid: prices for the whole length and the fees of all seats, in wei.
    #[must_use]
    pub fn escrow(&self) -> u128 {
        let head = &self.terms.head;
        let part = |worker: &WorkerTerms| {
            money::escrow(worker.price, head.length, worker.fee, head.windows, head.testers)
        };
        // Every part was paid, so none is beyond the limit.
        self.terms.workers().filter_map(part).fold(0, u128::saturating_add)
    }

    /// Each window with its ticks, the first included and the last not; none before the first accept.
    #[must_use]
    pub fn windows(&self, start: u64) -> Vec<(u8, Range<u64>)> {
        let (quantum, end) = (u64::from(self.terms.quantum()), self.times(start).end());
        let windows = if start == 0 { 0 } else { self.terms.head.windows };
        let from = |window: u8| start.saturating_add(quantum.saturating_mul(window.into()));
        let until = |next: u8| if next == windows { end } else { from(next) };
        (0..windows).map(|k| (k, from(k)..until(k.saturating_add(1)))).collect()
    }

    /// The window of this moment; `None` outside the agreement.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn window(&self) -> Result<Option<u8>, MarketError> {
        let (start, now) = (self.progress().await?.start, self.market.now().await?);
        Ok(lifecycle::window(now, start, self.terms.head.length, self.terms.head.windows))
    }

    /// The testers of a window in order of seats; none before the first accept.
    ///
    /// # Errors
    /// [`MarketError::Refused`] with `WindowUnknown`; [`MarketError::Node`].
    pub async fn testers(&self, window: u8) -> Result<Vec<Tester>, MarketError> {
        let call = testersCall { window: U256::from(window) };
        let answer = self.market.node().read(self.contract(), &call).await?;
        let pairs = answer.accounts.into_iter().zip(answer.keys);
        Ok(pairs.map(|(account, key)| Tester { account, key }).collect())
    }

    /// What the tester at `place` reported of the worker at `index`: windows checked, windows served.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn reported(&self, place: u32, index: u8) -> Result<(u32, u32), MarketError> {
        let call = reportedCall { place, index };
        let answer = self.market.node().read(self.contract(), &call).await?;
        Ok((answer.checked, answer.served))
    }

    /// The place of an account in this agreement's list of testers.
    ///
    /// # Errors
    /// [`MarketError::NotListed`] if it has none that counts; [`MarketError::Node`].
    pub async fn place(&self, account: Address) -> Result<u32, MarketError> {
        let (epoch, pool) = (self.terms.head.epoch, self.terms.head.pool);
        let place = self.market.place(account, epoch).await?.filter(|place| *place < pool);
        place.ok_or(MarketError::NotListed { account, epoch })
    }

    /// The windows in which an account holds a seat, bit k for window k; 0 before the first accept.
    ///
    /// # Errors
    /// As [`Agreement::place`].
    pub async fn seats(&self, account: Address) -> Result<u32, MarketError> {
        let place = self.place(account).await?;
        let Progress { start, seed, .. } = self.progress().await?;
        Ok(if start == 0 { 0 } else { seats(&self.terms, &seed, place) })
    }

    /// Takes the work, as one of the workers. The block after the purchase is the first to do so.
    ///
    /// # Errors
    /// [`MarketError::Refused`] with the agreement's reason, such as `TooLateToAccept`; otherwise as for
    /// every call that sends.
    pub async fn accept(&self) -> Result<Receipt, MarketError> {
        self.write(&acceptCall {}).await
    }

    /// Says, as a tester, what was seen of the workers. Once.
    ///
    /// # Errors
    /// [`MarketError::NotListed`]; [`MarketError::Refused`] with the agreement's reason, such as
    /// `WrongState` or `AlreadyReported`; otherwise as for every call that sends.
    pub async fn report(&self, entries: Vec<Entry>) -> Result<Receipt, MarketError> {
        let place = self.place(self.market.account()?).await?;
        self.write(&reportCall { place, entries }).await
    }

    /// Ends the agreement and pays everybody. Anybody may, when it is due.
    ///
    /// # Errors
    /// [`MarketError::Refused`] with `WrongState`; otherwise as for every call that sends.
    pub async fn settle(&self) -> Result<Settlement, MarketError> {
        let hints = try_join_all(self.terms.workers().map(|worker| self.hint(worker))).await?;
        let receipt = self.write(&settleCall { hints }).await?;
        let event = receipt
            .event::<AgreementSettled>(self.market.dispatcher())
            .ok_or(MarketError::EventMissing("AgreementSettled"))?;
        let AgreementSettled { refund, workers, testers, .. } = event;
        Ok(Settlement { refund, workers, testers, receipt })
    }

    /// Where a worker of this agreement belongs in its book at the price that it asks now.
    async fn hint(&self, worker: &WorkerTerms) -> Result<u32, MarketError> {
        let price = self.market.worker(worker.account).await?.price;
        self.market.hint(self.terms.head.application, worker.account, price).await
    }

    /// This agreement, to speak to.
    const fn contract(&self) -> Contract {
        Contract::Agreement(self.address)
    }

    /// Sends a call without value to this agreement.
    async fn write<C: SolCall>(&self, call: &C) -> Result<Receipt, MarketError> {
        self.market.node().write(self.contract(), call, 0).await
    }
}
