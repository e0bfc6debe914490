//! A whole life: two workers, three testers, one client; one worker stops half way.

use muster_client::Want;
use muster_client::protocol::abi::State;
use muster_client::protocol::money::{self, Judgement};
use muster_client::protocol::reputation::{ONE_OBSERVATION, ReputationWeights};
use muster_client::protocol::verdict::WindowTally;

use crate::harness::receipts::seen;
use crate::harness::{ETHER, World, agreement, offer};

#[tokio::test(flavor = "multi_thread")]
async fn everybody_gets_what_the_windows_say() {
    let world = World::new().await;
    let (ada, ben) = (world.worker(offer(1_000)).await, world.worker(offer(2_000)).await);
    let testers = world.testers(3).await;
    let cleo = world.person().await;

    let purchase = world.buy(&cleo, Want::Usual { redundancy: 2, length: 24 }).await;
    assert_eq!(purchase.workers, [ada.account().unwrap(), ben.account().unwrap()]);
    let (fee, windows) = (world.settings.minTesterFee, 4);
    assert_eq!(purchase.escrow, (1_000 + 2_000) * 24 + 2 * fee * 3 * windows);

    world.accept(&ada, &purchase).await;
    world.accept(&ben, &purchase).await;
    let cleos = agreement(&cleo, &purchase).await;
    assert_eq!(cleos.state().await.unwrap(), State::Running);
    for window in 0..4 {
        assert_eq!(cleos.testers(window).await.unwrap().len(), 3);
    }

    // With three testers and three seats, everybody has a seat in every window.
    world.pass(24).await;
    for tester in &testers {
        let entries = [seen(0, 0b1111, 0b1111), seen(1, 0b1111, 0b0011)];
        world.report(tester, &purchase, &entries).await;
    }
    world.pass(world.settings.reportWindow).await;
    let settlement = world.settle(&cleo, &purchase).await;

    let half = WindowTally { served: 2, failed: 2 };
    let pays: Vec<u128> = settlement.workers.iter().map(|worker| worker.pay).collect();
    assert_eq!(pays, [24_000, money::pay(2_000, 24, 9_000, half)]);
    assert_eq!(pays[1], 24_000, "half of what was agreed");
    // The promise was 90 %, and half of the windows failed for certain.
    let judgement = Judgement { tally: half, certain_failures: 2, ticks: 24, resigned: false };
    let slash = money::slash(world.settings.minBond, 24, 9_000, &judgement);
    let slashes: Vec<u128> = settlement.workers.iter().map(|worker| worker.slash).collect();
    assert_eq!(slashes, [0, slash]);
    assert_eq!(slash, world.settings.minBond * 4 / 9);
    // The client has back what the second was paid; the rest is nobody's.
    assert_eq!(settlement.compensation, 24_000);
    assert_eq!(settlement.burned, slash - settlement.compensation);
    let bens = ben.worker(ben.account().unwrap()).await.unwrap();
    assert_eq!((bens.stake, bens.locked), (ETHER - slash, 0));
    // Each tester: four windows of two workers, all of them in the majority.
    let fees: Vec<_> = settlement.testers.iter().map(|tester| (tester.fee, tester.seats)).collect();
    assert_eq!(fees, [(8 * fee, 8); 3]);
    assert_eq!(settlement.refund, purchase.escrow - 48_000 - 24 * fee);
    assert_eq!(cleos.state().await.unwrap(), State::Settled);
    // Twelve seats at the lowest fee are one observation, which ada keeps whole and ben halves.
    for (worker, good, bad) in
        [(&ada, ONE_OBSERVATION, 0), (&ben, ONE_OBSERVATION / 2, ONE_OBSERVATION / 2)]
    {
        let known = cleo.reputation(worker.account().unwrap()).await.unwrap();
        assert_eq!(known.standing, ReputationWeights { good, bad });
        assert_eq!(known.score, known.standing.score());
    }

    for (party, due) in [(&ada, 24_000), (&ben, 24_000), (&testers[0], 8 * fee)] {
        let account = party.account().unwrap();
        assert_eq!(world.tx(party.withdraw(account)).await.unwrap().amount, due);
        assert_eq!(party.credit(account).await.unwrap(), 0);
    }
}
