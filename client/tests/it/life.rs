//! A whole life: two workers, three testers, one client; one worker stops half way.

use client::Want;
use client::terms::abi::{Entry, State};
use client::terms::money;
use client::terms::verdict::Record;

use crate::harness::{World, agreement, offer};

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
    let seen = agreement(&cleo, &purchase).await;
    assert_eq!(seen.state().await.unwrap(), State::Running);
    for window in 0..4 {
        assert_eq!(seen.testers(window).await.unwrap().len(), 3);
    }

    // With three testers and three seats, everybody has a seat in every window.
    world.pass(24).await;
    for tester in &testers {
        let entries = [
            Entry { index: 0, checked: 0b1111, served: 0b1111 },
            Entry { index: 1, checked: 0b1111, served: 0b0011 },
        ];
        world.report(tester, &purchase, &entries).await;
    }
    world.pass(world.settings.reportWindow).await;
    let settlement = world.settle(&cleo, &purchase).await;

    let half = Record { served: 2, failed: 2 };
    let pays: Vec<u128> = settlement.workers.iter().map(|worker| worker.pay).collect();
    assert_eq!(pays, [24_000, money::pay(2_000, 24, 9_000, half)]);
    assert_eq!(pays[1], 24_000, "half of what was agreed");
    // Each tester: four windows of two workers, all of them in the majority.
    let fees: Vec<_> = settlement.testers.iter().map(|tester| (tester.fee, tester.seats)).collect();
    assert_eq!(fees, [(8 * fee, 8); 3]);
    assert_eq!(settlement.refund, purchase.escrow - 48_000 - 24 * fee);
    assert_eq!(seen.state().await.unwrap(), State::Settled);

    for (party, due) in [(&ada, 24_000), (&ben, 24_000), (&testers[0], 8 * fee)] {
        let account = party.account().unwrap();
        assert_eq!(world.tx(party.withdraw(account)).await.unwrap().amount, due);
        assert_eq!(party.credit(account).await.unwrap(), 0);
    }
}
