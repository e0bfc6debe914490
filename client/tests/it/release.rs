//! Releases: the absent are settled after the time to accept, and all slots are free after the end.

use muster_client::protocol::abi::IWorkAgreement::{
    NothingToRelease, Released, TooEarlyToRelease, WrongState, releaseCall,
};
use muster_client::protocol::abi::IWorkerDispatcher::{
    AbsentReleased, AgreementSettled, AvailabilityChanged, Burned, Listed, ReputationChanged,
    Unlisted,
};
use muster_client::protocol::abi::{Clock, Order, State};
use muster_client::protocol::reputation::ONE_OBSERVATION;
use muster_client::protocol::settings;
use muster_client::{
    Market, Offer, OrderRequest, Purchase, Receipt, Release, RevertReason, Settlement,
};

use crate::book::book;
use crate::harness::expected::{agreement_error, agreement_event, dispatcher_event};
use crate::harness::receipts::probed;
use crate::harness::settlement::{
    absent_worker, paid_worker, run_to_settlement, tester_fee, tester_fees,
};
use crate::harness::{ETHER, TestEnv, agreement, offer};
use crate::quote::order;

/// Releases with the hint 0 for every worker, or is refused.
async fn release(
    env: &TestEnv,
    who: &Market,
    purchase: &Purchase,
) -> Result<Receipt, RevertReason> {
    env.send(who, purchase.agreement, &releaseCall { hints: vec![0; 8] }, 0).await
}

