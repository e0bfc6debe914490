//! A chain for each test, with a market whose ticks are seconds, funded accounts, and an in-memory transport. The
//! chain's clock is ahead of the machine's, so that time passes only when a test advances it, apart from the seconds that
//! the machine needs for its work.

#![expect(dead_code, reason = "the tests of each daemon use a part of it")]

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
    Agreement, Application, Market, Node, NodeBuilder, Offer, OrderRequest, Program, Purchase,
    message_key,
};
use muster_daemons::worker::{SelfCheckOptions, ServiceSource, WorkerOptions};
use muster_daemons::{DaemonContext, Payout, Role};
use muster_gateway::Limits;
use muster_messaging::{InMemoryTransport, Transport};
use stylus_devnode::{Config, Devnode};
use tempfile::TempDir;

/// Wei of one ether.
pub(crate) const ETHER: u128 = 1_000_000_000_000_000_000;

/// Ticks of an agreement, unless a test says otherwise.
pub(crate) const LENGTH: u32 = 4_800;

/// Windows of an agreement, unless a test says otherwise.
pub(crate) const WINDOWS: u8 = 4;

/// Both contracts, agreement first.
static PROGRAMS: LazyLock<[Program; 2]> =
    LazyLock::new(|| ["agreement", "dispatcher"].map(program));

/// A contract as `scripts/wasm` built it.
fn program(name: &str) -> Program {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/wasm32-unknown-unknown/release");
    let path = format!("{folder}/{name}.wasm");
    let wasm = std::fs::read(&path).unwrap_or_else(|_| panic!("no {path}: run scripts/wasm"));
    Program::from_wasm(&wasm).unwrap()
}

/// A dev chain with a market.
pub(crate) struct TestChain {
    /// The chain.
    pub(crate) devnode: Devnode,
    /// The market's contract.
    pub(crate) dispatcher: Address,
    /// The application of its workers and purchases.
    pub(crate) application: Application,
    /// The transport for messages.
    pub(crate) transport: Arc<InMemoryTransport>,
    /// The number of the chain's next unused account.
    next_account: AtomicUsize,
    /// The folder of the state files.
    state_dir: TempDir,
}

/// Settings with times that are long enough for a slow machine.
const fn market_settings() -> Settings {
    Settings {
        acceptWindow: 600,
        reportWindow: 600,
        minLength: 2_400,
        minWindow: 1_200,
        ..settings::dev(Clock::Second)
    }
}

/// The first second of the epoch after the next one.
fn future_epoch_start() -> u64 {
    let length = u64::from(market_settings().epochLength);
    let machine_time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    (machine_time / length + 2) * length
}

impl TestChain {
    /// A market at the start of an epoch.
    pub(crate) async fn new() -> Self {
        let genesis = Some(future_epoch_start());
        let config = Config { accounts: 40, genesis, ..Config::any_port() };
        let devnode = Devnode::start(config).await.unwrap();
        let key = PrivateKeySigner::from_bytes(&devnode.accounts()[0].key).unwrap();
        let node = Node::connect(&devnode.url(), Some(key)).await.unwrap();
        let [agreement, dispatcher] = &*PROGRAMS;
        let market = node.deploy_market(agreement, dispatcher, &market_settings()).await.unwrap();
        Self {
            devnode,
            dispatcher: market.dispatcher.address,
            application: Application::default(),
            transport: Arc::default(),
            next_account: AtomicUsize::new(1),
            state_dir: tempfile::tempdir().unwrap(),
        }
    }

    /// A new account with a thousand ether.
    pub(crate) fn new_account(&self) -> PrivateKeySigner {
        let number = self.next_account.fetch_add(1, Ordering::Relaxed);
        PrivateKeySigner::from_bytes(&self.devnode.accounts()[number].key).unwrap()
    }

    /// The market, connected as an account.
    pub(crate) async fn market(&self, signer: &PrivateKeySigner) -> Market {
        Market::connect(&self.devnode.url(), signer.clone(), self.dispatcher).await.unwrap()
    }

    /// The context of an account's daemon; with the same state file each time.
    pub(crate) async fn context(&self, role: Role, signer: &PrivateKeySigner) -> DaemonContext {
        self.context_over(role, signer, &self.devnode.url(), self.transport.clone()).await
    }

    /// The same over another node and transport.
    pub(crate) async fn context_over(
        &self,
        role: Role,
        signer: &PrivateKeySigner,
        node: &str,
        transport: Arc<dyn Transport>,
    ) -> DaemonContext {
        let (connect, path) = (NodeBuilder::new([node]), self.state_path(signer));
        let signer = signer.clone();
        let context = DaemonContext::open(connect, signer, self.dispatcher, role, &path, transport);
        // Every step looks at everything.
        context.await.unwrap().with_interval(Duration::ZERO)
    }

    /// The state file of an account.
    pub(crate) fn state_path(&self, signer: &PrivateKeySigner) -> PathBuf {
        Path::join(self.state_dir.path(), signer.address().to_string())
    }

