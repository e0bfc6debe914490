//! Workers that do not accept: each no-show costs a tenth of the bond and the position in the book.

use muster_client::protocol::abi::IWorkerDispatcher::{
    AvailabilityChanged, NotListable, ReputationChanged, Unlisted, listCall,
};
use muster_client::protocol::reputation::ONE_OBSERVATION;
use muster_client::{Market, Offer, OrderRequest, Purchase};

use crate::harness::expected::{dispatcher_error, dispatcher_event};
use crate::harness::settlement::{
    absent_worker, paid_worker, run_to_settlement, settle_unaccepted,
};
use crate::harness::{ETHER, TestEnv, agreement, offer};
use crate::quote::order;

/// The default agreement with one worker.
const REQUEST: OrderRequest = OrderRequest::Default { redundancy: 1, length: 24 };

/// The misses of a purchase's first worker, as its terms have them.
async fn recorded_misses(who: &Market, purchase: &Purchase) -> u16 {
    agreement(who, purchase).await.terms().worker(0).unwrap().misses
}

/// A worker with this capacity.
async fn worker_with_capacity(env: &TestEnv, capacity: u16) -> Market {
    env.worker(Offer { capacity, ..offer(1_000) }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_misses_several_agreements_at_once_is_penalized_once_and_unlisted() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (worker_with_capacity(&env, 9).await, env.new_account().await);
    env.testers(3).await;
    let (worker, tenth) = (ada.account().unwrap(), env.settings.minBond / 10);
    let mut purchases = Vec::new();
    for _ in 0..4 {
        purchases.push(env.buy(&cleo, REQUEST).await);
    }
    let mut paid_in = 0;
    for (number, purchase) in (0..).zip(&purchases) {
        assert_eq!(recorded_misses(&ada, purchase).await, 0);
        let settlement = settle_unaccepted(&env, purchase).await;
        let first = number == 0;
        let slash = if first { tenth } else { 0 };
        assert_eq!(settlement.workers, [absent_worker(&ada, slash)]);
        assert_eq!((settlement.compensation, settlement.burned), (0, slash));
        let events = env.events(&settlement.receipt);
        let expected = [
            dispatcher_event(ReputationChanged { worker, good: 0, bad: ONE_OBSERVATION }),
            dispatcher_event(AvailabilityChanged { worker, available: false }),
            dispatcher_event(Unlisted { worker }),
        ];
        assert_eq!(expected.map(|event| events.contains(&event)), [first; 3]);
        let account = ada.worker(worker).await.unwrap();
        assert_eq!((account.stake, account.misses), (ETHER - tenth, 1));
        assert_eq!((account.available, account.listed), (false, false));
        assert_eq!(account.active, 3 - number);
        paid_in += purchase.escrow;
        // The client gets back what it paid, and never more.
        assert_eq!(cleo.credit(cleo.account().unwrap()).await.unwrap(), paid_in);
    }
    let known = ada.reputation(worker).await.unwrap();
    assert_eq!((known.weights.good, known.score), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_missed_is_relisted_only_when_it_sets_itself_available() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (worker_with_capacity(&env, 1).await, env.new_account().await);
    env.testers(3).await;
    let worker = ada.account().unwrap();
    settle_unaccepted(&env, &env.buy(&cleo, REQUEST).await).await;
    let refusal = dispatcher_error(NotListable { worker });
    for who in [&cleo, &ada] {
        assert_eq!(env.send_to_dispatcher(who, &listCall { worker, hint: 0 }).await, refusal);
    }
    // More stake or another price does not make it available.
    env.tx(ada.stake(1)).await.unwrap();
    env.tx(ada.set_price(999)).await.unwrap();
    assert!(!ada.worker(worker).await.unwrap().listed);
    env.tx(ada.set_available(true)).await.unwrap();
    assert!(ada.worker(worker).await.unwrap().listed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_no_show_costs_again() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (worker_with_capacity(&env, 2).await, env.new_account().await);
    env.testers(3).await;
    let (worker, tenth) = (ada.account().unwrap(), env.settings.minBond / 10);
    for misses in 0..3 {
        let purchase = env.buy(&cleo, REQUEST).await;
        assert_eq!(recorded_misses(&ada, &purchase).await, misses);
        let settlement = settle_unaccepted(&env, &purchase).await;
        assert_eq!(settlement.workers, [absent_worker(&ada, tenth)]);
        let account = ada.worker(worker).await.unwrap();
        let lost = tenth * u128::from(misses + 1);
        assert_eq!((account.stake, account.misses), (ETHER - lost, misses + 1));
        env.tx(ada.set_available(true)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_no_show_does_not_harm_a_worker_that_is_back() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (worker_with_capacity(&env, 3).await, env.new_account().await);
    env.testers(3).await;
    let (worker, tenth) = (ada.account().unwrap(), env.settings.minBond / 10);
    let [first, second] = [env.buy(&cleo, REQUEST).await, env.buy(&cleo, REQUEST).await];
    settle_unaccepted(&env, &first).await;
    env.tx(ada.set_available(true)).await.unwrap();
    let third = env.buy(&cleo, REQUEST).await;
    assert_eq!([recorded_misses(&ada, &second).await, recorded_misses(&ada, &third).await], [0, 1]);
    let settlement = settle_unaccepted(&env, &second).await;
    assert_eq!(settlement.workers, [absent_worker(&ada, 0)]);
    let account = ada.worker(worker).await.unwrap();
    assert_eq!((account.stake, account.misses), (ETHER - tenth, 1));
    assert_eq!((account.available, account.listed), (true, true));
    // The new agreement is another no-show.
    let settlement = settle_unaccepted(&env, &third).await;
    assert_eq!(settlement.workers, [absent_worker(&ada, tenth)]);
    let account = ada.worker(worker).await.unwrap();
    assert_eq!((account.stake, account.misses, account.listed), (ETHER - 2 * tenth, 2, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn accepting_one_agreement_does_not_excuse_missing_another() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (worker_with_capacity(&env, 2).await, env.new_account().await);
    let (worker, tenth) = (ada.account().unwrap(), env.settings.minBond / 10);
    let [kept, missed] =
        [env.buy(&cleo, OrderRequest::Custom(order(1, 24))).await, env.buy(&cleo, REQUEST).await];
    env.accept(&ada, &kept).await;
    let settlement = settle_unaccepted(&env, &missed).await;
    assert_eq!(settlement.workers, [absent_worker(&ada, tenth)]);
    // Running work goes on and is paid, and the worker stays out of the book.
    let settlement = run_to_settlement(&env, &[], &kept, &[]).await;
    assert_eq!(settlement.workers, [paid_worker(&env, &ada, 24_000, 24, (0, 0, 0))]);
    let account = ada.worker(worker).await.unwrap();
    assert_eq!((account.active, account.locked, account.stake), (0, 0, ETHER - tenth));
    assert_eq!((account.misses, account.available, account.listed), (1, false, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn client_and_workers_together_gain_nothing_from_who_is_away() {
    let env = TestEnv::new().await;
    // The client's own worker, and one that is absent and could be bought nine times.
    let (ada, own, cleo) = (
        worker_with_capacity(&env, 9).await,
        env.worker(Offer { capacity: 9, ..offer(2_000) }).await,
        env.new_account().await,
    );
    let (away, tenth) = (ada.account().unwrap(), env.settings.minBond / 10);
    let mut purchases = Vec::new();
    for _ in 0..9 {
        let purchase = env.buy(&cleo, OrderRequest::Custom(order(2, 12))).await;
        env.accept(&own, &purchase).await;
        purchases.push(purchase);
    }
    let mut lost = 0;
    for purchase in &purchases {
        lost += run_to_settlement(&env, &[], purchase, &[]).await.workers[0].slash;
    }
    // Paying oneself is no loss that a tenth of a bond could make good.
    let credits = env.credits().await;
    let gained: u128 = [&cleo, &own].iter().map(|who| credits[&who.account().unwrap()]).sum();
    assert_eq!(gained, purchases.iter().map(|purchase| purchase.escrow).sum());
    assert_eq!(lost, tenth, "one absence");
    let account = ada.worker(away).await.unwrap();
    assert_eq!((account.stake, account.misses, account.active), (ETHER - tenth, 1, 0));
}

/// The cost of hiding a no-show, each time: a tenth of the minimum bond and the position in the
/// book, besides the gas of an agreement with oneself.
#[tokio::test(flavor = "multi_thread")]
async fn an_absence_hides_behind_an_older_one_for_a_tenth_of_the_least_bond() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (worker_with_capacity(&env, 2).await, env.new_account().await);
    let (worker, tenth) = (ada.account().unwrap(), env.settings.minBond / 10);
    for times in 1..=2 {
        env.tx(ada.set_price(1)).await.unwrap();
        let own = env.buy(&ada, OrderRequest::Custom(order(1, 12))).await;
        env.tx(ada.set_price(ETHER / 1_000)).await.unwrap();
        let dear = env.buy(&cleo, OrderRequest::Custom(order(1, 800))).await;
        let bond = agreement(&cleo, &dear).await.terms().worker(0).unwrap().bond;
        assert_eq!((bond / 10, tenth), (ETHER / 125, ETHER / 5_000));
        assert_eq!(settle_unaccepted(&env, &own).await.workers, [absent_worker(&ada, tenth)]);
        assert_eq!(settle_unaccepted(&env, &dear).await.workers, [absent_worker(&ada, 0)]);
        let account = ada.worker(worker).await.unwrap();
        assert_eq!(account.stake, ETHER - u128::from(times) * tenth);
        assert_eq!((account.misses, account.listed), (times, false));
        env.tx(ada.set_available(true)).await.unwrap();
    }
}
