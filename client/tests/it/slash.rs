//! Slashing: what a worker loses for what no seat vouches for, and who gets it.

use muster_client::protocol::abi::IWorkerDispatcher::Burned;
use muster_client::protocol::abi::{Order, WorkerResult};
use muster_client::{Offer, OrderRequest};

use crate::harness::expected::dispatcher_event;
use crate::harness::receipts::{probed, unsigned_entry};
use crate::harness::settlement::{
    absent_worker, paid_worker, run_to_settlement, settle_unaccepted,
};
use crate::harness::{ETHER, TestEnv, agreement, offer};
use crate::quote::order;

#[tokio::test(flavor = "multi_thread")]
async fn a_bond_follows_the_best_share_that_two_seats_do_not_deny() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (env.worker(offer(1_000)).await, env.new_account().await);
    let (testers, bond) = (env.testers(3).await, env.settings.minBond);
    let mut stake = ETHER;
    // All report that windows 0 to 2 were served; these are the three reports on the last one, as probes
    // made and served.
    let (served, third, failed, silent) = (Some((3, 3)), Some((3, 1)), Some((3, 0)), None);
    let half_of_two = Some((2, 1));
    // Nine tenths of four windows were promised: with three windows served, six of 36 twelfths are
    // missing; with a third of the last one, two of 27.
    let cases = [
        ([failed, failed, failed], 3, bond / 6),
        ([failed, silent, failed], 2, bond / 6),
        // One seat is not enough to deny it, and one that was served vouches for it.
        ([silent, failed, silent], 1, 0),
        ([failed, failed, served], 2, 0),
        // A seat vouches for what it was served of all probes, not of those that it made.
        ([failed, third, failed], 3, bond * 2 / 27),
        ([failed, failed, half_of_two], 2, bond * 2 / 27),
    ];
    for (votes, agreeing, slash) in cases {
        let purchase = env.buy(&cleo, OrderRequest::Default { redundancy: 1, length: 24 }).await;
        env.accept(&ada, &purchase).await;
        let report = |vote: Option<(u8, u8)>| {
            let last = vote.map(|(made, served)| unsigned_entry(0, 3, made, served));
            probed(0, "333").into_iter().chain(last).collect::<Vec<_>>()
        };
        let settlement = run_to_settlement(&env, &testers, &purchase, &votes.map(report)).await;
        // The median of the last window is 0 in every case.
        let part = paid_worker(&env, &ada, 18_000, 24, (4, 7_500, 9 + agreeing));
        assert_eq!(settlement.workers, [WorkerResult { slash, ..part }], "{votes:?}");
        stake -= slash;
        let account = ada.worker(ada.account().unwrap()).await.unwrap();
        assert_eq!((account.stake, account.locked, account.listed), (stake, 0, true));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bond_is_lost_as_far_as_the_promise_was_missed() {
    let env = TestEnv::new().await;
    let cleo = env.new_account().await;
    let mut workers = Vec::new();
    for (price, promise) in [(1, 5_000), (2, 7_500), (3, 7_501), (4, 10_000)] {
        workers.push(env.worker(Offer { promise, ..offer(price) }).await);
    }
    let (testers, bond) = (env.testers(3).await, env.settings.minBond);
    // The reports of all seats; the exact loss of each of the four.
    let cases = [
        ("3333", [0, 0, 0, 0]),
        ("3330", [0, 0, bond * 4 / 30_004, bond / 4]),
        ("3300", [0, bond / 3, bond * 10_004 / 30_004, bond / 2]),
        ("3000", [bond / 2, bond * 2 / 3, bond * 20_004 / 30_004, bond * 3 / 4]),
        ("0000", [bond; 4]),
    ];
    for (served, slashes) in cases {
        let wanted = Order { windows: 4, testers: 3, ..order(4, 24) };
        let purchase = env.buy(&cleo, OrderRequest::Custom(wanted)).await;
        for worker in &workers {
            env.accept(worker, &purchase).await;
        }
        let report: Vec<_> = (0..4).flat_map(|index| probed(index, served)).collect();
        let reports = [report.clone(), report.clone(), report];
        let settlement = run_to_settlement(&env, &testers, &purchase, &reports).await;
        let lost: Vec<_> = settlement.workers.iter().map(|worker| worker.slash).collect();
        assert_eq!(lost, slashes, "{served}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_client_cannot_get_is_burned() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (env.worker(offer(1_000)).await, env.new_account().await);
    let (testers, bond) = (env.testers(3).await, env.settings.minBond);
    let purchase = env.buy(&cleo, OrderRequest::Default { redundancy: 1, length: 24 }).await;
    env.accept(&ada, &purchase).await;
    let report = probed(0, "0000");
    let reports = [report.clone(), report.clone(), report];
    let settlement = run_to_settlement(&env, &testers, &purchase, &reports).await;
    let part = paid_worker(&env, &ada, 0, 24, (4, 0, 12));
    assert_eq!(settlement.workers, [WorkerResult { slash: bond, ..part }]);
    // The worker was paid nothing that could come back; the testers' fees are the cost of testing.
    assert_eq!((settlement.refund, settlement.compensation), (24_000, 0));
    assert_eq!(settlement.burned, bond);
    let burned = dispatcher_event(Burned { agreement: purchase.agreement, amount: bond });
    assert!(env.events(&settlement.receipt).contains(&burned));
    let credit = cleo.credit(cleo.account().unwrap()).await.unwrap();
    assert_eq!(credit, purchase.escrow - 12 * env.settings.minTesterFee);
    let account = ada.worker(ada.account().unwrap()).await.unwrap();
    assert_eq!((account.stake, account.locked), (ETHER - bond, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slash_that_is_no_more_than_the_pay_is_the_clients() {
    let env = TestEnv::new().await;
    // Its longest agreement takes exactly the stake of one ether as bond.
    let price = ETHER / 100;
    let (ada, cleo) = (env.worker(offer(price)).await, env.new_account().await);
    let testers = env.testers(3).await;
    let purchase = env.buy(&cleo, OrderRequest::Default { redundancy: 1, length: 24 }).await;
    env.accept(&ada, &purchase).await;
    let report = probed(0, "3330");
    let reports = [report.clone(), report.clone(), report];
    let settlement = run_to_settlement(&env, &testers, &purchase, &reports).await;
    let (fees, slash) = (12 * price * 6 / 100, price * 24 / 10 / 6);
    let part = paid_worker(&env, &ada, price * 18, 24, (4, 7_500, 12));
    let expected = WorkerResult { slash, fees, ..part };
    assert_eq!(settlement.workers, [expected]);
    assert_eq!(settlement.refund, price * 6);
    assert_eq!((settlement.compensation, settlement.burned), (slash, 0));
    assert_eq!(cleo.credit(cleo.account().unwrap()).await.unwrap(), price * 6 + slash);
    assert!(settlement.receipt.event::<Burned>(env.dispatcher).is_none());
    // The rest does not cover the bond of its longest agreement, so it stays out of its book.
    let worker = ada.account().unwrap();
    let account = ada.worker(worker).await.unwrap();
    assert_eq!((account.stake, account.available, account.listed), (ETHER - slash, true, false));
    env.tx(ada.stake(slash)).await.unwrap();
    assert!(ada.worker(worker).await.unwrap().listed);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_slash_makes_good_what_was_paid_to_others() {
    let env = TestEnv::new().await;
    // One serves, one fails, one does not accept.
    let workers = [
        env.worker(offer(1_000)).await,
        env.worker(offer(2_000)).await,
        env.worker(offer(3_000)).await,
    ];
    let [ada, ben, eve] = &workers;
    let (testers, cleo) = (env.testers(3).await, env.new_account().await);
    let (bond, fee) = (env.settings.minBond, env.settings.minTesterFee);
    let purchase = env.buy(&cleo, OrderRequest::Default { redundancy: 3, length: 24 }).await;
    env.accept(ada, &purchase).await;
    env.accept(ben, &purchase).await;
    let report = [probed(0, "3333"), probed(1, "0000")].concat();
    let reports = [report.clone(), report.clone(), report];
    let settlement = run_to_settlement(&env, &testers, &purchase, &reports).await;
    let failed = WorkerResult { slash: bond, ..paid_worker(&env, ben, 0, 24, (4, 0, 12)) };
    let served = paid_worker(&env, ada, 24_000, 24, (4, 10_000, 12));
    assert_eq!(settlement.workers, [served, failed, absent_worker(eve, bond / 10)]);
    let spent = 24_000 + 24 * fee;
    assert_eq!(settlement.refund, purchase.escrow - spent);
    assert_eq!((settlement.compensation, settlement.burned), (0, bond + bond / 10));
    let credit = cleo.credit(cleo.account().unwrap()).await.unwrap();
    assert_eq!(credit, settlement.refund);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bond_is_slashed_in_every_status() {
    let env = TestEnv::new().await;
    let cleo = env.new_account().await;
    let mut workers = Vec::new();
    for (price, capacity) in [(1, 2), (2, 1), (3, 2), (4, 2), (5, 2)] {
        workers.push(env.worker(Offer { capacity, ..offer(price) }).await);
    }
    let (testers, bond) = (env.testers(3).await, env.settings.minBond);
    let wanted = Order { windows: 4, testers: 3, ..order(5, 24) };
    let purchase = env.buy(&cleo, OrderRequest::Custom(wanted)).await;
    for worker in &workers {
        env.accept(worker, &purchase).await;
    }
    // One is drained, one is at capacity, one has unstaked all it could, one fails to accept
    // elsewhere, one resigns.
    let [drained, full, emptied, _, resigned] = &workers[..] else { panic!("there are five") };
    env.tx(drained.set_available(false)).await.unwrap();
    assert!(!full.worker(full.account().unwrap()).await.unwrap().listed);
    env.tx(emptied.unstake(ETHER - bond)).await.unwrap();
    let elsewhere = env.tx(cleo.hire(&order(1, 12), &[4], ETHER)).await.unwrap();
    let missed = settle_unaccepted(&env, &elsewhere).await;
    assert_eq!(missed.workers[0].slash, bond / 10);
    // In the first tick after three windows.
    env.advance(14).await;
    env.tx(agreement(resigned, &purchase).await.resign()).await.unwrap();

    let windows = |index| if index == 4 { "000" } else { "0000" };
    let report: Vec<_> = (0..5).flat_map(|index| probed(index, windows(index))).collect();
    let reports = [report.clone(), report.clone(), report];
    let settlement = run_to_settlement(&env, &testers, &purchase, &reports).await;
    let lost: Vec<_> = settlement.workers.iter().map(|worker| worker.slash).collect();
    assert_eq!(lost, [bond, bond, bond, bond, bond * 3 / 4 + bond / 10]);
    let before = [ETHER, ETHER, bond, ETHER - bond / 10, ETHER];
    for ((worker, before), lost) in workers.iter().zip(before).zip(lost) {
        let account = worker.worker(worker.account().unwrap()).await.unwrap();
        assert_eq!((account.stake, account.locked, account.active), (before - lost, 0, 0));
    }
}
