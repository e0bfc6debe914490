//! A market that is indexed from hand-made events, and its pages.

use std::collections::HashMap;

use alloy::primitives::{Address, B256, Bytes, FixedBytes};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use muster_client::protocol::abi::IWorkAgreement as agreement;
use muster_client::protocol::abi::IWorkerDispatcher as dispatcher;
use muster_client::protocol::abi::{Clock, State, TesterResult, WorkerResult};
use muster_client::protocol::layout::{MAX_TERMS, Terms, TermsHeader, WorkerTerms};
use muster_client::protocol::settings;
use muster_client::{EventRecord, MarketEvent};
use muster_dashboard::{DashboardConfig, DocumentText, router};
use muster_index::database::SqliteDatabase;
use muster_index::{Batch, Block, Index, MarketIdentity};
use tempfile::TempDir;
use tower::ServiceExt;

/// The market's contract.
pub(crate) const MARKET: Address = Address::repeat_byte(0xdd);

/// The two agreements: one that runs, one that was settled.
pub(crate) const AGREEMENTS: [Address; 2] =
    [Address::repeat_byte(0xa1), Address::repeat_byte(0xa2)];

/// The workers.
pub(crate) const WORKERS: [Address; 2] = [Address::repeat_byte(0x01), Address::repeat_byte(0x02)];

/// The testers.
pub(crate) const TESTERS: [Address; 3] =
    [Address::repeat_byte(0x11), Address::repeat_byte(0x12), Address::repeat_byte(0x13)];

/// The client.
pub(crate) const CLIENT: Address = Address::repeat_byte(0xc1);

/// The first block.
const CREATED: u64 = 100;

/// The Unix second of the first block.
const TIME: u64 = 1_800_000_000;

/// A market whose application and documents have these texts.
pub(crate) struct TestSite {
    /// The pages.
    router: Router,
    /// Where the index is.
    _folder: TempDir,
}

/// An answer.
pub(crate) struct Answer {
    /// Its status.
    pub(crate) status: StatusCode,
    /// Its headers.
    pub(crate) headers: HeaderMap,
    /// Its text.
    pub(crate) body: String,
}

/// What a document says if each of its fields is this text.
fn document(name: &str, text: &str) -> DocumentText {
    DocumentText {
        name: name.to_owned(),
        version: text.to_owned(),
        api: text.to_owned(),
        canonical: text.to_owned(),
        digest: text.to_owned(),
    }
}

impl TestSite {
    /// A market with workers, testers and two agreements of this application.
    pub(crate) fn new(application: [u8; 8], document_text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::new(SqliteDatabase::open(&folder.path().join("index.db")).unwrap());
        let identity = MarketIdentity {
            chain: 42_161,
            dispatcher: MARKET,
            created: CREATED,
            created_hash: B256::repeat_byte(1),
            settings: settings::dev(Clock::Second),
        };
        let id = index.open_market(&identity).unwrap();
        index.apply(id, &batch(FixedBytes(application))).unwrap();
        let name = muster_client::Application(FixedBytes(application)).to_string();
        let documents = vec![document(&name, document_text)];
        let config =
            DashboardConfig { index, chain_id: 42_161, market: MARKET, node: None, documents };
        Self { router: router(config), _folder: folder }
    }

    /// A dashboard of an index that has nothing yet.
    pub(crate) fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::new(SqliteDatabase::open(&folder.path().join("index.db")).unwrap());
        let documents = Vec::new();
        let config =
            DashboardConfig { index, chain_id: 42_161, market: MARKET, node: None, documents };
        Self { router: router(config), _folder: folder }
    }

    /// The answer to a request.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let bytes = to_bytes(body, 10 << 20).await.unwrap();
        let body = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, body }
    }
}

/// The paths of one page of each kind.
pub(crate) fn pages(application: [u8; 8]) -> Vec<String> {
    let [running, settled] = AGREEMENTS;
    let (worker, tester) = (WORKERS[0], TESTERS[0]);
    let application = FixedBytes(application);
    vec![
        "/".to_owned(),
        format!("/application/{application}"),
        "/application/tester".to_owned(),
        format!("/worker/{worker}"),
        "/agreements".to_owned(),
        "/agreements?state=settled".to_owned(),
        format!("/agreement/{running}"),
        format!("/agreement/{settled}"),
        format!("/tester/{tester}"),
        "/account".to_owned(),
        format!("/account/{CLIENT}"),
        format!("/account/{worker}"),
        format!("/account/{tester}"),
        "/events".to_owned(),
        format!("/events?subject={settled}"),
        "/search".to_owned(),
        "/search?q=nothing-of-this-name".to_owned(),
        "/nowhere".to_owned(),
    ]
}

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
fn batch(application: FixedBytes<8>) -> Batch {
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
