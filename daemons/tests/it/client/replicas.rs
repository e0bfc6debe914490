//! Replicas that a client keeps: hired, renewed, replaced, within a budget and until a tick.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use alloy::primitives::Address;
use alloy::signers::local::PrivateKeySigner;
use muster_client::Application;
use muster_daemons::client::{ClientDaemon, ClientOptions, ReplicaTarget, ReplicaWatch};
use muster_daemons::{Daemon, DaemonError, Role};

use super::CLIENT_OPTIONS;
use crate::harness::{ETHER, LENGTH, TestChain, offer};

/// Ticks in which workers may accept.
const ACCEPT_WINDOW: u64 = 600;

/// Two workers, for ever, for an ether.
fn target() -> ReplicaTarget {
    ReplicaTarget {
        application: Application::default(),
        replicas: 2,
        length: LENGTH,
        budget: ETHER,
        until: u64::MAX,
        min_score: 0,
        min_uptime: 0,
    }
}

async fn start(
    chain: &TestChain,
    client: &PrivateKeySigner,
    target: ReplicaTarget,
) -> ClientDaemon {
    let options = ClientOptions { replicas: Some(target), ..CLIENT_OPTIONS };
    ClientDaemon::start(chain.context(Role::Client, client).await, options).await.unwrap()
}

/// The accounts of the workers of each agreement, in the order of purchases.
async fn hired(chain: &TestChain, client: &PrivateKeySigner) -> Vec<Vec<Address>> {
    let market = chain.market(client).await;
    let mut all = Vec::new();
    for address in market.agreements().await.unwrap() {
        let agreement = market.agreement(address).await.unwrap();
        all.push(agreement.terms().workers().map(|worker| worker.account).collect());
    }
    all
}

/// Workers with these prices, and their accounts.
async fn register_workers(
    chain: &TestChain,
    prices: &[u128],
) -> (Vec<PrivateKeySigner>, Vec<Address>) {
    let mut workers = Vec::new();
    for price in prices {
        workers.push(chain.register_worker(&offer(*price)).await);
    }
    let accounts = workers.iter().map(PrivateKeySigner::address).collect();
    (workers, accounts)
}