/// An order of four windows of six ticks.
fn tested_order(redundancy: u64) -> OrderRequest {
    OrderRequest::Custom(Order { windows: 4, testers: 3, ..order(redundancy, 24) })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_absent_are_settled_at_once_and_the_others_work_on() {
    for clock in [Clock::Second, Clock::ArbBlock] {
        let env = TestEnv::with(settings::dev(clock)).await;
        let (ada, ben) = (env.worker(offer(1_000)).await, env.worker(offer(2_000)).await);
        let (testers, cleo) = (env.testers(3).await, env.new_account().await);
        let (client, worker) = (cleo.account().unwrap(), ada.account().unwrap());
        let (fee, tenth) = (env.settings.minTesterFee, env.settings.minBond / 10);
        let purchase = env.buy(&cleo, tested_order(2)).await;
        env.accept(&ben, &purchase).await;
        let view = agreement(&testers[0], &purchase).await;
        let last = view.terms().header.purchased + u64::from(env.settings.acceptWindow);
        env.advance_to(last + 1).await;
        let Release { absent, freed, receipt } = env.tx(view.release()).await.unwrap();
        assert_eq!((absent, freed), (0b01, 0b01));
        // Its part of the escrow comes back now: its price, and the fees of its seats.
        let (agreement_at, refund) = (purchase.agreement, 24_000 + 12 * fee);
        let workers = vec![absent_worker(&ada, tenth)];
        let released = AbsentReleased { agreement: agreement_at, client, refund, workers };
        let events = [
            agreement_event(agreement_at, Released { absent, freed }),
            dispatcher_event(ReputationChanged { worker, good: 0, bad: ONE_OBSERVATION }),
            dispatcher_event(AvailabilityChanged { worker, available: false }),
            dispatcher_event(Unlisted { worker }),
            dispatcher_event(Burned { agreement: agreement_at, amount: tenth }),
            dispatcher_event(released),
        ];
        assert_eq!(env.events(&receipt), events);
        assert_eq!(cleo.credit(client).await.unwrap(), refund);
        assert_eq!(env.rpc.balance(agreement_at).await, purchase.escrow - refund);
        let adas = ada.worker(worker).await.unwrap();
        assert_eq!((adas.active, adas.locked, adas.stake, adas.misses), (0, 0, ETHER - tenth, 1));
        let busy = ben.worker(ben.account().unwrap()).await.unwrap();
        assert_eq!((busy.active, busy.locked), (1, env.settings.minBond));
        let progress = view.progress().await.unwrap();
        assert_eq!((progress.released, progress.freed), (0b01, false));
        assert!(progress.is_released(0) && !progress.is_released(1));

        // The settlement does the rest, and names the other one alone.
        let report = probed(1, "3333");
        let reports = [report.clone(), report.clone(), report];
        let settlement = run_to_settlement(&env, &testers, &purchase, &reports).await;
        let part = paid_worker(&env, &ben, 48_000, 24, (4, 10_000, 12));
        assert_eq!(settlement.workers, [part]);
        let mut fees: Vec<_> = testers.iter().map(|who| tester_fee(&env, who, 4)).collect();
        fees.sort_unstable();
        assert_eq!(tester_fees(&settlement), fees);
        let Settlement { refund, compensation, burned, .. } = settlement;
        assert_eq!((refund, compensation, burned), (0, 0, 0));
        let bens = ben.worker(ben.account().unwrap()).await.unwrap();
        assert_eq!((bens.active, bens.locked, bens.stake), (0, 0, ETHER));
        // The absent one is not settled again.
        let adas = ada.worker(worker).await.unwrap();
        assert_eq!((adas.active, adas.locked, adas.stake, adas.misses), (0, 0, ETHER - tenth, 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn anybody_releases_but_not_early_not_twice_and_not_after_the_settlement() {
    let env = TestEnv::new().await;
    let (ada, ben) = (env.worker(offer(1)).await, env.worker(offer(2)).await);
    let (cleo, outsider) = (env.new_account().await, env.new_account().await);
    let purchase = env.buy(&cleo, OrderRequest::Custom(order(2, 12))).await;
    let wrong = |state| agreement_error(WrongState { state });
    let everybody = [&ada, &ben, &cleo, &outsider];
    let all_fail = async |refusal: Result<(), _>| {
        for who in everybody {
            assert_eq!(release(&env, who, &purchase).await.map(drop), refusal);
        }
    };
    all_fail(wrong(State::Offered)).await;
    let start = env.next_tick().await;
    env.accept(&ada, &purchase).await;
    let last = start + u64::from(env.settings.acceptWindow);
    for tick in [start, last] {
        env.advance_to(tick).await;
        all_fail(agreement_error(TooEarlyToRelease { tick, last })).await;
    }
    env.advance_to(last + 1).await;
    release(&env, &outsider, &purchase).await.unwrap();
    all_fail(agreement_error(NothingToRelease {})).await;
    env.advance_to(start + 11).await;
    all_fail(agreement_error(NothingToRelease {})).await;
    // After the end, the slot of the one that worked.
    env.advance_to(start + 12).await;
    let receipt = release(&env, &outsider, &purchase).await.unwrap();
    let event = Released { absent: 0, freed: 0b01 };
    assert_eq!(env.events(&receipt), [agreement_event(purchase.agreement, event)]);
    all_fail(agreement_error(NothingToRelease {})).await;
    env.advance_to(start + 12 + u64::from(env.settings.reportWindow)).await;
    all_fail(agreement_error(NothingToRelease {})).await;
    env.settle(&cleo, &purchase).await;
    all_fail(wrong(State::Settled)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_released_if_everybody_accepted_or_nobody_did() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (env.worker(offer(1)).await, env.new_account().await);
    let purchase = env.buy(&cleo, OrderRequest::Custom(order(1, 12))).await;
    env.accept(&ada, &purchase).await;
    env.advance(11).await;
    let refusal = agreement_error(NothingToRelease {});
    assert_eq!(release(&env, &cleo, &purchase).await, refusal);
    env.advance(1 + env.settings.reportWindow).await;
    env.settle(&cleo, &purchase).await;

    let purchase = env.buy(&cleo, OrderRequest::Custom(order(1, 12))).await;
    env.advance(env.settings.acceptWindow + 1).await;
    let refusal = agreement_error(WrongState { state: State::Due });
    assert_eq!(release(&env, &cleo, &purchase).await, refusal);
    env.settle(&cleo, &purchase).await;
    let refusal = agreement_error(WrongState { state: State::Void });
    assert_eq!(release(&env, &cleo, &purchase).await, refusal);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_after_the_end_also_settles_the_absent() {
    let env = TestEnv::new().await;
    let (ada, ben) = (env.worker(offer(1_000)).await, env.worker(offer(2_000)).await);
    let cleo = env.new_account().await;
    let purchase = env.buy(&cleo, OrderRequest::Custom(order(2, 12))).await;
    env.accept(&ada, &purchase).await;
    env.advance(12).await;
    let done = env.tx(agreement(&ben, &purchase).await.release()).await.unwrap();
    assert_eq!((done.absent, done.freed), (0b10, 0b11));
    assert_eq!(cleo.credit(cleo.account().unwrap()).await.unwrap(), 24_000);
    let (bond, tenth) = (env.settings.minBond, env.settings.minBond / 10);
    // The bond of the one that worked stays locked until the reports are judged.
    for (who, locked, lost) in [(&ada, bond, 0), (&ben, 0, tenth)] {
        let account = who.worker(who.account().unwrap()).await.unwrap();
        assert_eq!((account.active, account.locked, account.stake), (0, locked, ETHER - lost));
    }
    env.advance(env.settings.reportWindow).await;
    let settlement = env.settle(&cleo, &purchase).await;
    assert_eq!(settlement.workers, [paid_worker(&env, &ada, 12_000, 12, (0, 0, 0))]);
    assert!(settlement.receipt.event::<AgreementSettled>(env.dispatcher).is_some());
    for who in [&ada, &ben] {
        let account = who.worker(who.account().unwrap()).await.unwrap();
        assert_eq!((account.active, account.locked), (0, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_of_agreements_has_no_gap() {
    let env = TestEnv::new().await;
    let worker = env.worker(Offer { capacity: 1, ..offer(1_000) }).await;
    let account = worker.account().unwrap();
    let (testers, cleo) = (env.testers(3).await, env.new_account().await);
    let mut chain: Vec<(Purchase, u64)> = Vec::new();
    for length in 1..=3_u128 {
        let purchase = env.buy(&cleo, tested_order(1)).await;
        assert!(book(&cleo).await.is_empty(), "its only slot is taken");
        let start = env.next_tick().await;
        env.accept(&worker, &purchase).await;
        if let Some((_, end)) = chain.last() {
            assert_eq!(start, *end, "a gap");
        }
        // In the first tick after the end, before the reports and the settlement.
        env.advance_to(start + 24).await;
        let view = agreement(&testers[0], &purchase).await;
        let done = env.tx(view.release()).await.unwrap();
        assert_eq!((done.absent, done.freed), (0, 1));
        let events = [
            agreement_event(purchase.agreement, Released { absent: 0, freed: 1 }),
            dispatcher_event(Listed { worker: account }),
        ];
        assert_eq!(env.events(&done.receipt), events);
        let state = worker.worker(account).await.unwrap();
        assert_eq!((state.active, state.locked), (0, env.settings.minBond * length));
        chain.push((purchase, start + 24));
        assert_eq!(view.state().await.unwrap(), State::Reporting);
    }
    env.advance(env.settings.reportWindow).await;
    let next = env.buy(&cleo, tested_order(1)).await;
    // No settlement frees a slot again.
    for (purchase, _) in &chain {
        env.settle(&cleo, purchase).await;
        let state = worker.worker(account).await.unwrap();
        assert_eq!((state.active, state.listed), (1, false), "the slot of the next one");
    }
    env.accept(&worker, &next).await;
}

/// What hiding an absence costs: a tenth of the least bond, as soon as the time to accept is over.
#[tokio::test(flavor = "multi_thread")]
async fn an_absence_hides_behind_a_cheaper_one_at_once() {
    let env = TestEnv::new().await;
    let (own, ada) = (env.worker(offer(1)).await, env.worker(offer(2)).await);
    let cleo = env.new_account().await;
    let worker = ada.account().unwrap();
    let cheap = env.buy(&own, OrderRequest::Custom(order(2, 12))).await;
    env.accept(&own, &cheap).await;
    env.tx(ada.set_price(ETHER / 1_000)).await.unwrap();
    let dear = env.tx(cleo.hire(&order(1, 800), &[2], ETHER)).await.unwrap();
    env.advance(env.settings.acceptWindow + 1).await;
    env.tx(agreement(&own, &cheap).await.release()).await.unwrap();
    let lost = ETHER - ada.worker(worker).await.unwrap().stake;
    assert_eq!(lost, env.settings.minBond / 10);
    assert_eq!(env.settle(&cleo, &dear).await.workers, [absent_worker(&ada, 0)]);
    let bond = agreement(&cleo, &dear).await.terms().worker(0).unwrap().bond;
    println!("an absence that would cost {} wei costs {lost} wei", bond / 10);
    assert_eq!((bond / 10, ada.worker(worker).await.unwrap().misses), (ETHER / 125, 1));
}
