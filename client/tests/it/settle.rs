//! The end: what the windows say becomes money.

use muster_client::protocol::abi::IWorkAgreement::{Closed, WrongState, settleCall};
use muster_client::protocol::abi::IWorkerDispatcher::{
    AgreementSettled, AvailabilityChanged, Burned, StandingChanged, Unlisted,
};
use muster_client::protocol::abi::{Clock, Order, State, WorkerResult};
use muster_client::protocol::reputation::ONE_OBSERVATION;
use muster_client::protocol::settings;
use muster_client::{Event, Offer, Settlement, Want};

use crate::harness::ends::{absent, fees, finish, paid, part};
use crate::harness::receipts::seen;
use crate::harness::words::{contract, said, told};
use crate::harness::{ETHER, World, evm, offer};
use crate::quote::order;

#[tokio::test(flavor = "multi_thread")]
async fn a_majority_decides_a_window_a_tie_serves_it_and_silence_says_nothing() {
    for clock in [Clock::Second, Clock::ArbBlock] {
        let world = World::with(settings::dev(clock)).await;
        let (ada, cleo) = (world.worker(offer(1_000)).await, world.person().await);
        let testers = world.testers(3).await;
        let purchase = world.buy(&cleo, Want::Usual { redundancy: 1, length: 25 }).await;
        world.accept(&ada, &purchase).await;
        // Window 0: two of three say served. 1: two of three say failed. 2: one against one. 3: nobody.
        let reports =
            [vec![seen(0, 0b111, 0b101)], vec![seen(0, 0b111, 0b001)], vec![seen(0, 0b011, 0b010)]];
        let settlement = finish(&world, &testers, &purchase, &reports).await;

        // Two windows of three were served, and nine tenths were promised.
        let pay = 25_000 * 2 / 3;
        let refund = purchase.escrow - pay - 5 * world.settings.minTesterFee;
        let mut expected = [part(&world, &testers[0], 3), part(&world, &testers[1], 2)];
        expected.sort_unstable();
        assert_eq!(settlement.workers, [paid(&world, &ada, pay, 4, (2, 1, 5))]);
        assert_eq!((fees(&settlement), settlement.refund), (expected.to_vec(), refund));

        let (agreement, client) = (purchase.agreement, cleo.account().unwrap());
        let Settlement { workers, testers: paid, receipt, .. } = settlement;
        let settled =
            AgreementSettled { agreement, client, refund, compensation: 0, workers, testers: paid };
        let closed = told(agreement, Closed { state: State::Settled });
        assert_eq!(world.events(&receipt), [closed, said(settled)]);
        let credits = world.credits().await;
        assert_eq!(credits[&client], refund);
        assert_eq!(credits[&ada.account().unwrap()], pay);
        assert_eq!(credits.get(&testers[2].account().unwrap()), Some(&0));
        assert_eq!(world.wire.balance(agreement).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promise_is_kept_to_the_basis_point() {
    let world = World::new().await;
    let deal = |promise| Offer { promise, ..offer(1_001) };
    let (ada, ben) = (world.worker(deal(7_500)).await, world.worker(deal(7_501)).await);
    let (testers, cleo) = (world.testers(3).await, world.person().await);
    let wanted = Order { windows: 4, testers: 3, ..order(2, 25) };
    let purchase = world.buy(&cleo, Want::Order(wanted)).await;
    world.accept(&ada, &purchase).await;
    world.accept(&ben, &purchase).await;
    let three_of_four = vec![seen(0, 0b1111, 0b0111), seen(1, 0b1111, 0b0111)];
    let reports = [three_of_four.clone(), three_of_four.clone(), three_of_four];
    let settlement = finish(&world, &testers, &purchase, &reports).await;
    let share = 25_025 * 3 / 4;
    let whole = paid(&world, &ada, 25_025, 4, (3, 1, 12));
    // All three are sure of the window that failed: four basis points of four windows are missing.
    let slash = world.settings.minBond * 4 / (4 * 7_501);
    let less = WorkerResult { slash, ..paid(&world, &ben, share, 4, (3, 1, 12)) };
    assert_eq!(settlement.workers, [whole, less]);
    let mut expected: Vec<_> = testers.iter().map(|who| part(&world, who, 8)).collect();
    expected.sort_unstable();
    assert_eq!(fees(&settlement), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_about_whom_nothing_is_known_is_paid_in_full() {
    let world = World::new().await;
    let (ada, ben) = (world.worker(offer(10)).await, world.worker(offer(20)).await);
    let (testers, cleo) = (world.testers(3).await, world.person().await);
    for reports in [vec![], vec![vec![seen(1, 0b1111, 0)]]] {
        let purchase = world.buy(&cleo, Want::Usual { redundancy: 2, length: 24 }).await;
        world.accept(&ada, &purchase).await;
        world.accept(&ben, &purchase).await;
        let settlement = finish(&world, &testers, &purchase, &reports).await;
        // The one tester that spoke, spoke of the other worker alone.
        let (pay, failed) = if reports.is_empty() { (480, 0) } else { (0, 4) };
        let known = paid(&world, &ben, pay, 4, (0, failed, failed.into()));
        assert_eq!(settlement.workers, [paid(&world, &ada, 240, 4, (0, 0, 0)), known]);
        let seats = u16::from(failed);
        let expected = [part(&world, &testers[0], seats)];
        assert_eq!(fees(&settlement), expected[..usize::from(seats > 0)]);
        let earned = 240 + pay + world.settings.minTesterFee * u128::from(seats);
        assert_eq!(settlement.refund, purchase.escrow - earned);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_did_not_accept_gets_nothing_and_its_fees_go_back() {
    let world = World::new().await;
    let (ada, ben) = (world.worker(offer(10)).await, world.worker(offer(20)).await);
    let (testers, cleo) = (world.testers(3).await, world.person().await);
    let purchase = world.buy(&cleo, Want::Usual { redundancy: 2, length: 24 }).await;
    world.accept(&ben, &purchase).await;
    // What testers say of the one that is not there is not looked at.
    let all = vec![seen(0, 0b1111, 0b1111), seen(1, 0b1111, 0b1111)];
    let settlement = finish(&world, &testers, &purchase, &[all.clone(), all.clone(), all]).await;
    let tenth = world.settings.minBond / 10;
    let there = paid(&world, &ben, 480, 4, (4, 0, 12));
    assert_eq!(settlement.workers, [absent(&ada, tenth), there]);
    let mut expected: Vec<_> = testers.iter().map(|who| part(&world, who, 4)).collect();
    expected.sort_unstable();
    assert_eq!(fees(&settlement), expected);
    // The client paid nothing to the one that was away, so the penalty is burned.
    assert_eq!(settlement.refund, 240 + 12 * world.settings.minTesterFee);
    assert_eq!((settlement.compensation, settlement.burned), (0, tenth));
    for (who, stake, misses) in [(&ada, ETHER - tenth, 1), (&ben, ETHER, 0)] {
        let free = who.worker(who.account().unwrap()).await.unwrap();
        assert_eq!((free.active, free.locked, free.stake), (0, 0, stake));
        assert_eq!((free.available, free.listed, free.misses), (misses == 0, misses == 0, misses));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_that_nobody_accepted_gives_everything_back() {
    let world = World::new().await;
    let (ada, cleo) = (world.worker(offer(1_000)).await, world.person().await);
    world.testers(3).await;
    let purchase = world.buy(&cleo, Want::Usual { redundancy: 1, length: 24 }).await;
    let bonded = ada.worker(ada.account().unwrap()).await.unwrap();
    assert_eq!((bonded.active, bonded.locked), (1, world.settings.minBond));
    world.pass(world.settings.acceptWindow + 1).await;
    let settlement = world.settle(&ada, &purchase).await;
    let (worker, tenth) = (ada.account().unwrap(), world.settings.minBond / 10);
    assert_eq!(settlement.workers, [absent(&ada, tenth)]);
    assert_eq!((settlement.refund, settlement.testers.len()), (purchase.escrow, 0));
    // The client lost nothing, so nobody gets what the worker did.
    assert_eq!((settlement.compensation, settlement.burned), (0, tenth));
    let agreement = purchase.agreement;
    let Settlement { refund, compensation, workers, testers, receipt, .. } = settlement;
    let client = cleo.account().unwrap();
    let settled = AgreementSettled { agreement, client, refund, compensation, workers, testers };
    let events = [
        told(agreement, Closed { state: State::Void }),
        said(StandingChanged { worker, good: 0, bad: ONE_OBSERVATION }),
        said(AvailabilityChanged { worker, available: false }),
        said(Unlisted { worker }),
        said(Burned { agreement, amount: tenth }),
        said(settled),
    ];
    assert_eq!(world.events(&receipt), events);
    let free = ada.worker(worker).await.unwrap();
    assert_eq!((free.active, free.locked, free.stake), (0, 0, ETHER - tenth));
    assert_eq!((free.available, free.listed, free.misses), (false, false, 1));
    assert_eq!(cleo.credit(cleo.account().unwrap()).await.unwrap(), purchase.escrow);
}

#[tokio::test(flavor = "multi_thread")]
async fn untested_work_is_paid_in_full() {
    let world = World::new().await;
    let (ada, ben) = (world.worker(offer(10)).await, world.worker(offer(20)).await);
    let cleo = world.person().await;
    let purchase = world.buy(&cleo, Want::Order(order(2, 8))).await;
    world.accept(&ada, &purchase).await;
    let settlement = finish(&world, &[], &purchase, &[]).await;
    let tenth = world.settings.minBond / 10;
    let whole = paid(&world, &ada, 80, 1, (0, 0, 0));
    assert_eq!(settlement.workers, [whole, absent(&ben, tenth)]);
    assert_eq!((settlement.refund, settlement.testers.len()), (160, 0));
    assert_eq!((settlement.compensation, settlement.burned), (0, tenth));
}

#[tokio::test(flavor = "multi_thread")]
async fn ether_that_was_forced_in_is_the_clients() {
    let world = World::new().await;
    let (ada, cleo) = (world.worker(offer(10)).await, world.person().await);
    let purchase = world.buy(&cleo, Want::Order(order(1, 8))).await;
    world.create(evm::force(purchase.agreement), 77).await;
    assert_eq!(world.wire.balance(purchase.agreement).await, 80 + 77);
    world.accept(&ada, &purchase).await;
    let settlement = finish(&world, &[], &purchase, &[]).await;
    assert_eq!((settlement.workers[0].pay, settlement.refund), (80, 77));
    assert_eq!(world.wire.balance(purchase.agreement).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_is_settled_once() {
    let world = World::new().await;
    let (ada, cleo) = (world.worker(offer(10)).await, world.person().await);
    let settle = settleCall { hints: vec![] };
    let purchase = world.buy(&cleo, Want::Order(order(1, 8))).await;
    world.accept(&ada, &purchase).await;
    finish(&world, &[], &purchase, &[]).await;
    // Not even if there is money in it again.
    world.create(evm::force(purchase.agreement), 5).await;
    let refusal = contract(WrongState { state: State::Settled });
    assert_eq!(world.send(&cleo, purchase.agreement, &settle, 0).await, refusal);

    let purchase = world.buy(&cleo, Want::Order(order(1, 8))).await;
    world.pass(world.settings.acceptWindow + 1).await;
    world.settle(&cleo, &purchase).await;
    let refusal = contract(WrongState { state: State::Void });
    assert_eq!(world.send(&cleo, purchase.agreement, &settle, 0).await, refusal);
}

#[tokio::test(flavor = "multi_thread")]
async fn testers_are_those_of_the_epoch_of_the_purchase() {
    let world = World::new().await;
    let (ada, cleo) = (world.worker(offer(10)).await, world.person().await);
    // In every epoch the list has another order; the purchase is in the third of five.
    let testers = world.testers(3).await;
    let mut bought = None;
    for order in [[2, 1, 0], [1, 0, 2], [0, 2, 1]] {
        world.pass(world.settings.epochLength).await;
        for index in order {
            world.tx(testers[index].check_in()).await.unwrap();
        }
        if order == [1, 0, 2] {
            let purchase = world.buy(&cleo, Want::Usual { redundancy: 1, length: 8 }).await;
            world.accept(&ada, &purchase).await;
            bought = Some(purchase);
            // The last epoch is behind the reports.
            world.pass(8).await;
            let to = bought.as_ref().unwrap().agreement;
            let call = world.testimony(&testers[2], to, 0, &[seen(0, 1, 1)]).await;
            world.send(&testers[2], to, &call, 0).await.unwrap();
        }
    }
    let settlement = world.settle(&cleo, &bought.unwrap()).await;
    let expected = part(&world, &testers[2], 1);
    assert_eq!(fees(&settlement), [expected]);
    let credits = world.credits().await;
    let credit = |index: usize| credits[&testers[index].account().unwrap()];
    assert_eq!([credit(0), credit(1), credit(2)], [0, 0, expected.1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn history_tells_a_life_in_its_order() {
    let world = World::new().await;
    let (ada, cleo) = (world.worker(offer(10)).await, world.person().await);
    let purchase = world.buy(&cleo, Want::Order(order(1, 8))).await;
    let accepted = world.accept(&ada, &purchase).await;
    let settlement = finish(&world, &[], &purchase, &[]).await;
    let (from, to) = (purchase.receipt.block, settlement.receipt.block);
    let history = cleo.history(from, to).await.unwrap();
    let history: Vec<Event> = history.into_iter().map(|happening| happening.event).collect();
    let told = [&purchase.receipt, &accepted, &settlement.receipt];
    let expected: Vec<_> = told.iter().flat_map(|receipt| world.events(receipt)).collect();
    assert_eq!(history, expected);
}