/// Accepts an agreement, by its place among all.
async fn accept(chain: &TestChain, worker: &PrivateKeySigner, place: usize) {
    let market = chain.market(worker).await;
    let address = market.agreements().await.unwrap()[place];
    market.agreement(address).await.unwrap().accept().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn client_hires_replaces_and_renews() {
    let chain = TestChain::new().await;
    let (workers, accounts) = register_workers(&chain, &[7, 8, 9]).await;
    let client = chain.new_account();
    let mut daemon = start(&chain, &client, target()).await;
    for _ in 0..3 {
        daemon.step().await.unwrap();
        assert_eq!(hired(&chain, &client).await, [accounts[..2].to_vec()]);
    }

    // The second worker does not accept, so the third one takes its place, once.
    accept(&chain, &workers[0], 0).await;
    chain.advance(ACCEPT_WINDOW + 1).await;
    daemon.step().await.unwrap();
    daemon.stop().await;
    drop(daemon);
    let mut daemon = start(&chain, &client, target()).await;
    for _ in 0..3 {
        daemon.step().await.unwrap();
        let [_, second] = hired(&chain, &client).await.try_into().unwrap();
        assert_eq!(second, accounts[2..]);
    }
    accept(&chain, &workers[2], 1).await;

    // The first one ends before the third one, and is hired again while it still serves.
    chain.advance(u64::from(LENGTH) - 2 * ACCEPT_WINDOW).await;
    for _ in 0..3 {
        daemon.step().await.unwrap();
        let [_, _, third] = hired(&chain, &client).await.try_into().unwrap();
        assert_eq!(third, accounts[..1]);
    }
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn client_hires_no_more_than_its_budget_allows_and_says_so() {
    let chain = TestChain::new().await;
    let (_, accounts) = register_workers(&chain, &[7, 8]).await;
    let client = chain.new_account();
    let one = u128::from(LENGTH) * 7;
    let mut daemon = start(&chain, &client, ReplicaTarget { budget: one + 1, ..target() }).await;
    daemon.step().await.unwrap();
    assert_eq!(hired(&chain, &client).await, [[accounts[0]]]);
    for _ in 0..2 {
        let error = daemon.step().await.unwrap_err();
        assert!(error.is_transient());
        match error {
            DaemonError::TooFewReplicas { serving, wanted, left, .. } => {
                assert_eq!((serving, wanted, left), (1, 2, 1));
            }
            other => panic!("{other}"),
        }
    }
    assert_eq!(hired(&chain, &client).await.len(), 1);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn client_hires_nobody_from_the_last_tick_on() {
    let chain = TestChain::new().await;
    chain.register_worker(&offer(7)).await;
    let client = chain.new_account();
    let until = chain.tick().await;
    let mut daemon = start(&chain, &client, ReplicaTarget { until, ..target() }).await;
    daemon.step().await.unwrap();
    assert!(hired(&chain, &client).await.is_empty());
    daemon.stop().await;
}

/// Uses replicas, and says which worker fails.
#[derive(Debug, Default)]
struct Watch {
    failed: Mutex<Option<Address>>,
    bought: Mutex<BTreeSet<Address>>,
}

impl ReplicaWatch for Watch {
    fn name(&self) -> String {
        "watched".to_owned()
    }

    fn is_ours(&self, agreement: Address) -> bool {
        self.bought.lock().unwrap().contains(&agreement)
    }

    fn has_failed(&self, _: Address, worker: Address) -> bool {
        *self.failed.lock().unwrap() == Some(worker)
    }

    fn bought(&self, agreement: Address) -> Result<(), DaemonError> {
        self.bought.lock().unwrap().insert(agreement);
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn client_replaces_a_worker_that_fails_and_counts_only_what_is_watched() {
    let chain = TestChain::new().await;
    let (workers, accounts) = register_workers(&chain, &[7, 8, 9]).await;
    let client = chain.new_account();
    // An agreement for something else, with the cheapest worker.
    chain.buy(&client, 1, 0).await;
    let watch = Arc::new(Watch::default());
    let start = async || {
        let watch: Arc<dyn ReplicaWatch> = watch.clone();
        let (replicas, watch) = (Some(target()), Some(watch));
        let options = ClientOptions { replicas, watch, ..CLIENT_OPTIONS };
        let context = chain.context(Role::Client, &client).await;
        ClientDaemon::start(context, options).await.unwrap()
    };
    let mut daemon = start().await;
    for _ in 0..2 {
        daemon.step().await.unwrap();
        assert_eq!(hired(&chain, &client).await.len(), 2);
    }
    let first: BTreeSet<_> = hired(&chain, &client).await[1].iter().copied().collect();
    assert_eq!(first.len(), 2);
    for worker in workers.iter().filter(|worker| first.contains(&worker.address())) {
        accept(&chain, worker, 1).await;
    }
    let failed = *first.first().unwrap();
    *watch.failed.lock().unwrap() = Some(failed);
    daemon.step().await.unwrap();
    let all = hired(&chain, &client).await;
    let other = accounts.iter().find(|account| !first.contains(*account)).unwrap();
    assert_eq!(all[2..], [[*other]]);

    // After a restart, it knows what it has bought.
    daemon.stop().await;
    drop(daemon);
    watch.bought.lock().unwrap().clear();
    let mut daemon = start().await;
    for _ in 0..2 {
        daemon.step().await.unwrap();
    }
    assert_eq!(watch.bought.lock().unwrap().len(), 2);
    assert_eq!(hired(&chain, &client).await.len(), 3);
    daemon.stop().await;
}
