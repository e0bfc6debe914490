//! Reputation: how it is computed, and how orders use it.

use muster_client::protocol::abi::IWorkerDispatcher::{
    NotRegistered, ReputationChanged, reputationCall,
};
use muster_client::protocol::abi::{Clock, Order, Reason, Settings};
use muster_client::protocol::reputation::{HALF_LIFE, ONE_OBSERVATION, ReputationWeights};
use muster_client::protocol::settings;
use muster_client::{Market, OrderRequest};

use crate::harness::expected::{dispatcher_error, dispatcher_event};
use crate::harness::receipts::probed;
use crate::harness::settlement::{run_to_settlement, settle_unaccepted};
use crate::harness::{TestEnv, agreement, offer};
use crate::quote::{order, quote};

/// The score of this many thousandths of an observation, all good: n / (n + z²).
fn flawless_score(thousandths: u64) -> u16 {
    u16::try_from(thousandths * 10_000_000 / (thousandths * 1_000 + 2_706_025)).unwrap()
}

/// A market in which twelve seats at the lowest fee are one observation.
async fn market() -> TestEnv {
    let dev = settings::dev(Clock::Second);
    TestEnv::with(Settings { minTesterFee: dev.reputationUnit / 12, ..dev }).await
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
    let env = market().await;
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
            env.report(tester, purchase, &probed(0, "3333")).await;
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
    let env = market().await;
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
    let report: Vec<_> = (0..4).flat_map(|index| probed(index, "3303")).collect();
    let reports = [report.clone(), report.clone(), report];
    run_to_settlement(&env, &testers, &purchase, &reports).await;
    for (worker, weight) in workers.iter().zip([1, 3, 4, 4]) {
        let (good, bad, score) = reputation_of(worker).await;
        assert_eq!((good, bad), (weight * ONE_OBSERVATION / 4 * 3, weight * ONE_OBSERVATION / 4));
        assert_eq!(score, ReputationWeights { good, bad }.score());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_paid_seats_weigh_and_less_than_a_unit_weighs_its_part() {
    let env = market().await;
    let (ada, cleo) = (env.worker(offer(1)).await, env.new_account().await);
    let testers = env.testers(3).await;
    let all = probed(0, "3333");
    // Eleven seats; six, because two of nine are too far from the medians and one says nothing; none; and
    // none of untested work.
    let far = [probed(0, "333-"), probed(0, "333-"), probed(0, "000-")];
    for (reports, request, seats, uptime) in [
        ([all.clone(), all.clone(), probed(0, "333-")], tested_order(1), 11, 10_000),
        (far, tested_order(1), 6, 10_000),
        ([probed(0, "3-0-"), vec![], vec![]], tested_order(1), 2, 5_000),
        ([vec![], vec![], vec![]], tested_order(1), 0, 0),
        ([vec![], vec![], vec![]], OrderRequest::Custom(order(1, 24)), 0, 0),
    ] {
        let (good, bad, _) = reputation_of(&ada).await;
        let before = env.rpc.now();
        let purchase = env.buy(&cleo, request).await;
        env.accept(&ada, &purchase).await;
        let settlement = run_to_settlement(&env, &testers, &purchase, &reports).await;
        let old = ReputationWeights { good, bad }.decayed(env.rpc.now() - before);
        let event = settlement.receipt.event::<ReputationChanged>(env.dispatcher);
        if seats == 0 {
            assert!(event.is_none());
            continue;
        }
        let weight = ONE_OBSERVATION * seats / 12;
        let (more, less) = (weight * uptime / 10_000, weight * (10_000 - uptime) / 10_000);
        let (worker, good, bad) = (ada.account().unwrap(), old.good + more, old.bad + less);
        assert_eq!(event.unwrap(), ReputationChanged { worker, good, bad });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resignation_weighs_the_ticks_that_are_missing() {
    let env = market().await;
    let (ada, cleo) = (env.worker(offer(1)).await, env.new_account().await);
    let testers = env.testers(3).await;
    let purchase = env.buy(&cleo, tested_order(1)).await;
    env.accept(&ada, &purchase).await;
    env.advance(7).await;
    env.tx(agreement(&ada, &purchase).await.resign()).await.unwrap();
    let report = probed(0, "3");
    run_to_settlement(&env, &testers, &purchase, &[report.clone(), report.clone(), report]).await;
    // Three of twelve seats were paid; seventeen of twenty-four ticks are missing.
    let (good, bad, _) = reputation_of(&ada).await;
    assert_eq!((good, bad), (ONE_OBSERVATION / 4, ONE_OBSERVATION * 17 / 24));
}

#[tokio::test(flavor = "multi_thread")]
async fn play_10_an_absence_is_one_observation_whatever_the_purchase_was() {
    let env = market().await;
    let cleo = env.new_account().await;
    env.testers(3).await;
    let most = Order { windows: 21, testers: 3, ..order(1, 126) };
    let requests = [
        OrderRequest::Custom(order(1, 12)),
        OrderRequest::Default { redundancy: 1, length: 12 },
        tested_order(1),
        OrderRequest::Custom(most),
    ];
    for request in requests {
        let away = env.worker(offer(1)).await;
        let purchase = env.buy(&cleo, request).await;
        settle_unaccepted(&env, &purchase).await;
        assert_eq!(reputation_of(&away).await, (0, ONE_OBSERVATION, 0), "{request:?}");
        assert_eq!(away.worker(away.account().unwrap()).await.unwrap().misses, 1);
        // The absence also shows as such, so the worker is not bought again.
        assert!(!away.worker(away.account().unwrap()).await.unwrap().listed);
    }
    // What the purchase with most seats weighed before, and weighs now.
    let good = 25 * ONE_OBSERVATION;
    let score = |bad| ReputationWeights { good, bad: bad * ONE_OBSERVATION }.score();
    println!(
        "score of 25 good observations: {}; with one absence: {}, not {}",
        score(0),
        score(1),
        score(4)
    );
    assert_eq!((score(0), score(1), score(4)), (9_023, 8_446, 7_257));
}

#[tokio::test(flavor = "multi_thread")]
async fn reputation_decays_and_orders_use_the_current_score() {
    let env = market().await;
    let (ada, cleo) = (env.worker(offer(9)).await, env.new_account().await);
    let testers = env.testers(3).await;
    let purchase = env.buy(&cleo, tested_order(1)).await;
    env.accept(&ada, &purchase).await;
    let report = probed(0, "3333");
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
        let wanted = |min_score| Order { minScore: min_score, ..order(1, 12) };
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
