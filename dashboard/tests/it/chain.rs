//! A market that is indexed from hand-made events, and its pages.

use alloy::primitives::{Address, B256, FixedBytes};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use muster_client::protocol::abi::Clock;
use muster_client::protocol::settings;
use muster_dashboard::{DashboardConfig, DocumentText, router};
use muster_index::database::SqliteDatabase;
use muster_index::{Index, MarketIdentity};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::market_events::{CREATED, batch};

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
