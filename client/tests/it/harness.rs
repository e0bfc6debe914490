//! A chain for each test, with a market and funded accounts. The clock stands still unless a test
//! advances it, and all balances are checked after every transaction.

pub(crate) mod backend;
pub(crate) mod balances;
#[expect(dead_code, reason = "the random steps use the rest")]
mod deployed;
pub(crate) mod evm;
pub(crate) mod expected;
pub(crate) mod programs;
pub(crate) mod receipts;
pub(crate) mod rpc;
pub(crate) mod settlement;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::{SolCall, SolInterface};
use muster_client::protocol::abi::IWorkAgreement::IWorkAgreementErrors;
use muster_client::protocol::abi::IWorkerDispatcher::IWorkerDispatcherErrors;
use muster_client::protocol::abi::{Clock, Settings};
use muster_client::protocol::report::Entry;
use muster_client::protocol::settings;
use muster_client::{
    Agreement, Application, Market, MarketError, Offer, OrderRequest, Purchase, Receipt,
    RevertReason, Session, Settlement,
};
use stylus_devnode::{Config, Devnode};

use crate::harness::evm::Behavior;
use crate::harness::programs::PROGRAMS;
use crate::harness::rpc::DevRpc;

/// One ether in wei.
pub(crate) const ETHER: u128 = 1_000_000_000_000_000_000;

/// A dev chain with a market.
pub(crate) struct TestEnv {
    /// The chain.
    chain: Devnode,
    /// JSON-RPC with this chain.
    pub(crate) rpc: DevRpc,
    /// The market's contract.
    pub(crate) dispatcher: Address,
    /// The implementation behind every agreement.
    pub(crate) implementation: Address,
    /// The constants of its deployment.
    pub(crate) settings: Settings,
    /// How many of the chain's accounts are in use.
    accounts_used: AtomicUsize,
    /// All accounts that may have credit.
    credit_accounts: Mutex<Vec<Address>>,
}

/// The first second of the next epoch but one, so that no test runs into the end of an epoch.
fn future_epoch_start(length: u32) -> u64 {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    (wall / u64::from(length) + 2) * u64::from(length)
}

impl TestEnv {
    /// A market whose ticks are seconds, with the constants for dev chains.
    pub(crate) async fn new() -> Self {
        Self::with(settings::dev(Clock::Second)).await
    }

    /// A market with these constants, in the first second of an epoch.
    pub(crate) async fn with(settings: Settings) -> Self {
        let chain = Devnode::start(Config { accounts: 100, ..Config::any_port() }).await.unwrap();
        let key = PrivateKeySigner::from_bytes(&chain.accounts()[0].key).unwrap();
        let [implementation, dispatcher] = deployed::deploy(&chain.url(), key, &settings).await;
        let rpc = DevRpc::new(&chain, future_epoch_start(settings.epochLength)).await;
        let accounts_used = AtomicUsize::new(1);
        let credit_accounts = Mutex::default();
        Self { chain, rpc, dispatcher, implementation, settings, accounts_used, credit_accounts }
    }

    /// A dispatcher whose constructor was not called.
    pub(crate) async fn deploy_unconstructed(&self) -> Address {
        let key = PrivateKeySigner::from_bytes(&self.chain.accounts()[0].key).unwrap();
        let deployer = backend::connect(&self.chain.url(), Some(key)).await;
        let deployment = deployer.deploy(&PROGRAMS[1], None).await.unwrap();
        // The clock went on meanwhile.
        self.advance(60).await;
        deployment.address
    }

    /// A new account, with a thousand ether.
    pub(crate) async fn new_account(&self) -> Market {
        let number = self.accounts_used.fetch_add(1, Ordering::Relaxed);
        let account = &self.chain.accounts()[number];
        self.credit_accounts.lock().unwrap().push(account.address);
        let signer = PrivateKeySigner::from_bytes(&account.key).unwrap();
        let node = backend::connect(&self.chain.url(), Some(signer)).await;
        Market::open(node, self.dispatcher).await.unwrap()
    }

    /// Sets the balance of an account.
    pub(crate) async fn set_balance(&self, who: &Market, wei: u128) {
        self.chain.set_balance(who.account().unwrap(), U256::from(wei)).await.unwrap();
    }

    /// A registered worker that stakes an ether and is listed in the book of application 0.
    pub(crate) async fn worker(&self, offer: Offer) -> Market {
        let market = self.new_account().await;
        let key = message_key_of(&market);
        self.tx(market.register(Application::default(), &offer, key, ETHER)).await.unwrap();
        market
    }

    /// Registered testers that have checked in.
    pub(crate) async fn testers(&self, count: usize) -> Vec<Market> {
        let mut testers = Vec::new();
        for _ in 0..count {
            let market = self.new_account().await;
            let bond = self.settings.testerBond;
            self.tx(market.register_tester(message_key_of(&market), bond)).await.unwrap();
            self.tx(market.check_in()).await.unwrap();
            testers.push(market);
        }
        testers
    }

    /// A contract with this behavior; its credit is checked as well.
    pub(crate) async fn deploy_forwarder(&self, behavior: &Behavior) -> Address {
        let account = self.create(evm::forwarder_init_code(behavior), 0).await.created.unwrap();
        self.credit_accounts.lock().unwrap().push(account);
        account
    }

    /// Creates a contract.
    pub(crate) async fn create(&self, init: Bytes, value: u128) -> Receipt {
        let from = self.chain.accounts()[0].address;
        let receipt = self.rpc.send(from, None, init, value).await;
        assert!(receipt.success, "the contract was not created");
        self.check_balances().await;
        receipt
    }

