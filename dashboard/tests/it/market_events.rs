//! What happened on the market: two workers, three testers, one agreement that runs and one that was settled.

use std::collections::HashMap;

use alloy::primitives::{Address, B256, Bytes, FixedBytes};
use muster_client::protocol::abi::IWorkAgreement as agreement;
use muster_client::protocol::abi::IWorkerDispatcher as dispatcher;
use muster_client::protocol::abi::{State, TesterResult, WorkerResult};
use muster_client::protocol::layout::{MAX_TERMS, Terms, TermsHeader, WorkerTerms};
use muster_client::{EventRecord, MarketEvent};
use muster_index::{Batch, Block};

use crate::chain::{AGREEMENTS, CLIENT, MARKET, TESTERS, WORKERS};

/// The first block.
pub(crate) const CREATED: u64 = 100;

/// The Unix second of the first block.
const TIME: u64 = 1_800_000_000;

/// The terms of an agreement.
fn terms(number: u32, application: FixedBytes<8>) -> Terms {
    let header = TermsHeader {
        number,
        dispatcher: MARKET,
        client: CLIENT,
        application,
        seconds: true,
        purchased: TIME + 20,
        block: CREATED + 2,
        accept_window: 300,
        report_window: 600,
        length: 4_000,
        windows: 4,
        testers: 3,
        bond_bps: 1_000,
        min_bond: 7,
        tester_fee_bps: 100,
        min_tester_fee: 3,
        min_length: 1_000,
        probes: 4,
        pool: 3,
        ..TermsHeader::default()
    };
    let worker =
        |account, price| WorkerTerms { account, price, promise: 9_000, ..WorkerTerms::default() };
    let workers = [worker(WORKERS[0], 1_000_000_000), worker(WORKERS[1], 2_000_000_000)];
    let mut bytes = [0; MAX_TERMS];
    let length = Terms::new(header, workers).encode(&mut bytes);
    Terms::decode(&bytes[..length]).unwrap()
}

/// What a settlement gave a worker.
const fn result(account: Address, pay: u128, slash: u128, uptime: u16) -> WorkerResult {
    WorkerResult {
        account,
        pay,
        slash,
        fees: 120_000_000,
        accepted: true,
        resigned: false,
        ticks: 4_000,
        known: 4,
        uptime,
    }
}

/// The blocks of the market.
pub(crate) fn batch(application: FixedBytes<8>) -> Batch {
    let blocks =
        [registrations(application), testers(), purchase(), course(), reports(), settlement()];
    let mut all = Batch {
        from: CREATED,
        blocks: Vec::new(),
        events: Vec::new(),
        terms: AGREEMENTS
            .into_iter()
            .zip(1..)
            .map(|(at, n)| (at, terms(n, application)))
            .collect::<HashMap<_, _>>(),
        tip: CREATED + 5,
    };
    for (number, events) in (CREATED..).zip(blocks) {
        let time = TIME + (number - CREATED) * 600;
        all.blocks.push(Block { number, hash: B256::repeat_byte(7), time });
        all.events.extend((0..).zip(events).map(|(log_index, event)| EventRecord {
            event,
            block: number,
            log_index,
            transaction: B256::repeat_byte(9),
        }));
    }
    all
}

/// Two workers that offer something.
fn registrations(application: FixedBytes<8>) -> Vec<MarketEvent> {
    use dispatcher::{IWorkerDispatcherEvents as Event, *};
    let mut all = Vec::new();
    for (number, worker) in (1..).zip(WORKERS) {
        let stake = 1_000_000_000_000_000_000;
        let price = 1_000_000_000 * u128::from(number);
        let key = B256::repeat_byte(3);
        all.push(Event::WorkerRegistered(WorkerRegistered {
            worker,
            number,
            application,
            key,
            stake,
        }));
        let (maximum, promised) = (10_000, 9_500);
        all.push(Event::WorkerUpdated(WorkerUpdated {
            worker,
            price,
            maxLength: maximum,
            promised,
            capacity: 5,
        }));
        all.push(Event::AvailabilityChanged(AvailabilityChanged { worker, available: true }));
        all.push(Event::Listed(Listed { worker }));
    }
    all.into_iter().map(MarketEvent::Dispatcher).collect()
}

