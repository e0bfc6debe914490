//! Random events of four workers, two clients and six agreements.

use alloy::primitives::{Address, B256, Bytes, FixedBytes};
use muster_client::MarketEvent;
use muster_client::protocol::abi::IWorkAgreement as agreement;
use muster_client::protocol::abi::IWorkerDispatcher as dispatcher;
use muster_client::protocol::abi::{State, TesterResult, WorkerResult};
use muster_client::protocol::layout::{Terms, TermsHeader, WorkerTerms};
use proptest::prelude::*;

/// Account number `n`.
pub(crate) const fn account(n: u8) -> Address {
    Address::repeat_byte(n.saturating_add(1))
}

/// Agreement number `n`.
pub(crate) const fn agreement_address(n: u8) -> Address {
    Address::repeat_byte(n.saturating_add(0xa0))
}

/// The terms of agreement number `n`: two of four workers, two windows.
pub(crate) fn terms(n: u8) -> Terms {
    let header = TermsHeader {
        number: u32::from(n) + 1,
        client: account(n % 2),
        application: FixedBytes(*b"factor\0\0"),
        purchased: 1_000,
        accept_window: 5,
        report_window: 5,
        length: 40,
        windows: 2,
        testers: 3,
        bond_bps: 1_000,
        min_bond: 7,
        tester_fee_bps: 100,
        min_tester_fee: 3,
        ..TermsHeader::default()
    };
    let worker = |n: u8| WorkerTerms {
        account: account(n % 4),
        price: 5 + u128::from(n),
        promise: 9_000,
        ..WorkerTerms::default()
    };
    Terms::decode(&encoded(&Terms::new(header, [worker(n), worker(n + 1)]))).unwrap()
}

/// Encoded terms.
fn encoded(terms: &Terms) -> Vec<u8> {
    let mut bytes = [0; muster_client::protocol::layout::MAX_TERMS];
    let length = terms.encode(&mut bytes);
    bytes[..length].to_vec()
}

/// What a worker got.
const fn result(account: Address, amount: u128, flags: u8) -> WorkerResult {
    WorkerResult {
        account,
        pay: amount,
        slash: amount % 3,
        fees: amount % 5,
        accepted: flags & 1 == 1,
        resigned: flags & 2 == 2,
        ticks: 40,
        known: 2,
        uptime: 9_500,
    }
}

/// An event of the dispatcher.
fn dispatcher_event() -> impl Strategy<Value = MarketEvent> {
    use dispatcher::*;
    (0_u8..16, 0_u8..6, 0_u8..6, 0_u128..1 << 70, any::<u8>()).prop_map(
        |(kind, n, of, amount, flags)| {
            let (worker, number) = (account(n), u32::from(n) + 1);
            let agreement = agreement_address(of);
            let client = account(of % 2);
            let workers = terms(of).workers().map(|w| result(w.account, amount, flags)).collect();
            MarketEvent::Dispatcher(match kind {
                0 => IWorkerDispatcherEvents::WorkerRegistered(WorkerRegistered {
                    worker,
                    number,
                    application: FixedBytes(*b"factor\0\0"),
                    key: B256::repeat_byte(flags),
                    stake: amount,
                }),
                1 => IWorkerDispatcherEvents::WorkerUpdated(WorkerUpdated {
                    worker,
                    price: amount,
                    maxLength: 100,
                    promised: 9_000,
                    capacity: 3,
                }),
                2 => IWorkerDispatcherEvents::KeyChanged(KeyChanged {
                    worker,
                    key: B256::repeat_byte(flags),
                }),
                3 => IWorkerDispatcherEvents::AvailabilityChanged(AvailabilityChanged {
                    worker,
                    available: flags & 1 == 1,
                }),
                4 => IWorkerDispatcherEvents::Listed(Listed { worker }),
                5 => IWorkerDispatcherEvents::Unlisted(Unlisted { worker }),
                6 => IWorkerDispatcherEvents::StakeChanged(StakeChanged { worker, stake: amount }),
                7 => IWorkerDispatcherEvents::CheckedIn(CheckedIn {
                    tester: worker,
                    epoch: u32::from(flags),
                    place: number,
                }),
                8 | 9 => IWorkerDispatcherEvents::ContractBought(ContractBought {
                    agreement,
                    client,
                    escrow: amount,
                    workers: terms(of).workers().map(|worker| worker.account).collect(),
                }),
                10 => IWorkerDispatcherEvents::AgreementSettled(AgreementSettled {
                    agreement,
                    client,
                    refund: amount,
                    compensation: amount % 7,
                    workers,
                    testers: vec![TesterResult { account: worker, fee: amount, seats: 2 }],
                }),
                11 => IWorkerDispatcherEvents::AbsentReleased(AbsentReleased {
                    agreement,
                    client,
                    refund: amount,
                    workers,
                }),
                12 => IWorkerDispatcherEvents::Burned(Burned { agreement, amount }),
                13 => IWorkerDispatcherEvents::ReputationChanged(ReputationChanged {
                    worker,
                    good: u64::from(flags) << 32,
                    bad: u64::from(n) << 32,
                }),
                14 => IWorkerDispatcherEvents::Credited(Credited { account: worker, amount }),
                _ => IWorkerDispatcherEvents::Withdrawn(Withdrawn {
                    account: worker,
                    to: client,
                    amount,
                }),
            })
        },
    )
}

/// An event of an agreement.
fn agreement_event() -> impl Strategy<Value = MarketEvent> {
    use agreement::*;
    (0_u8..8, 0_u8..6, 0_u8..2, any::<u8>()).prop_map(|(kind, of, index, flags)| {
        let worker = terms(of).worker(index).unwrap().account;
        let event = match kind {
            0 => IWorkAgreementEvents::Accepted(Accepted { worker, index }),
            1 => IWorkAgreementEvents::Started(Started {
                start: 1_001,
                end: 1_041,
                seed: FixedBytes::repeat_byte(flags),
            }),
            2 => IWorkAgreementEvents::Reported(Reported {
                tester: account(flags % 6),
                place: u32::from(flags % 8),
                findings: Bytes::from(vec![index, 0, 4, flags % 5]),
            }),
            3 => IWorkAgreementEvents::ReportSkipped(ReportSkipped {
                place: 1,
                reason: FixedBytes::repeat_byte(flags),
            }),
            4 => IWorkAgreementEvents::Cancelled(Cancelled { windows: 1, end: 1_021 }),
            5 => IWorkAgreementEvents::Resigned(Resigned { worker, index, tick: 1_010 }),
            6 => IWorkAgreementEvents::Released(Released { absent: flags & 3, freed: flags & 1 }),
            _ => IWorkAgreementEvents::Closed(Closed {
                state: if flags & 1 == 1 { State::Void } else { State::Settled },
            }),
        };
        MarketEvent::Agreement(agreement_address(of), event)
    })
}

/// An event.
pub(crate) fn event() -> impl Strategy<Value = MarketEvent> {
    prop_oneof![3 => dispatcher_event(), 2 => agreement_event()]
}
