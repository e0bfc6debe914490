//! A tester's life: looks, reports, fees, and what it does not say.

mod fakes;
mod scene;

use std::sync::atomic::Ordering;

use muster_client::protocol::abi::State;
use muster_daemons::Payout;
use muster_daemons::tester::TesterOptions;
use muster_messaging::Claim;

use self::fakes::{Habit, Mood};
use self::scene::{Scene, TICKS, options, until};
use crate::harness::World;

#[tokio::test(flavor = "multi_thread")]
async fn who_has_the_clients_pass_is_not_known_to_workers() {
    let mut scene = Scene::begin(1).await;
    scene.answer_passes().await;
    for window in 0..2 {
        scene.enter(window).await;
        scene.until_served(0, window).await;
    }
    let own = scene.base.message_key().unwrap().public();
    let asked = scene.workers[0].asked.lock().unwrap().clone();
    let keys: Vec<_> = asked.iter().map(|(_, key)| *key).collect();
    assert_eq!(asked.len(), 2);
    assert_ne!(keys[0], keys[1], "a key for each window");
    for (claim, key) in asked {
        assert_ne!(key, own);
        assert!(matches!(claim, Claim::Delegate { delegation } if delegation.key == key));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_client_the_seat_is_shown_after_a_quarter_of_the_window() {
    let scene = Scene::begin(1).await;
    let start = scene.enter(0).await;
    // Wait for the request, which nobody will answer.
    until(async || !scene.line.local.wraps().is_empty()).await;
    assert_eq!(scene.workers[0].times_asked(), 0);
    scene.world.pass_until(start + TICKS / 4 + 60).await;
    scene.until_served(0, 0).await;
    let own = scene.base.message_key().unwrap().public();
    let [(claim, key)] = scene.workers[0].asked.lock().unwrap().clone().try_into().unwrap();
    assert!(matches!(claim, Claim::Seat { window: 0, .. }), "{claim:?}");
    assert_eq!(key, own);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worthless_pass_is_shown_to_nobody() {
    let scene = Scene::begin(1).await;
    scene.answer_falsely().await;
    for window in 0..2 {
        let start = scene.enter(window).await;
        scene.world.pass_until(start + TICKS / 4 + 60).await;
        scene.until_served(0, window).await;
    }
    let asked = scene.workers[0].asked.lock().unwrap().clone();
    assert!(asked.iter().all(|(claim, _)| matches!(claim, Claim::Seat { .. })), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_worker_gets_what_it_deserves_and_the_tester_its_fee() {
    let mut scene = Scene::begin(3).await;
    scene.answer_passes().await;
    // Window 0: all well. Then one kind of trouble for each window.
    for (window, habit) in
        [Habit::Honest, Habit::Mute, Habit::Gone, Habit::Forger].into_iter().enumerate()
    {
        let window = u8::try_from(window).unwrap();
        scene.workers[1].becomes(habit);
        scene.enter(window).await;
        scene.until_served(0, window).await;
        if habit == Habit::Honest {
            scene.until_served(1, window).await;
        } else {
            scene.until_failed(1, window).await;
        }
        scene.until_served(2, window).await;
    }
    let report = scene.until_reported().await;
    let entries: Vec<_> = report.findings.iter().map(|e| (e.index, e.checked, e.served)).collect();
    assert_eq!(entries, [(0, 0b1111, 0b1111), (1, 0b1111, 0b0001), (2, 0b1111, 0b1111)]);

    // Nobody else settles. The others said nothing, so this tester's word counts alone.
    let market = scene.world.market(&scene.signer).await;
    let before = market.node().balance(scene.payout).await.unwrap();
    scene.until_settled().await;
    until(async || market.node().balance(scene.payout).await.unwrap() > before).await;
    let settled = scene.agreement.settlement().await.unwrap().unwrap();
    let [part] = settled.testers.as_slice() else { panic!("{settled:?}") };
    assert_eq!((part.account, part.seats), (scene.signer.address(), 12));
    let fee = market.node().balance(scene.payout).await.unwrap() - before;
    assert_eq!(fee.to::<u128>(), part.fee);
    until(async || scene.base.store().open_agreements().unwrap().is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_comes_back_in_time_has_served() {
    let mut scene = Scene::begin(1).await;
    scene.answer_passes().await;
    scene.workers[0].becomes(Habit::Gone);
    let start = scene.enter(0).await;
    scene.world.pass_until(start + TICKS / 2).await;
    // It may be looked at later: then the first look is already a good one.
    scene.workers[0].becomes(Habit::Honest);
    scene.until_served(0, 0).await;
    assert_eq!(scene.seen(0).failed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_write_letters_tries_again_soon() {
    let mut scene = Scene::begin(1).await;
    scene.answer_passes().await;
    scene.enter(0).await;
    *scene.line.mood.lock().unwrap() = Mood::Cut;
    // So late that half way to the end would be too late.
    scene.before_end(0, TICKS / 8).await;
    scene.loses_one().await;
    *scene.line.mood.lock().unwrap() = Mood::Well;
    scene.before_end(0, TICKS / 8 - TICKS / 32).await;
    until(async || scene.seen(0).receipt.is_some()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_write_letters_says_nothing_false() {
    let mut scene = Scene::begin(1).await;
    scene.answer_passes().await;
    for (window, mood) in [(0, Mood::Well), (1, Mood::Cut), (2, Mood::Lossy), (3, Mood::Well)] {
        *scene.line.mood.lock().unwrap() = mood;
        // Requests for a pass that were lost in the window before are none of this one's.
        scene.line.lost.store(0, Ordering::Relaxed);
        let start = scene.enter_blindly(window).await;
        if mood == Mood::Well {
            scene.passes_are(if window == 0 { 1 } else { 2 }).await;
            scene.until_served(0, window).await;
            continue;
        }
        // The request for a pass is lost, then that for the endpoint, then the letter to oneself.
        scene.loses_one().await;
        scene.world.pass_until(start + TICKS / 4 + 60).await;
        scene.before_end(window, TICKS / 8).await;
        scene.loses_one().await;
        scene.before_end(window, scene::LAST).await;
        if mood == Mood::Lossy {
            scene.loses_one().await;
        }
    }
    let report = scene.until_reported().await;
    assert_eq!((report.findings[0].checked, report.findings[0].served), (0b1001, 0b1001));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_forgets_nothing_and_repeats_nothing() {
    let mut scene = Scene::begin(1).await;
    scene.answer_passes().await;
    scene.enter(0).await;
    scene.until_served(0, 0).await;
    let scene = scene.restart().await;
    assert_eq!(scene.seen(0).looked_at(), 0b1);
    // In the middle of a window, the same key asks the client again and gets the same pass.
    scene.enter(1).await;
    let scene = scene.restart().await;
    scene.passes_are(3).await;
    scene.until_served(0, 1).await;
    let asked = scene.workers[0].asked.lock().unwrap().clone();
    assert!(asked.iter().all(|(claim, _)| matches!(claim, Claim::Delegate { .. })));
    assert_eq!(asked.len(), 2, "nobody is looked at twice in a window");

    let report = scene.until_reported().await;
    assert_eq!((report.findings[0].checked, report.findings[0].served), (0b11, 0b11));
    let scene = scene.restart().await;
    scene.until_settled().await;
    assert_eq!(scene.agreement.reports().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_the_chain_undid_is_made_again() {
    let mut scene = Scene::begin(1).await;
    scene.answer_passes().await;
    scene.enter(0).await;
    scene.until_served(0, 0).await;
    let before = scene.world.snapshot().await;
    let report = scene.until_reported().await;
    scene.world.revert(&before).await;
    assert!(scene.agreement.reports().await.unwrap().is_empty());
    assert_eq!(scene.until_reported().await.findings, report.findings);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_epoch_has_a_place_of_the_tester() {
    let world = World::new().await;
    let signer = world.person();
    let (market, epoch) = (world.market(&signer).await, u64::from(scene::EPOCH));
    let running = scene::run(&world, &signer, options()).await;
    for _ in 0..3 {
        let next = market.epoch().await.unwrap() + 1;
        until(async || market.place(signer.address(), next).await.unwrap().is_some()).await;
        world.pass(epoch).await;
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_takes_everything_along() {
    let world = World::new().await;
    let signer = world.person();
    let market = world.market(&signer).await;
    let running = scene::run(&world, &signer, options()).await;
    until(async || {
        let next = market.epoch().await.unwrap() + 1;
        market.place(signer.address(), next).await.unwrap().is_some()
    })
    .await;
    running.stop().await;

    let payout = world.person().address();
    let before = market.node().balance(payout).await.unwrap();
    let leaving = TesterOptions {
        leave: true,
        payout: Payout { to: Some(payout), ..options().payout },
        ..options()
    };
    let running = scene::run(&world, &signer, leaving.clone()).await;
    let last = market.worker(signer.address()).await.unwrap().lastEpoch;
    while market.epoch().await.unwrap() <= last {
        assert_eq!(
            market.worker(signer.address()).await.unwrap().stake,
            market.settings().testerBond
        );
        world.pass(u64::from(scene::EPOCH)).await;
    }
    running.ended().await;
    let got = market.node().balance(payout).await.unwrap() - before;
    assert_eq!(got.to::<u128>(), market.settings().testerBond);
    let gone = market.worker(signer.address()).await.unwrap();
    assert_eq!((gone.stake, gone.lastEpoch), (0, last));

    // Whoever comes back puts the bond up again.
    let running = scene::run(&world, &signer, options()).await;
    until(async || market.worker(signer.address()).await.unwrap().lastEpoch > last).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_without_a_place_of_the_tester_is_let_go() {
    let scene = Scene::begin(1).await;
    // In this one nobody is tested.
    let client = scene.world.person();
    scene.world.worker(&crate::harness::offer(1)).await;
    let untested = scene.world.buy(&client, 1, 0).await;
    let other = scene.world.agreement(&client, &untested).await;
    assert_eq!(other.state().await.unwrap(), State::Offered);
    until(async || {
        let cursor = scene.base.store().cursor("bought").unwrap();
        cursor.is_some_and(|(block, _)| block >= untested.receipt.block)
    })
    .await;
    until(async || scene.base.store().open_agreements().unwrap() == [scene.agreement.address()])
        .await;
    scene.enter(0).await;
}