/// Three testers in a list.
fn testers() -> Vec<MarketEvent> {
    use dispatcher::{IWorkerDispatcherEvents as Event, *};
    let application = FixedBytes(muster_client::protocol::TESTER_APPLICATION);
    let mut all = Vec::new();
    for (place, tester) in (0_u32..).zip(TESTERS) {
        let (key, stake) = (B256::repeat_byte(4), 50_000_000_000_000_000);
        let number = place + 3;
        all.push(Event::WorkerRegistered(WorkerRegistered {
            worker: tester,
            number,
            application,
            key,
            stake,
        }));
        all.push(Event::CheckedIn(CheckedIn { tester, epoch: 0, place }));
    }
    all.into_iter().map(MarketEvent::Dispatcher).collect()
}

/// Two purchases, and one that was refused.
fn purchase() -> Vec<MarketEvent> {
    use dispatcher::{IWorkerDispatcherEvents as Event, *};
    let escrow = 12_500_000_000_000;
    let mut all: Vec<_> = AGREEMENTS
        .map(|agreement| ContractBought {
            agreement,
            client: CLIENT,
            escrow,
            workers: WORKERS.to_vec(),
        })
        .map(Event::ContractBought)
        .into();
    let reason = muster_client::protocol::abi::Reason::ValueTooLow;
    all.push(Event::PurchaseRefused(PurchaseRefused {
        client: CLIENT,
        reason,
        required: 7,
        sent: 6,
    }));
    all.into_iter().map(MarketEvent::Dispatcher).collect()
}

/// Both agreements begin.
fn course() -> Vec<MarketEvent> {
    use agreement::{IWorkAgreementEvents as Event, *};
    let mut all = Vec::new();
    for agreement in AGREEMENTS {
        let mut event = |event| all.push(MarketEvent::Agreement(agreement, event));
        event(Event::Accepted(Accepted { worker: WORKERS[0], index: 0 }));
        let (start, end) = (TIME + 1_900, TIME + 5_900);
        event(Event::Started(Started { start, end, seed: FixedBytes::repeat_byte(5) }));
        event(Event::Accepted(Accepted { worker: WORKERS[1], index: 1 }));
    }
    all
}

/// What the testers say of the agreement that is settled.
fn reports() -> Vec<MarketEvent> {
    use agreement::{IWorkAgreementEvents as Event, *};
    let mut all = Vec::new();
    for (place, tester) in (0_u32..).zip(TESTERS) {
        let served = u8::try_from(place).unwrap();
        let findings = (0..4).flat_map(|window| [0, window, 4, 4, 1, window, 4, served]);
        let findings: Bytes = findings.collect();
        let event = Event::Reported(Reported { tester, place, findings });
        all.push(MarketEvent::Agreement(AGREEMENTS[1], event));
    }
    let reason = FixedBytes(*b"<b>x");
    let event = Event::ReportSkipped(ReportSkipped { place: 2, reason });
    all.push(MarketEvent::Agreement(AGREEMENTS[1], event));
    all
}

/// One agreement is settled, and a worker withdraws.
fn settlement() -> Vec<MarketEvent> {
    use dispatcher::{IWorkerDispatcherEvents as Event, *};
    let agreement = AGREEMENTS[1];
    let workers = vec![
        result(WORKERS[0], 4_000_000_000_000, 0, 10_000),
        result(WORKERS[1], 2_000_000_000_000, 300_000_000_000, 2_500),
    ];
    let testers =
        TESTERS.map(|account| TesterResult { account, fee: 40_000_000, seats: 8 }).to_vec();
    let settled = AgreementSettled {
        agreement,
        client: CLIENT,
        refund: 6_000_000_000_000,
        compensation: 200_000_000_000,
        workers,
        testers,
    };
    let all = vec![
        Event::AgreementSettled(settled),
        Event::Burned(Burned { agreement, amount: 100_000_000_000 }),
        Event::ReputationChanged(ReputationChanged {
            worker: WORKERS[0],
            good: 9 << 32,
            bad: 1 << 32,
        }),
        Event::WorkerUpdated(WorkerUpdated {
            worker: WORKERS[0],
            price: 1_500_000_000,
            maxLength: 10_000,
            promised: 9_500,
            capacity: 5,
        }),
        Event::Withdrawn(Withdrawn {
            account: WORKERS[0],
            to: WORKERS[0],
            amount: 1_000_000_000_000,
        }),
    ];
    let mut all: Vec<_> = all.into_iter().map(MarketEvent::Dispatcher).collect();
    let closed = agreement::Closed { state: State::Settled };
    all.push(MarketEvent::Agreement(agreement, agreement::IWorkAgreementEvents::Closed(closed)));
    all
}
