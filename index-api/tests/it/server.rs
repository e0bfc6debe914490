//! A server, the index that it serves, and a client.

use alloy::primitives::{Address, B256};
use muster_client::protocol::abi::Clock;
use muster_client::protocol::settings;
use muster_index::database::SqliteDatabase;
use muster_index::{Index, MarketId, MarketIdentity};
use muster_index_api::{ApiOptions, ApiServer};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use tempfile::TempDir;

use crate::generator::{self, Accounts, MarketGenerator};

/// The market's contract.
pub(crate) const MARKET: Address = Address::repeat_byte(0xdd);

/// Few accounts.
const ACCOUNTS: Accounts = Accounts { workers: 60, testers: 5, clients: 2, applications: 3 };

/// A server of an index.
pub(crate) struct TestServer {
    /// The index, to write.
    pub(crate) index: Index,
    /// The market in it.
    pub(crate) id: MarketId,
    /// What happens in the market.
    pub(crate) market: MarketGenerator,
    /// The server.
    pub(crate) server: ApiServer,
    client: Client,
    _folder: TempDir,
}

impl TestServer {
    /// A server of an index with about so many events.
    pub(crate) async fn start(events: usize) -> Self {
        Self::with(events, |_| {}).await
    }

    /// The same, with other options.
    pub(crate) async fn with(events: usize, change: impl FnOnce(&mut ApiOptions)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::new(SqliteDatabase::open(&folder.path().join("index.db")).unwrap());
        let identity = MarketIdentity {
            chain: 42_161,
            dispatcher: MARKET,
            created: generator::FIRST_BLOCK,
            created_hash: B256::repeat_byte(1),
            settings: settings::dev(Clock::Second),
        };
        let id = index.open_market(&identity).unwrap();
        let mut market = MarketGenerator::new(ACCOUNTS);
        if events > 0 {
            index.apply(id, &market.batch(events)).unwrap();
        }
        let mut options = ApiOptions::new("127.0.0.1:0".parse().unwrap());
        options.requests_per_second = 10_000.try_into().unwrap();
        change(&mut options);
        let server = ApiServer::start(index.clone(), options).await.unwrap();
        Self { index, id, market, server, client: Client::new(), _folder: folder }
    }

    /// A request.
    pub(crate) fn request(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("http://{}{path}", self.server.address()))
    }

    /// The response to a request.
    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request(path).send().await.unwrap()
    }

    /// The JSON of a response with this status.
    pub(crate) async fn json(&self, status: StatusCode, path: &str) -> Value {
        let response = self.get(path).await;
        assert_eq!(response.status(), status, "{path}");
        response.json().await.unwrap()
    }

    /// `data` of an answer.
    pub(crate) async fn data(&self, path: &str) -> Value {
        let mut answer = self.json(StatusCode::OK, path).await;
        let head = self.index.head(self.id).unwrap().unwrap();
        assert_eq!(answer["market"], MARKET.to_string(), "{path}");
        assert_eq!(answer["block"]["number"], head.number, "{path}");
        assert_eq!(answer["block"]["hash"], head.hash.to_string(), "{path}");
        assert_eq!(answer["block"]["time"], head.time, "{path}");
        answer["data"].take()
    }

    /// More of the market's life, indexed.
    pub(crate) fn advance(&mut self, events: usize) {
        self.index.apply(self.id, &self.market.batch(events)).unwrap();
    }
}
