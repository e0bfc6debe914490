//! The interface of both contracts: calls, events, errors and structs, declared once with `sol!`.
//!
//! Contracts, client and tests use the generated types. Amounts are wei, times are ticks of the
//! market's clock, shares are basis points.

mod agreement;
mod construct;
mod dispatcher;
pub mod solidity;

pub use agreement::{IWorkAgreement, State};
pub use construct::WorkerDispatcher;
pub use dispatcher::{
    Clock, Fee, IWorkerDispatcher, Order, Quote, Reason, Settings, TesterResult, Worker,
    WorkerResult,
};

use alloy_primitives::Address;

impl WorkerResult {
    /// The result of a worker that did not accept. `slash` is 0: the dispatcher computes it.
    #[must_use]
    pub const fn absent(account: Address) -> Self {
        Self {
            account,
            pay: 0,
            slash: 0,
            fees: 0,
            accepted: false,
            resigned: false,
            ticks: 0,
            known: 0,
            uptime: 0,
        }
    }
}
