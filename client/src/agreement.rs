//! One agreement: its terms and its state. What its parties do in it is in [`crate::steps`].

use std::ops::Range;

use alloy::primitives::{Address, U256};
use alloy::sol_types::SolCall;
use muster_protocol::abi::IWorkAgreement::{
    progressCall, progressReturn, reportedCall, stateCall, termsCall, testersCall,
};
use muster_protocol::abi::IWorkerDispatcher::isAgreementCall;
use muster_protocol::abi::State;
use muster_protocol::layout::{Terms, WorkerTerms};
use muster_protocol::lifecycle::{self, Times};
use muster_protocol::money;

use crate::error::{Contract, MarketError};
use crate::market::Market;
use crate::testers::{Tester, seats};

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
    /// How many windows are judged: all of them, unless the client cancelled.
    pub windows: u8,
    /// Who resigned: 5 bits for each worker, 0 if it stays, else the windows it had finished + 1.
    pub resigned: u64,
}

impl Progress {
    /// Whether the worker at `index` accepted.
    #[must_use]
    pub fn has_accepted(&self, index: u8) -> bool {
        self.accepted.checked_shr(index.into()).is_some_and(|bits| bits & 1 == 1)
    }

    /// How many windows the worker at `index` had finished when it resigned; `None` if it did not.
    #[must_use]
    pub fn resigned(&self, index: u8) -> Option<u8> {
        let bits = self.resigned.checked_shr(u32::from(index).saturating_mul(5)).unwrap_or(0);
        u8::try_from(bits & 0b1_1111).ok()?.checked_sub(1)
    }

    /// How many windows the worker at `index` is judged for.
    #[must_use]
    pub fn judged(&self, index: u8) -> u8 {
        self.resigned(index).unwrap_or(u8::MAX).min(self.windows)
    }
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
        let terms = Terms::decode(&bytes).ok_or(MarketError::InterfaceMismatch {
            contract: address,
            call: termsCall::SIGNATURE,
        })?;
        Ok(Agreement { market: self.clone(), address, terms })
    }
}

impl Agreement {
    /// The same agreement, for something that the outbox shall know by this name.
    #[must_use]
    pub fn with_purpose(mut self, purpose: &str) -> Self {
        self.market = self.market.with_purpose(purpose);
        self
    }

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

    /// Start, seed, who accepted, and who ended what early.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn progress(&self) -> Result<Progress, MarketError> {
        let answer = self.market.node().read(self.contract(), &progressCall {}).await?;
        let progressReturn { start, seed, accepted, windows, resigned } = answer;
        Ok(Progress { start, seed: seed.0, accepted, windows, resigned })
    }

    /// Where it is in its life, as the next transaction will find it.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn state(&self) -> Result<State, MarketError> {
        self.market.node().read_pending(self.contract(), &stateCall {}).await
    }

    /// When it changes state, as far as it has come.
    #[must_use]
    pub fn times(&self, progress: &Progress) -> Times {
        Times {
            purchased: self.terms.header.purchased,
            accept_window: self.terms.header.accept_window,
            start: progress.start,
            length: self.terms.ticks(progress.windows),
            report_window: self.terms.header.report_window,
        }
    }

    /// What the client paid: prices for the whole length and the fees of all seats, in wei.
    #[must_use]
    pub fn escrow(&self) -> u128 {
        let head = &self.terms.header;
        let part = |worker: &WorkerTerms| {
            money::escrow(worker.price, head.length, worker.fee, head.windows, head.testers)
        };
        // Every part was paid, so none is beyond the limit.
        self.terms.workers().filter_map(part).fold(0, u128::saturating_add)
    }

    /// Each window that is judged with its ticks, the first included and the last not; none before the
    /// first accept.
    #[must_use]
    pub fn windows(&self, progress: &Progress) -> Vec<(u8, Range<u64>)> {
        let (quantum, end) = (u64::from(self.terms.window_length()), self.times(progress).end());
        let start = progress.start;
        let windows = if start == 0 { 0 } else { progress.windows };
        let from = |window: u8| start.saturating_add(quantum.saturating_mul(window.into()));
        let until = |next: u8| if next == windows { end } else { from(next) };
        (0..windows).map(|k| (k, from(k)..until(k.saturating_add(1)))).collect()
    }

    /// The window of the tick `now`; `None` outside the agreement.
    #[must_use]
    pub fn window_at(&self, progress: &Progress, now: u64) -> Option<u8> {
        let length = self.terms.ticks(progress.windows);
        lifecycle::window_at(now, progress.start, length, progress.windows)
    }

    /// The window of this moment; `None` outside the agreement.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn window(&self) -> Result<Option<u8>, MarketError> {
        Ok(self.window_at(&self.progress().await?, self.market.now().await?))
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
        let (epoch, pool) = (self.terms.header.epoch, self.terms.header.pool);
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

    /// This agreement, to speak to.
    pub(crate) const fn contract(&self) -> Contract {
        Contract::Agreement(self.address)
    }
}
