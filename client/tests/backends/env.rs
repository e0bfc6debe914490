//! A chain with a market on it.

use alloy::primitives::{Address, keccak256};
use alloy::signers::local::PrivateKeySigner;
use muster_client::protocol::abi::{Clock, Settings};
use muster_client::protocol::settings;
use muster_client::{Application, Market, Node, Offer, OrderRequest};
use stylus_devnode::{Config, Devnode};
use tokio::time::{Duration, sleep};

use crate::backend;
use crate::programs::PROGRAMS;

/// The stake in wei of every worker.
const STAKE: u128 = 1_000_000_000_000_000_000;

/// When chains start in Unix seconds: the start of an epoch, so that no test runs into its end.
const START_TIME: u64 = 604_800 * 6_000;

/// The cheapest order: one worker, untested.
pub(crate) const REQUEST: OrderRequest = OrderRequest::Default { redundancy: 1, length: 12 };

/// See the module's documentation.
pub(crate) struct TestEnv {
    /// The chain.
    pub(crate) chain: Devnode,
    /// The market's contract.
    pub(crate) dispatcher: Address,
}

impl TestEnv {
    /// A market whose ticks are seconds.
    pub(crate) async fn new() -> Self {
        Self::with(Config::any_port(), &settings::dev(Clock::Second)).await
    }

    /// A market with these constants, on a chain with this configuration that starts at [`START_TIME`].
    pub(crate) async fn with(config: Config, settings: &Settings) -> Self {
        let config = Config { genesis: Some(START_TIME), ..config };
        let chain = Devnode::start(config).await.unwrap();
        let deployer = backend::connect(&chain.url(), Some(key(&chain, 0))).await;
        let [agreement, dispatcher] = &*PROGRAMS;
        let market = deployer.deploy_market(agreement, dispatcher, settings).await.unwrap();
        Self { chain, dispatcher: market.dispatcher.address }
    }

    /// The key of one of the chain's accounts.
    pub(crate) fn key(&self, number: usize) -> PrivateKeySigner {
        key(&self.chain, number)
    }

    /// A connection of one of the chain's accounts.
    pub(crate) async fn node(&self, number: usize) -> Node {
        backend::connect(&self.chain.url(), Some(self.key(number))).await
    }

    /// The market as this connection sees it.
    pub(crate) async fn open(&self, node: Node) -> Market {
        Market::open(node, self.dispatcher).await.unwrap()
    }

    /// The market as one of the chain's accounts sees it.
    pub(crate) async fn market(&self, number: usize) -> Market {
        self.open(self.node(number).await).await
    }

    /// A registered worker.
    pub(crate) async fn worker(&self, number: usize) -> Market {
        let market = self.market(number).await;
        let offer = Offer { price: 10, max_length: 1_000, promise: 9_000, capacity: 2 };
        let key = keccak256(b"key");
        market.register(Application::default(), &offer, key, STAKE).await.unwrap();
        market
    }

    /// Sends a JSON-RPC request of dev chains, and returns the whole response.
    pub(crate) async fn rpc(&self, method: &str, params: &str) -> String {
        rpc(&self.chain, method, params).await
    }
}

/// The key of one of a chain's accounts.
pub(crate) fn key(chain: &Devnode, number: usize) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&chain.accounts()[number].key).unwrap()
}

/// Sends a JSON-RPC request of dev chains, and returns the whole response.
pub(crate) async fn rpc(chain: &Devnode, method: &str, params: &str) -> String {
    let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
    let answer = chain.raw_request(&body).await;
    assert!(answer.contains("\"result\""), "{method}: {answer}");
    answer
}

/// Polls until the condition holds.
pub(crate) async fn wait_until(mut is_so: impl AsyncFnMut() -> bool) {
    while !is_so().await {
        sleep(Duration::from_millis(10)).await;
    }
}
