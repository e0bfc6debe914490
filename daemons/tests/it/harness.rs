//! A chain of its own for each test, with a market on it whose ticks are seconds, people who have money,
//! and letters in memory. The chain's clock is ahead of everybody's, so that time goes by only when a story
//! lets it: an hour at once, or the second or two that the machine needs for its work.

#![expect(dead_code, reason = "each daemon's stories use a part of it")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use alloy::network::{EthereumWallet, TransactionBuilder};
use alloy::primitives::{Address, FixedBytes, U256};
use alloy::providers::{Provider, ProviderBuilder};
use alloy::rpc::types::TransactionRequest;
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolCall;
use muster_client::protocol::abi::IWorkerDispatcher::setAvailableCall;
use muster_client::protocol::abi::{Clock, Order, Settings};
use muster_client::protocol::settings;
use muster_client::{
    Agreement, Application, Connect, Market, Node, Offer, Program, Purchase, Want, message_key,
};
use muster_daemons::worker::{Source, WorkerOptions};
use muster_daemons::{Base, Payout, Role};
use muster_messaging::Local;
use stylus_devnode::{Config, Devnode};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Wei of one ether.
pub(crate) const ETHER: u128 = 1_000_000_000_000_000_000;

/// Ticks of an agreement, unless a story says otherwise.
pub(crate) const LENGTH: u32 = 4_800;

/// Windows of an agreement, unless a story says otherwise.
pub(crate) const WINDOWS: u8 = 4;

/// Both contracts, agreement first.
static PROGRAMS: LazyLock<[Program; 2]> =
    LazyLock::new(|| ["agreement", "dispatcher"].map(program));

/// A contract as `scripts/wasm` built it.
fn program(name: &str) -> Program {
    let built = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/wasm32-unknown-unknown/release");
    let path = format!("{built}/{name}.wasm");
    let wasm =
        std::fs::read(&path).unwrap_or_else(|_| panic!("{path} is not there: run scripts/wasm"));
    Program::from_wasm(&wasm).unwrap()
}

/// A dev chain with a market.
pub(crate) struct World {
    /// The chain.
    pub(crate) chain: Devnode,
    /// The market's contract.
    pub(crate) dispatcher: Address,
    /// The way for letters.
    pub(crate) letters: Arc<Local>,
    /// How many of the chain's accounts have been given to people.
    people: AtomicUsize,
    /// Where state files are.
    folder: TempDir,
}

/// Everything takes long enough not to be over before a slow machine is done.
const fn constants() -> Settings {
    Settings {
        acceptWindow: 600,
        reportWindow: 600,
        minLength: 1_200,
        minWindow: 1_200,
        ..settings::dev(Clock::Second)
    }
}

/// The first second of the next epoch but one.
fn fresh_epoch() -> u64 {
    let length = u64::from(constants().epochLength);
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    (wall / length + 2) * length
}