    /// A worker that is registered with one ether of stake, and listed in the book of its application.
    pub(crate) async fn register_worker(&self, offer: &Offer) -> PrivateKeySigner {
        let signer = self.new_account();
        let (market, key) = (self.market(&signer).await, message_key(&signer));
        market.register(self.application, offer, key, ETHER).await.unwrap();
        signer
    }

    /// Testers that are registered and have checked in.
    pub(crate) async fn register_testers(&self, count: usize) -> Vec<PrivateKeySigner> {
        let mut testers = Vec::new();
        for _ in 0..count {
            let signer = self.new_account();
            let market = self.market(&signer).await;
            let bond = market_settings().testerBond;
            market.register_tester(message_key(&signer), bond).await.unwrap();
            market.check_in().await.unwrap();
            testers.push(signer);
        }
        testers
    }

    /// Buys from `redundancy` workers at the quoted price, with so many testers in each window.
    pub(crate) async fn buy(
        &self,
        client: &PrivateKeySigner,
        redundancy: u8,
        testers: u8,
    ) -> Purchase {
        let market = self.market(client).await;
        let order = Order { application: self.application.0, ..order(redundancy, testers) };
        let request = OrderRequest::Custom(order);
        let quote = market.quote(&request).await.unwrap();
        market.buy(&request, quote.price).await.unwrap()
    }

    /// An agreement, connected as an account.
    pub(crate) async fn agreement(&self, who: &PrivateKeySigner, purchase: &Purchase) -> Agreement {
        self.market(who).await.agreement(purchase.agreement).await.unwrap()
    }

    /// The tick of the latest block.
    pub(crate) async fn tick(&self) -> u64 {
        Node::connect(&self.devnode.url(), None).await.unwrap().head().await.unwrap().timestamp
    }

    /// Advances the clock by so many ticks, and mines a block.
    pub(crate) async fn advance(&self, ticks: u64) {
        self.devnode.increase_time(Duration::from_secs(ticks)).await.unwrap();
        self.devnode.mine().await.unwrap();
    }

    /// Advances the clock to a tick.
    pub(crate) async fn advance_to(&self, tick: u64) {
        // The clock has moved since the latest block.
        self.devnode.mine().await.unwrap();
        self.advance(tick.saturating_sub(self.tick().await)).await;
    }

    /// Unlists a worker by a call with a bad hint. This needs seventeen cheaper workers.
    pub(crate) async fn unlist(&self, worker: &PrivateKeySigner) {
        let key = EthereumWallet::from(worker.clone());
        let provider =
            ProviderBuilder::new().wallet(key).connect(&self.devnode.url()).await.unwrap();
        for (available, hint) in [(false, 0), (true, 0)] {
            let call = setAvailableCall { available, hint }.abi_encode();
            let request = TransactionRequest::default().with_to(self.dispatcher).with_input(call);
            let sent = provider.send_transaction(request).await.unwrap();
            assert!(sent.get_receipt().await.unwrap().status());
        }
    }

    /// Sets the balance of an account.
    pub(crate) async fn set_balance(&self, who: Address, wei: u128) {
        self.devnode.set_balance(who, U256::from(wei)).await.unwrap();
    }

    /// Takes a snapshot of the chain.
    pub(crate) async fn snapshot(&self) -> String {
        let response = self.rpc("evm_snapshot", "").await;
        response.split('"').find(|part| part.starts_with("0x")).unwrap().to_owned()
    }

    /// Reverts the chain to a snapshot.
    pub(crate) async fn revert(&self, snapshot: &str) {
        let response = self.rpc("evm_revert", &format!("\"{snapshot}\"")).await;
        assert!(response.contains("true"), "{response}");
    }

    /// Sends a JSON-RPC request to the chain.
    async fn rpc(&self, method: &str, parameters: &str) -> String {
        let body =
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":[{parameters}]}}"#);
        self.devnode.raw_request(&body).await
    }
}

/// The usual offer at this price in wei per tick.
pub(crate) const fn offer(price: u128) -> Offer {
    Offer { price, max_length: 10_000, promise: 9_000, capacity: 2 }
}

/// The usual options of a worker whose service is at this URL.
pub(crate) fn worker_options(url: &str, price: u128) -> WorkerOptions {
    WorkerOptions {
        document: None,
        self_check: SelfCheckOptions { interval: Duration::from_mins(1), compares_clocks: false },
        application: Application::default(),
        offer: offer(price),
        stake: ETHER,
        top_up_stake: false,
        make_available: false,
        release_slots: false,
        source: ServiceSource::Upstream(url.parse().unwrap()),
        listen: ([127, 0, 0, 1], 0).into(),
        public_url: None,
        gateway_limits: Limits::default(),
        tls: None,
        payout: Payout { to: None, threshold: 1 },
        settle_delay: Duration::ZERO,
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
