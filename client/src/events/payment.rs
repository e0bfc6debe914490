//! What accounts got and paid, as the market's events say.

use alloy::primitives::Address;
use muster_protocol::abi::IWorkerDispatcher::IWorkerDispatcherEvents as Dispatcher;
use muster_protocol::abi::{TesterResult, WorkerResult};

use super::record::MarketEvent;

/// Why an account gets or pays an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PaymentKind {
    /// A client paid for an agreement, the fees of its testers included.
    Purchase,
    /// A client got back what nobody earned.
    Refund,
    /// A client was compensated out of the bonds of workers.
    Compensation,
    /// A worker was paid.
    Pay,
    /// A worker lost a part of its stake.
    Slash,
    /// A tester was paid.
    Fees,
}

impl PaymentKind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Purchase, Self::Refund, Self::Compensation, Self::Pay, Self::Slash, Self::Fees];

    /// Its name in statements.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Purchase => "purchase",
            Self::Refund => "refund",
            Self::Compensation => "compensation",
            Self::Pay => "pay",
            Self::Slash => "slash",
            Self::Fees => "fees",
        }
    }

    /// Whether the account gets the amount, as credit.
    #[must_use]
    pub const fn is_income(self) -> bool {
        !matches!(self, Self::Purchase | Self::Slash)
    }
}

/// An amount that an account got or paid by an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The account.
    pub account: Address,
    /// The agreement that it was for.
    pub agreement: Address,
    /// Why.
    pub kind: PaymentKind,
    /// The amount in wei, more than 0.
    pub amount: u128,
}

impl MarketEvent {
    /// What accounts got and paid by this event, in the order in which a statement has it: workers, testers, client.
    #[must_use]
    pub fn payments(&self) -> Vec<Payment> {
        let Self::Dispatcher(event) = self else { return Vec::new() };
        let (agreement, payments) = match event {
            Dispatcher::ContractBought(e) => {
                (e.agreement, vec![(e.client, PaymentKind::Purchase, e.escrow)])
            }
            Dispatcher::AgreementSettled(e) => {
                let mut payments = of_workers(&e.workers);
                payments.extend(e.testers.iter().map(of_tester));
                payments.push((e.client, PaymentKind::Refund, e.refund));
                payments.push((e.client, PaymentKind::Compensation, e.compensation));
                (e.agreement, payments)
            }
            Dispatcher::AbsentReleased(e) => {
                let mut payments = of_workers(&e.workers);
                payments.push((e.client, PaymentKind::Refund, e.refund));
                (e.agreement, payments)
            }
            _ => return Vec::new(),
        };
        let payments = payments.into_iter().filter(|(.., amount)| *amount != 0);
        payments
            .map(|(account, kind, amount)| Payment { account, agreement, kind, amount })
            .collect()
    }
}

/// What workers got and lost.
fn of_workers(workers: &[WorkerResult]) -> Vec<(Address, PaymentKind, u128)> {
    let both = |worker: &WorkerResult| {
        [
            (worker.account, PaymentKind::Pay, worker.pay),
            (worker.account, PaymentKind::Slash, worker.slash),
        ]
    };
    workers.iter().flat_map(both).collect()
}

/// What a tester got.
const fn of_tester(tester: &TesterResult) -> (Address, PaymentKind, u128) {
    (tester.account, PaymentKind::Fees, tester.fee)
}
