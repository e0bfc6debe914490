//! The interface of both contracts: calls, events, errors and view structs, written once.
//!
//! Contracts take selectors, events and errors from here, the client its `…Call` types, tests all of
//! them. Amounts are wei, times are ticks of the market's clock, shares are basis points.

mod agreement;
mod construct;
mod dispatcher;
pub mod text;

pub use agreement::{Entry, Finding, IWorkAgreement, State};
pub use construct::WorkerDispatcher;
pub use dispatcher::{
    Clock, Fee, IWorkerDispatcher, Order, Quote, Reason, Settings, TesterResult, Worker,
    WorkerResult,
};

impl From<Entry> for Finding {
    fn from(entry: Entry) -> Self {
        let Entry { index, checked, served, .. } = entry;
        Self { index, checked, served }
    }
}
