//! What the market's events say about one account's income and costs.

use alloy::primitives::{Address, B256};
use muster_client::protocol::abi::IWorkerDispatcher::IWorkerDispatcherEvents as Dispatcher;
use muster_client::protocol::abi::{TesterResult, WorkerResult};
use muster_client::{EventRecord, MarketEvent};

/// A kind of entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
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
    /// Gas of a transaction.
    Gas,
}

impl Kind {
    /// All of them.
    pub(super) const ALL: [Self; 7] = [
        Self::Purchase,
        Self::Refund,
        Self::Compensation,
        Self::Pay,
        Self::Slash,
        Self::Fees,
        Self::Gas,
    ];

    /// Its name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Purchase => "purchase",
            Self::Refund => "refund",
            Self::Compensation => "compensation",
            Self::Pay => "pay",
            Self::Slash => "slash",
            Self::Fees => "fees",
            Self::Gas => "gas",
        }
    }

    /// Whether the account gets the amount.
    pub(super) const fn is_income(self) -> bool {
        !matches!(self, Self::Purchase | Self::Slash | Self::Gas)
    }
}

/// One amount that an account got or paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The block.
    pub(super) block: u64,
    /// The index of the event in the block.
    pub(super) log_index: u64,
    /// The transaction.
    pub(super) transaction: B256,
    /// The agreement that it was for, if it was for one.
    pub(super) agreement: Option<Address>,
    /// The kind.
    pub(super) kind: Kind,
    /// The amount in wei, more than 0.
    pub(super) amount: u128,
}

/// The entries of an account in these events, without gas.
pub(super) fn market_entries(history: &[EventRecord], account: Address) -> Vec<Entry> {
    let entries = history.iter().flat_map(|record| {
        let (agreement, amounts) = amounts(&record.event, account);
        let amounts = amounts.into_iter().filter(|(_, amount)| *amount != 0);
        amounts.map(move |(kind, amount)| Entry {
            block: record.block,
            log_index: record.log_index,
            transaction: record.transaction,
            agreement,
            kind,
            amount,
        })
    });
    entries.collect()
}

/// What an account got and paid by an event, and the agreement that it was for.
fn amounts(event: &MarketEvent, account: Address) -> (Option<Address>, Vec<(Kind, u128)>) {
    let MarketEvent::Dispatcher(event) = event else { return (None, Vec::new()) };
    match event {
        Dispatcher::ContractBought(e) if e.client == account => {
            (Some(e.agreement), vec![(Kind::Purchase, e.escrow)])
        }
        Dispatcher::AgreementSettled(e) => {
            let mut amounts = of_workers(&e.workers, account);
            amounts.push((Kind::Fees, of_testers(&e.testers, account)));
            if e.client == account {
                amounts.extend([(Kind::Refund, e.refund), (Kind::Compensation, e.compensation)]);
            }
            (Some(e.agreement), amounts)
        }
        Dispatcher::AbsentReleased(e) => {
            let mut amounts = of_workers(&e.workers, account);
            if e.client == account {
                amounts.push((Kind::Refund, e.refund));
            }
            (Some(e.agreement), amounts)
        }
        _ => (None, Vec::new()),
    }
}

/// What a worker got and lost.
fn of_workers(workers: &[WorkerResult], account: Address) -> Vec<(Kind, u128)> {
    let own = workers.iter().filter(|worker| worker.account == account);
    own.flat_map(|worker| [(Kind::Pay, worker.pay), (Kind::Slash, worker.slash)]).collect()
}

/// What a tester got.
fn of_testers(testers: &[TesterResult], account: Address) -> u128 {
    let own = testers.iter().filter(|tester| tester.account == account);
    own.fold(0, |sum, tester| sum.saturating_add(tester.fee))
}