    /// Buys at the quoted price.
    pub(crate) async fn buy(&self, client: &Market, request: OrderRequest) -> Purchase {
        let quote = client.quote(&request).await.unwrap();
        self.tx(client.buy(&request, quote.price)).await.unwrap()
    }

    /// Accepts, as a worker.
    pub(crate) async fn accept(&self, worker: &Market, purchase: &Purchase) -> Receipt {
        self.tx(agreement(worker, purchase).await.accept()).await.unwrap()
    }

    /// Reports, as a tester, with the receipts that the entries need.
    pub(crate) async fn report(&self, tester: &Market, purchase: &Purchase, entries: &[Entry]) {
        let agreement = agreement(tester, purchase).await;
        let session = Session::random();
        let entries = self.with_receipts(&agreement, &session, entries);
        self.tx(agreement.report(&session, &entries)).await.unwrap();
    }

    /// Settles an agreement with the right hints.
    pub(crate) async fn settle(&self, anybody: &Market, purchase: &Purchase) -> Settlement {
        self.tx(agreement(anybody, purchase).await.settle()).await.unwrap()
    }

    /// Runs a verb of the client at the test's time, and checks all balances.
    pub(crate) async fn tx<T>(
        &self,
        doing: impl Future<Output = Result<T, MarketError>>,
    ) -> Result<T, RevertReason> {
        self.rpc.pin_timestamp().await;
        let done = doing.await;
        self.check_balances().await;
        match done {
            Ok(done) => Ok(done),
            Err(MarketError::Refused(refusal)) => Err(refusal),
            Err(other) => panic!("{other}"),
        }
    }

    /// The output of a call in the next transaction.
    pub(crate) async fn call<C: SolCall>(
        &self,
        from: Address,
        to: Address,
        call: &C,
        value: u128,
    ) -> Result<C::Return, RevertReason> {
        let answer = self.rpc.call(from, to, call.abi_encode().into(), value).await;
        let answer = answer.map_err(|data| self.revert_reason(to, &data))?;
        Ok(C::abi_decode_returns_validate(&answer).unwrap())
    }

    /// Sends a call, even one that reverts, and checks all balances.
    pub(crate) async fn send<C: SolCall>(
        &self,
        from: &Market,
        to: Address,
        call: &C,
        value: u128,
    ) -> Result<Receipt, RevertReason> {
        let from = from.account().unwrap();
        let simulated = self.call(from, to, call, value).await;
        let receipt = self.rpc.send(from, Some(to), call.abi_encode().into(), value).await;
        assert_eq!(
            receipt.success,
            simulated.is_ok(),
            "the simulation of {} was wrong",
            C::SIGNATURE
        );
        self.check_balances().await;
        simulated.map(|_| receipt)
    }

    /// Sends a call without wei to the dispatcher.
    pub(crate) async fn send_to_dispatcher<C: SolCall>(
        &self,
        from: &Market,
        call: &C,
    ) -> Result<Receipt, RevertReason> {
        self.send(from, self.dispatcher, call, 0).await
    }

    /// Calls the dispatcher through a forwarder, with value of `from`.
    pub(crate) async fn forward_to_dispatcher<C: SolCall>(
        &self,
        from: &Market,
        forwarder: Address,
        call: &C,
        value: u128,
    ) -> Result<Receipt, RevertReason> {
        let (account, data) = (from.account().unwrap(), call.abi_encode());
        let order = evm::forward_calldata(self.dispatcher, &data);
        let simulated = self.rpc.call(account, forwarder, order.clone(), value).await;
        let receipt = self.rpc.send(account, Some(forwarder), order, value).await;
        assert_eq!(
            receipt.success,
            simulated.is_ok(),
            "the simulation of {} was wrong",
            C::SIGNATURE
        );
        self.check_balances().await;
        simulated.map(|_| receipt).map_err(|data| self.revert_reason(self.dispatcher, &data))
    }

    /// The error that a contract's revert data encodes.
    pub(crate) fn revert_reason(&self, contract: Address, data: &[u8]) -> RevertReason {
        if contract == self.dispatcher {
            RevertReason::Dispatcher(IWorkerDispatcherErrors::abi_decode_validate(data).unwrap())
        } else {
            RevertReason::Agreement(IWorkAgreementErrors::abi_decode_validate(data).unwrap())
        }
    }

    /// The tick of the next transaction.
    pub(crate) async fn next_tick(&self) -> u64 {
        match self.settings.clock {
            Clock::Second => self.rpc.now(),
            _ => self.rpc.height().await + 1,
        }
    }

    /// Advances the time, so that the next transaction is in this tick.
    pub(crate) async fn advance_to(&self, tick: u64) {
        match self.settings.clock {
            Clock::Second => self.rpc.mine_at(tick).await,
            _ => self.rpc.mine(tick - 1 - self.rpc.height().await).await,
        }
        assert_eq!(self.next_tick().await, tick);
    }

    /// Advances the time by ticks.
    pub(crate) async fn advance(&self, ticks: u32) {
        self.advance_to(self.next_tick().await + u64::from(ticks)).await;
    }
}

/// The offer of these tests at this price.
pub(crate) const fn offer(price: u128) -> Offer {
    Offer { price, max_length: 1_000, promise: 9_000, capacity: 2 }
}

/// The key for messages that an account uses here.
pub(crate) fn message_key_of(who: &Market) -> B256 {
    keccak256(who.account().unwrap())
}

/// An agreement, as `who` sees it.
pub(crate) async fn agreement(who: &Market, purchase: &Purchase) -> Agreement {
    who.agreement(purchase.agreement).await.unwrap()
}
