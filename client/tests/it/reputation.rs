//! Reputation: how it is computed, and how orders use it.

use muster_client::protocol::abi::IWorkerDispatcher::{
    NotRegistered, ReputationChanged, reputationCall,
};
use muster_client::protocol::abi::{Order, Reason};
use muster_client::protocol::reputation::{HALF_LIFE, ONE_OBSERVATION, ReputationWeights};
use muster_client::{Market, OrderRequest};

use crate::harness::expected::{dispatcher_error, dispatcher_event};
use crate::harness::receipts::unsigned_entry;
use crate::harness::settlement::{run_to_settlement, settle_unaccepted};
use crate::harness::{TestEnv, agreement, offer};
use crate::quote::{order, quote};

/// The score of this many thousandths of an observation, all good: n / (n + z²).
fn flawless_score(thousandths: u64) -> u16 {
    u16::try_from(thousandths * 10_000_000 / (thousandths * 1_000 + 2_706_025)).unwrap()
}

/// Four windows of six ticks and three testers, whose fees are one observation at the lowest.
fn tested_order(redundancy: u64) -> OrderRequest {
    OrderRequest::Custom(Order { windows: 4, testers: 3, ..order(redundancy, 24) })
}

/// The reputation of a worker.
async fn reputation_of(who: &Market) -> (u64, u64, u16) {
    let account = who.account().unwrap();
    let known = who.reputation(account).await.unwrap();
    assert_eq!(who.worker(account).await.unwrap().score, known.score);
    (known.weights.good, known.weights.bad, known.score)
}

