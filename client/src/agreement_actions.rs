//! What the parties of an agreement do in it, from the first accept to the settlement.

use alloy::sol_types::SolCall;
use futures::future::try_join_all;
use muster_protocol::abi::IWorkAgreement::{
    Cancelled, Resigned, acceptCall, cancelCall, reportCall, resignCall, settleCall,
};
use muster_protocol::abi::IWorkerDispatcher::{AgreementSettled, Burned};
use muster_protocol::abi::{Entry, TesterResult, WorkerResult};
use muster_protocol::layout::WorkerTerms;

use crate::agreement::Agreement;
use crate::backend::Receipt;
use crate::error::MarketError;
use crate::receipts::Session;

/// An agreement that the client cut short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancellation {
    /// How many windows remain to be paid, from the first on.
    pub windows: u8,
    /// The tick in which it ends now.
    pub end: u64,
    /// The transaction.
    pub receipt: Receipt,
}

/// A worker that left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resignation {
    /// How many windows it had finished and is paid for.
    pub windows: u8,
    /// The transaction.
    pub receipt: Receipt,
}

/// What an agreement paid when it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// Wei that went back to the client.
    pub refund: u128,
    /// Wei of the workers' bonds that the client gets beside that.
    pub compensation: u128,
    /// Wei of the workers' bonds that nobody gets.
    pub burned: u128,
    /// Each worker's part, in their order in the agreement.
    pub workers: Vec<WorkerResult>,
    /// Each tester's part.
    pub testers: Vec<TesterResult>,
    /// The transaction.
    pub receipt: Receipt,
}

impl Agreement {
    /// Takes the work, as one of the workers. The block after the purchase is the first to do so.
    ///
    /// # Errors
    /// [`MarketError::Refused`] with the agreement's reason, such as `TooLateToAccept`; otherwise as for
    /// every call that sends.
    pub async fn accept(&self) -> Result<Receipt, MarketError> {
        self.write(&acceptCall {}).await
    }

    /// Ends it early, as the client: after the window of now and one more, but not before the shortest
    /// length that the market sells.
    ///
    /// # Errors
    /// [`MarketError::Refused`] with `NotTheClient`, `WrongState` or `CannotShorten`; otherwise as for
    /// every call that sends.
    pub async fn cancel(&self) -> Result<Cancellation, MarketError> {
        let receipt = self.write(&cancelCall {}).await?;
        let event = receipt.event::<Cancelled>(self.address());
        let Cancelled { windows, end } = event.ok_or(MarketError::EventMissing("Cancelled"))?;
        Ok(Cancellation { windows, end, receipt })
    }

    /// Leaves it, as a worker that accepted: it is judged for the windows that are finished, and loses a
    /// tenth of its bond.
    ///
    /// # Errors
    /// [`MarketError::Refused`] with `NotAWorker`, `NotAccepted`, `AlreadyResigned` or `WrongState`;
    /// otherwise as for every call that sends.
    pub async fn resign(&self) -> Result<Resignation, MarketError> {
        let receipt = self.write(&resignCall {}).await?;
        let event = receipt.event::<Resigned>(self.address());
        let windows = event.ok_or(MarketError::EventMissing("Resigned"))?.windows;
        Ok(Resignation { windows, receipt })
    }

    /// Says, as a tester, what was seen of the workers. Once. The receipts in it are of the session that
    /// this account opened.
    ///
    /// # Errors
    /// [`MarketError::NotListed`]; [`MarketError::Refused`] with the agreement's reason, such as
    /// `WrongState`, `BadReceipt` or `AlreadyReported`; otherwise as for every call that sends.
    pub async fn report(
        &self,
        session: &Session,
        entries: Vec<Entry>,
    ) -> Result<Receipt, MarketError> {
        let place = self.place(self.market().account()?).await?;
        self.write(&reportCall { place, salt: session.salt, entries }).await
    }

    /// Ends the agreement and pays everybody. Anybody may, when it is due.
    ///
    /// # Errors
    /// [`MarketError::Refused`] with `WrongState`; otherwise as for every call that sends.
    pub async fn settle(&self) -> Result<Settlement, MarketError> {
        let hints = try_join_all(self.terms().workers().map(|worker| self.hint(worker))).await?;
        let receipt = self.write(&settleCall { hints }).await?;
        let event = receipt
            .event::<AgreementSettled>(self.market().dispatcher())
            .ok_or(MarketError::EventMissing("AgreementSettled"))?;
        let AgreementSettled { refund, compensation, workers, testers, .. } = event;
        let burned = receipt.event::<Burned>(self.market().dispatcher());
        let burned = burned.map_or(0, |event| event.amount);
        Ok(Settlement { refund, compensation, burned, workers, testers, receipt })
    }

    /// Where a worker of this agreement belongs in its book at the price that it asks now.
    async fn hint(&self, worker: &WorkerTerms) -> Result<u32, MarketError> {
        let price = self.market().worker(worker.account).await?.price;
        self.market().hint(self.terms().header.application, worker.account, price).await
    }

    /// Sends a call without value to this agreement.
    async fn write<C: SolCall>(&self, call: &C) -> Result<Receipt, MarketError> {
        self.market().node().write(self.contract(), call, 0).await
    }
}
