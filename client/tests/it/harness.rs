//! A chain of its own for each test, with a market on it and people who have money.

use std::time::Duration;

use alloy::primitives::{Address, keccak256};
use alloy::signers::local::PrivateKeySigner;
use client::terms::abi::{Clock, Settings};
use client::terms::settings;
use client::{Agreement, Application, Market, Node, Offer, Program, Purchase, Want};
use devnode::{Config, Devnode};

/// Wei of one ether.
pub(crate) const ETHER: u128 = 1_000_000_000_000_000_000;

/// A dev chain with a market.
pub(crate) struct World {
    /// The chain.
    pub(crate) chain: Devnode,
    /// The market's contract.
    pub(crate) dispatcher: Address,
    /// What it was deployed with.
    pub(crate) settings: Settings,
    /// How many people have been given money.
    people: std::sync::atomic::AtomicUsize,
}

/// A contract as `scripts/wasm` built it.
fn program(name: &str) -> Program {
    let path = format!(
        "{}/../target/wasm32-unknown-unknown/release/{name}.wasm",
        env!("CARGO_MANIFEST_DIR")
    );
    let wasm =
        std::fs::read(&path).unwrap_or_else(|_| panic!("{path} is not there: run scripts/wasm"));
    Program::from_wasm(&wasm).unwrap()
}

/// The signer of a dev account.
fn signer(key: &alloy::primitives::B256) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(key).unwrap()
}

impl World {
    /// A market whose ticks are seconds, with the constants for dev chains.
    pub(crate) async fn new() -> Self {
        Self::with(settings::dev(Clock::Second)).await
    }

    /// A market with these constants.
    pub(crate) async fn with(settings: Settings) -> Self {
        let chain = Devnode::start(Config { accounts: 30, ..Config::any_port() }).await.unwrap();
        let deployer =
            Node::connect(&chain.url(), Some(signer(&chain.accounts()[0].key))).await.unwrap();
        let market = deployer
            .deploy_market(&program("agreement"), &program("dispatcher"), &settings)
            .await
            .unwrap();
        let dispatcher = market.dispatcher.address;
        Self { chain, dispatcher, settings, people: std::sync::atomic::AtomicUsize::new(1) }
    }

    /// Somebody new, with a thousand ether.
    pub(crate) async fn person(&self) -> Market {
        let number = self.people.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let signer = signer(&self.chain.accounts()[number].key);
        Market::connect(&self.chain.url(), signer, self.dispatcher).await.unwrap()
    }

    /// A registered worker that stakes an ether and stands in the book of application 0.
    pub(crate) async fn worker(&self, offer: Offer) -> Market {
        let market = self.person().await;
        market
            .register(Application::default(), &offer, keccak256(market.account().unwrap()), ETHER)
            .await
            .unwrap();
        market
    }

    /// Registered testers that have checked in.
    pub(crate) async fn testers(&self, count: usize) -> Vec<Market> {
        let mut testers = Vec::new();
        for _ in 0..count {
            let market = self.person().await;
            let key = keccak256(market.account().unwrap());
            market.register_tester(key, self.settings.testerBond).await.unwrap();
            market.check_in().await.unwrap();
            testers.push(market);
        }
        testers
    }

    /// Buys what is wanted at its quote.
    pub(crate) async fn buy(&self, client: &Market, want: Want) -> Purchase {
        let quote = client.quote(&want).await.unwrap();
        client.buy(&want, quote.price).await.unwrap()
    }

    /// Lets the clock go on, and makes a block.
    pub(crate) async fn pass(&self, seconds: u32) {
        self.chain.advance(Duration::from_secs(seconds.into())).await.unwrap();
        self.chain.mine().await.unwrap();
    }
}

/// The usual offer at this price.
pub(crate) const fn offer(price: u128) -> Offer {
    Offer { price, max_length: 1_000, promise: 9_000, capacity: 2 }
}

/// `who`'s view of an agreement.
pub(crate) async fn agreement(who: &Market, purchase: &Purchase) -> Agreement {
    who.agreement(purchase.agreement).await.unwrap()
}