#[tokio::test(flavor = "multi_thread")]
async fn paid_seats_move_a_score() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (env.worker(offer(1)).await, env.new_account().await);
    let (testers, worker) = (env.testers(3).await, ada.account().unwrap());
    assert_eq!(reputation_of(&ada).await, (0, 0, 0));
    assert_eq!(ada.reputation(worker).await.unwrap().updated, 0);
    // Both are settled in the same second, so nothing decays in between.
    let purchases = [env.buy(&cleo, tested_order(1)).await, env.buy(&cleo, tested_order(1)).await];
    for purchase in &purchases {
        env.accept(&ada, purchase).await;
    }
    env.advance(24).await;
    for purchase in &purchases {
        for tester in &testers {
            env.report(tester, purchase, &[unsigned_entry(0, 15, 15)]).await;
        }
    }
    env.advance(env.settings.reportWindow).await;
    for (count, purchase) in (1..).zip(&purchases) {
        let settlement = env.settle(&cleo, purchase).await;
        let event =
            dispatcher_event(ReputationChanged { worker, good: count * ONE_OBSERVATION, bad: 0 });
        assert!(env.events(&settlement.receipt).contains(&event));
        let score = flawless_score(1_000 * count);
        assert_eq!(reputation_of(&ada).await, (count * ONE_OBSERVATION, 0, score));
        assert_eq!(ada.reputation(worker).await.unwrap().updated, env.rpc.now());
    }
    // The values of the tables in the docs.
    assert_eq!([flawless_score(1_000), flawless_score(2_000)], [2_698, 4_249]);
    let unregistered = cleo.account().unwrap();
    let call = reputationCall { account: unregistered };
    let answer = env.call(unregistered, env.dispatcher, &call, 0).await;
    let refusal = dispatcher_error::<()>(NotRegistered { account: unregistered });
    assert_eq!(answer.err(), refusal.err());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_weighs_what_its_testers_were_paid_for_the_worker() {
    let env = TestEnv::new().await;
    // Fees of 14.99… units, of 15, and of 30.
    let prices = [4_999_999_999_999_999, 5_000_000_000_000_000, 10_000_000_000_000_000];
    let mut workers = vec![env.worker(offer(1)).await];
    for price in prices {
        workers.push(env.worker(offer(price)).await);
    }
    let (testers, cleo) = (env.testers(3).await, env.new_account().await);
    let purchase = env.buy(&cleo, tested_order(4)).await;
    for worker in &workers {
        env.accept(worker, &purchase).await;
    }
    // A quarter of each one's weight is bad.
    let report: Vec<_> = (0..4).map(|index| unsigned_entry(index, 0b1111, 0b1011)).collect();
    let reports = [report.clone(), report.clone(), report];
    run_to_settlement(&env, &testers, &purchase, &reports).await;
    for (worker, weight) in workers.iter().zip([1, 3, 4, 4]) {
        let (good, bad, score) = reputation_of(worker).await;
        assert_eq!((good, bad), (weight * ONE_OBSERVATION / 4 * 3, weight * ONE_OBSERVATION / 4));
        assert_eq!(score, ReputationWeights { good, bad }.score());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn seats_that_were_not_paid_weigh_nothing() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (env.worker(offer(1)).await, env.new_account().await);
    let testers = env.testers(3).await;
    // Eleven seats are less than a unit, and untested work has no reports.
    for (reports, request) in [
        (
            [unsigned_entry(0, 15, 15), unsigned_entry(0, 15, 15), unsigned_entry(0, 7, 7)]
                .map(|entry| vec![entry]),
            tested_order(1),
        ),
        ([vec![], vec![], vec![]], tested_order(1)),
        ([vec![], vec![], vec![]], OrderRequest::Custom(order(1, 24))),
    ] {
        let purchase = env.buy(&cleo, request).await;
        env.accept(&ada, &purchase).await;
        let settlement = run_to_settlement(&env, &testers, &purchase, &reports).await;
        assert!(settlement.receipt.event::<ReputationChanged>(env.dispatcher).is_none());
        assert_eq!(reputation_of(&ada).await, (0, 0, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_shows_and_resignations_weigh_the_missing_windows() {
    let env = TestEnv::new().await;
    let (ada, ben) = (env.worker(offer(1)).await, env.worker(offer(2)).await);
    let (testers, cleo) = (env.testers(3).await, env.new_account().await);
    let purchase = env.buy(&cleo, tested_order(2)).await;
    env.accept(&ada, &purchase).await;
    env.advance(7).await;
    env.tx(agreement(&ada, &purchase).await.resign()).await.unwrap();
    let report = vec![unsigned_entry(0, 15, 15)];
    run_to_settlement(&env, &testers, &purchase, &[report.clone(), report.clone(), report]).await;
    // Three paid seats weigh nothing; three of four windows are missing.
    assert_eq!(reputation_of(&ada).await, (0, ONE_OBSERVATION / 4 * 3, 0));
    assert_eq!(reputation_of(&ben).await, (0, ONE_OBSERVATION, 0));

    // There are no no-shows without tests.
    let eve = env.worker(offer(1)).await;
    env.tx(ada.set_available(false)).await.unwrap();
    let purchase = env.buy(&cleo, OrderRequest::Custom(order(1, 8))).await;
    settle_unaccepted(&env, &purchase).await;
    assert_eq!(reputation_of(&eve).await, (0, 0, 0));
    assert_eq!(eve.worker(eve.account().unwrap()).await.unwrap().misses, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn reputation_decays_and_orders_use_the_current_score() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (env.worker(offer(9)).await, env.new_account().await);
    let testers = env.testers(3).await;
    let purchase = env.buy(&cleo, tested_order(1)).await;
    env.accept(&ada, &purchase).await;
    let report = vec![unsigned_entry(0, 15, 15)];
    run_to_settlement(&env, &testers, &purchase, &[report.clone(), report.clone(), report]).await;
    // A new worker is cheaper.
    let ben = env.worker(offer(1)).await;
    let number = ada.worker(ada.account().unwrap()).await.unwrap().number;
    let since = ada.reputation(ada.account().unwrap()).await.unwrap().updated;
    let [ada_at, ben_at] = [&ada, &ben].map(|who| who.account().unwrap());
    // The thousandths of the observation that are left, and when.
    let times = [(0, 1_000), (HALF_LIFE / 2, 750), (HALF_LIFE, 500), (3 * HALF_LIFE, 125)];
    for (seconds, left) in times {
        env.advance_to(since + seconds).await;
        let score = flawless_score(left);
        assert_eq!(reputation_of(&ada).await, (ONE_OBSERVATION * left / 1_000, 0, score));
        let wanted = |min_score| Order { minScore: min_score, ..order(1, 8) };
        assert_eq!(quote(&env, &cleo, wanted(0)).await.workers, [ben_at]);
        for min_score in [1, score] {
            let quoted = quote(&env, &cleo, wanted(min_score)).await;
            assert_eq!((quoted.start, quoted.workers), (number, vec![ada_at]));
        }
        let none = quote(&env, &cleo, wanted(score + 1)).await;
        assert_eq!((none.reason, none.price), (Reason::NotEnoughWorkers, 0));
        let hired = cleo.quote_hire(&wanted(score), &[number]).await.unwrap();
        assert_eq!(hired.reason, Reason::None);
        let hired = cleo.quote_hire(&wanted(score + 1), &[number]).await.unwrap();
        assert_eq!(hired.reason, Reason::WorkerUnfit);
    }
    env.advance_to(since + 11 * HALF_LIFE).await;
    assert_eq!(reputation_of(&ada).await, (ONE_OBSERVATION >> 11, 0, 1));
}
