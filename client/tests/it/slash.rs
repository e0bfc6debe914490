//! Bonds: what a worker loses for windows that failed for certain, and who gets it.

use muster_client::protocol::abi::IWorkerDispatcher::Burned;
use muster_client::protocol::abi::{Entry, Order, WorkerResult};
use muster_client::{Offer, Want};

use crate::harness::ends::{absent, finish, forsake, paid};
use crate::harness::receipts::seen;
use crate::harness::words::said;
use crate::harness::{ETHER, World, agreement, offer};
use crate::quote::order;

/// What one tester says of worker 0, and of nobody if it saw nothing.
fn say(checked: u32, served: u32) -> Vec<Entry> {
    if checked == 0 { vec![] } else { vec![seen(0, checked, served)] }
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_that_surely_failed_cost_the_bond_and_one_receipt_saves_it() {
    let world = World::new().await;
    let (ada, cleo) = (world.worker(offer(1_000)).await, world.person().await);
    let (testers, bond) = (world.testers(3).await, world.settings.minBond);
    let mut stake = ETHER;
    // All say that windows 0 to 2 were served; here is what the three say of the last one.
    let (served, failed, silent) = (Some(true), Some(false), None);
    let cases = [
        ([failed, failed, failed], 3, bond / 6),
        ([failed, silent, failed], 2, bond / 6),
        // One voice is not enough, and a receipt is a doubt.
        ([silent, failed, silent], 1, 0),
        ([failed, failed, served], 2, 0),
    ];
    for (votes, agreeing, slash) in cases {
        let purchase = world.buy(&cleo, Want::Usual { redundancy: 1, length: 24 }).await;
        world.accept(&ada, &purchase).await;
        let report = |vote: Option<bool>| match vote {
            Some(true) => say(0b1111, 0b1111),
            Some(false) => say(0b1111, 0b0111),
            None => say(0b0111, 0b0111),
        };
        let settlement = finish(&world, &testers, &purchase, &votes.map(report)).await;
        // Nine tenths of four windows were promised, and three were served: six of thirty-six.
        let part = paid(&world, &ada, 18_000, 4, (3, 1, 9 + agreeing));
        assert_eq!(settlement.workers, [WorkerResult { slash, ..part }], "{votes:?}");
        stake -= slash;
        let account = ada.worker(ada.account().unwrap()).await.unwrap();
        assert_eq!((account.stake, account.locked, account.listed), (stake, 0, true));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bond_is_lost_as_far_as_the_promise_was_missed() {
    let world = World::new().await;
    let cleo = world.person().await;
    let mut workers = Vec::new();
    for (price, promise) in [(1, 5_000), (2, 7_500), (3, 7_501), (4, 10_000)] {
        workers.push(world.worker(Offer { promise, ..offer(price) }).await);
    }
    let (testers, bond) = (world.testers(3).await, world.settings.minBond);
    // So many of four windows failed; what each of the four loses, exactly.
    let cases = [
        (0b1111, [0, 0, 0, 0]),
        (0b0111, [0, 0, bond * 4 / 30_004, bond / 4]),
        (0b0011, [0, bond / 3, bond * 10_004 / 30_004, bond / 2]),
        (0b0001, [bond / 2, bond * 2 / 3, bond * 20_004 / 30_004, bond * 3 / 4]),
        (0b0000, [bond; 4]),
    ];
    for (served, slashes) in cases {
        let wanted = Order { windows: 4, testers: 3, ..order(4, 24) };
        let purchase = world.buy(&cleo, Want::Order(wanted)).await;
        for worker in &workers {
            world.accept(worker, &purchase).await;
        }
        let report: Vec<_> = (0..4).map(|index| seen(index, 0b1111, served)).collect();
        let reports = [report.clone(), report.clone(), report];
        let settlement = finish(&world, &testers, &purchase, &reports).await;
        let lost: Vec<_> = settlement.workers.iter().map(|worker| worker.slash).collect();
        assert_eq!(lost, slashes, "{served:b}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_client_cannot_get_is_burned() {
    let world = World::new().await;
    let (ada, cleo) = (world.worker(offer(1_000)).await, world.person().await);
    let (testers, bond) = (world.testers(3).await, world.settings.minBond);
    let purchase = world.buy(&cleo, Want::Usual { redundancy: 1, length: 24 }).await;
    world.accept(&ada, &purchase).await;
    let reports = [say(0b1111, 0), say(0b1111, 0), say(0b1111, 0)];
    let settlement = finish(&world, &testers, &purchase, &reports).await;
    let part = paid(&world, &ada, 0, 4, (0, 4, 12));
    assert_eq!(settlement.workers, [WorkerResult { slash: bond, ..part }]);
    // The worker was paid nothing that could come back; the testers' fees are what it cost to know.
    assert_eq!((settlement.refund, settlement.compensation), (24_000, 0));
    assert_eq!(settlement.burned, bond);
    let burned = said(Burned { agreement: purchase.agreement, amount: bond });
    assert!(world.events(&settlement.receipt).contains(&burned));
    let credit = cleo.credit(cleo.account().unwrap()).await.unwrap();
    assert_eq!(credit, purchase.escrow - 12 * world.settings.minTesterFee);
    let account = ada.worker(ada.account().unwrap()).await.unwrap();
    assert_eq!((account.stake, account.locked), (ETHER - bond, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slash_that_is_no_more_than_the_pay_is_the_clients() {
    let world = World::new().await;
    // Its longest agreement takes exactly the stake of one ether as bond.
    let price = ETHER / 100;
    let (ada, cleo) = (world.worker(offer(price)).await, world.person().await);
    let testers = world.testers(3).await;
    let purchase = world.buy(&cleo, Want::Usual { redundancy: 1, length: 24 }).await;
    world.accept(&ada, &purchase).await;
    let report = say(0b1111, 0b0111);
    let reports = [report.clone(), report.clone(), report];
    let settlement = finish(&world, &testers, &purchase, &reports).await;
    let (fees, slash) = (12 * price * 6 / 100, price * 24 / 10 / 6);
    let expected = WorkerResult { slash, fees, ..paid(&world, &ada, price * 18, 4, (3, 1, 12)) };
    assert_eq!(settlement.workers, [expected]);
    assert_eq!(settlement.refund, price * 6);
    assert_eq!((settlement.compensation, settlement.burned), (slash, 0));
    assert_eq!(cleo.credit(cleo.account().unwrap()).await.unwrap(), price * 6 + slash);
    assert!(settlement.receipt.event::<Burned>(world.dispatcher).is_none());
    // What is left does not cover its longest agreement any more, so it stays out of its book.
    let worker = ada.account().unwrap();
    let account = ada.worker(worker).await.unwrap();
    assert_eq!((account.stake, account.available, account.listed), (ETHER - slash, true, false));
    world.tx(ada.stake(slash)).await.unwrap();
    assert!(ada.worker(worker).await.unwrap().listed);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_slash_makes_good_what_was_paid_to_others() {
    let world = World::new().await;
    // One serves, one fails for certain, one is not there.
    let workers = [
        world.worker(offer(1_000)).await,
        world.worker(offer(2_000)).await,
        world.worker(offer(3_000)).await,
    ];
    let [ada, ben, eve] = &workers;
    let (testers, cleo) = (world.testers(3).await, world.person().await);
    let (bond, fee) = (world.settings.minBond, world.settings.minTesterFee);
    let purchase = world.buy(&cleo, Want::Usual { redundancy: 3, length: 24 }).await;
    world.accept(ada, &purchase).await;
    world.accept(ben, &purchase).await;
    let report = vec![seen(0, 0b1111, 0b1111), seen(1, 0b1111, 0)];
    let reports = [report.clone(), report.clone(), report];
    let settlement = finish(&world, &testers, &purchase, &reports).await;
    let failed = WorkerResult { slash: bond, ..paid(&world, ben, 0, 4, (0, 4, 12)) };
    let served = paid(&world, ada, 24_000, 4, (4, 0, 12));
    assert_eq!(settlement.workers, [served, failed, absent(eve, bond / 10)]);
    let spent = 24_000 + 24 * fee;
    assert_eq!(settlement.refund, purchase.escrow - spent);
    assert_eq!((settlement.compensation, settlement.burned), (0, bond + bond / 10));
    let credit = cleo.credit(cleo.account().unwrap()).await.unwrap();
    assert_eq!(credit, settlement.refund);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bond_is_slashed_in_every_status() {
    let world = World::new().await;
    let cleo = world.person().await;
    let mut workers = Vec::new();
    for (price, capacity) in [(1, 2), (2, 1), (3, 2), (4, 2), (5, 2)] {
        workers.push(world.worker(Offer { capacity, ..offer(price) }).await);
    }
    let (testers, bond) = (world.testers(3).await, world.settings.minBond);
    let wanted = Order { windows: 4, testers: 3, ..order(5, 24) };
    let purchase = world.buy(&cleo, Want::Order(wanted)).await;
    for worker in &workers {
        world.accept(worker, &purchase).await;
    }
    // One drains, one is full, one has taken out all it could, one is away elsewhere, one resigns.
    let [drained, full, emptied, _, resigned] = &workers[..] else { panic!("there are five") };
    world.tx(drained.set_available(false)).await.unwrap();
    assert!(!full.worker(full.account().unwrap()).await.unwrap().listed);
    world.tx(emptied.unstake(ETHER - bond)).await.unwrap();
    let elsewhere = world.tx(cleo.hire(&order(1, 8), &[4], ETHER)).await.unwrap();
    let missed = forsake(&world, &elsewhere).await;
    assert_eq!(missed.workers[0].slash, bond / 10);
    world.pass(18).await;
    world.tx(agreement(resigned, &purchase).await.resign()).await.unwrap();

    let report: Vec<_> = (0..5).map(|index| seen(index, 0b1111, 0)).collect();
    let reports = [report.clone(), report.clone(), report];
    let settlement = finish(&world, &testers, &purchase, &reports).await;
    let lost: Vec<_> = settlement.workers.iter().map(|worker| worker.slash).collect();
    assert_eq!(lost, [bond, bond, bond, bond, bond * 3 / 4 + bond / 10]);
    let before = [ETHER, ETHER, bond, ETHER - bond / 10, ETHER];
    for ((worker, before), lost) in workers.iter().zip(before).zip(lost) {
        let account = worker.worker(worker.account().unwrap()).await.unwrap();
        assert_eq!((account.stake, account.locked, account.active), (before - lost, 0, 0));
    }
}