impl World {
    /// A market at the beginning of an epoch.
    pub(crate) async fn new() -> Self {
        let genesis = Some(fresh_epoch());
        let config = Config { accounts: 40, genesis, ..Config::any_port() };
        let chain = Devnode::start(config).await.unwrap();
        let key = PrivateKeySigner::from_bytes(&chain.accounts()[0].key).unwrap();
        let node = Node::connect(&chain.url(), Some(key)).await.unwrap();
        let [agreement, dispatcher] = &*PROGRAMS;
        let market = node.deploy_market(agreement, dispatcher, &constants()).await.unwrap();
        Self {
            chain,
            dispatcher: market.dispatcher.address,
            letters: Arc::default(),
            people: AtomicUsize::new(1),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Somebody new, with a thousand ether.
    pub(crate) fn person(&self) -> PrivateKeySigner {
        let number = self.people.fetch_add(1, Ordering::Relaxed);
        PrivateKeySigner::from_bytes(&self.chain.accounts()[number].key).unwrap()
    }

    /// The market as somebody does things there by hand.
    pub(crate) async fn market(&self, signer: &PrivateKeySigner) -> Market {
        Market::connect(&self.chain.url(), signer.clone(), self.dispatcher).await.unwrap()
    }

    /// What somebody's daemon works with; the same state file each time.
    pub(crate) async fn base(&self, role: Role, signer: &PrivateKeySigner) -> Base {
        let (connect, path) = (Connect::to([self.chain.url()]), self.state(signer));
        let (signer, letters) = (signer.clone(), self.letters.clone());
        Base::open(connect, signer, self.dispatcher, role, &path, letters).await.unwrap()
    }

    /// Somebody's state file.
    pub(crate) fn state(&self, signer: &PrivateKeySigner) -> PathBuf {
        Path::join(self.folder.path(), signer.address().to_string())
    }

    /// A worker that is registered by hand, stakes an ether, and stands in the book of application 0.
    pub(crate) async fn worker(&self, offer: &Offer) -> PrivateKeySigner {
        let signer = self.person();
        let (market, key) = (self.market(&signer).await, message_key(&signer));
        market.register(Application::default(), offer, key, ETHER).await.unwrap();
        signer
    }

    /// Testers that are registered and have checked in by hand.
    pub(crate) async fn testers(&self, count: usize) -> Vec<PrivateKeySigner> {
        let mut testers = Vec::new();
        for _ in 0..count {
            let signer = self.person();
            let market = self.market(&signer).await;
            let bond = constants().testerBond;
            market.register_tester(message_key(&signer), bond).await.unwrap();
            market.check_in().await.unwrap();
            testers.push(signer);
        }
        testers
    }

    /// Buys, by hand and at its quote, the work of so many workers with so many testers of each window.
    pub(crate) async fn buy(
        &self,
        client: &PrivateKeySigner,
        redundancy: u8,
        testers: u8,
    ) -> Purchase {
        let market = self.market(client).await;
        let want = Want::Order(order(redundancy, testers));
        let quote = market.quote(&want).await.unwrap();
        market.buy(&want, quote.price).await.unwrap()
    }

    /// Somebody's view of an agreement.
    pub(crate) async fn agreement(&self, who: &PrivateKeySigner, purchase: &Purchase) -> Agreement {
        self.market(who).await.agreement(purchase.agreement).await.unwrap()
    }

    /// The tick of the latest block.
    pub(crate) async fn tick(&self) -> u64 {
        Node::connect(&self.chain.url(), None).await.unwrap().head().await.unwrap().timestamp
    }

    /// Lets ticks go by, and makes a block.
    pub(crate) async fn pass(&self, ticks: u64) {
        self.chain.increase_time(Duration::from_secs(ticks)).await.unwrap();
        self.chain.mine().await.unwrap();
    }

    /// Lets the ticks go by that are left until this one.
    pub(crate) async fn pass_until(&self, tick: u64) {
        // The clock went on since the latest block.
        self.chain.mine().await.unwrap();
        self.pass(tick.saturating_sub(self.tick().await)).await;
    }

    /// Takes a worker out of its book by a call with a bad hint, which needs seventeen that are cheaper.
    pub(crate) async fn unlist(&self, worker: &PrivateKeySigner) {
        let key = EthereumWallet::from(worker.clone());
        let provider = ProviderBuilder::new().wallet(key).connect(&self.chain.url()).await.unwrap();
        for (available, hint) in [(false, 0), (true, 0)] {
            let call = setAvailableCall { available, hint }.abi_encode();
            let request = TransactionRequest::default().with_to(self.dispatcher).with_input(call);
            let sent = provider.send_transaction(request).await.unwrap();
            assert!(sent.get_receipt().await.unwrap().status());
        }
    }

    /// Gives somebody as many wei as needed.
    pub(crate) async fn enrich(&self, who: Address, wei: u128) {
        self.chain.set_balance(who, U256::from(wei)).await.unwrap();
    }

    /// The chain as it is now, to come back to.
    pub(crate) async fn snapshot(&self) -> String {
        let answer = self.ask("evm_snapshot", "").await;
        answer.split('"').find(|part| part.starts_with("0x")).unwrap().to_owned()
    }

    /// Moves the chain back to where it was.
    pub(crate) async fn revert(&self, snapshot: &str) {
        let answer = self.ask("evm_revert", &format!("\"{snapshot}\"")).await;
        assert!(answer.contains("true"), "{answer}");
    }

    /// Asks the chain something by hand.
    async fn ask(&self, method: &str, parameters: &str) -> String {
        let body =
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":[{parameters}]}}"#);
        self.chain.raw_request(&body).await
    }
}

/// The usual offer at this price in wei per tick.
pub(crate) const fn offer(price: u128) -> Offer {
    Offer { price, max_length: 10_000, promise: 9_000, capacity: 2 }
}

/// The usual options of a worker whose service is at this URL.
pub(crate) fn serving(url: &str, price: u128) -> WorkerOptions {
    WorkerOptions {
        application: Application::default(),
        offer: offer(price),
        stake: ETHER,
        tops_up: false,
        returns: false,
        source: Source::Upstream(url.parse().unwrap()),
        listen: ([127, 0, 0, 1], 0).into(),
        public_url: None,
        payout: Payout { to: None, at_least: 1 },
        courtesy: Duration::ZERO,
        first_block: 0,
    }
}

/// The usual order.
pub(crate) fn order(redundancy: u8, testers: u8) -> Order {
    Order {
        application: FixedBytes::ZERO,
        redundancy: U256::from(redundancy),
        length: U256::from(LENGTH),
        windows: if testers == 0 { 1 } else { WINDOWS },
        testers,
        minScore: 0,
        minUptime: 0,
        expiry: 0,
        start: 0,
    }
}

/// A service that answers every request with its path, until it is dropped.
pub(crate) struct Service {
    /// Where it is.
    address: SocketAddr,
    /// The service.
    task: JoinHandle<()>,
}

impl Service {
    /// Starts it.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = axum::Router::new()
            .fallback(async |uri: axum::http::Uri| format!("you asked for {}", uri.path()));
        let task = tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
        Self { address, task }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it: its port is closed when this returns.
    pub(crate) async fn stop(mut self) {
        self.task.abort();
        drop((&mut self.task).await);
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.task.abort();
    }
}
