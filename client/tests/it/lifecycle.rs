//! A whole lifecycle: two workers, three testers, one client; one worker stops half way.

use muster_client::OrderRequest;
use muster_client::protocol::abi::State;
use muster_client::protocol::money::{self, Judgement};
use muster_client::protocol::reputation::{ONE_OBSERVATION, ReputationWeights};
use muster_client::protocol::shares::Uptime;

use crate::harness::receipts::probed;
use crate::harness::{ETHER, TestEnv, agreement, offer};

#[tokio::test(flavor = "multi_thread")]
async fn every_party_is_paid_by_the_shares_of_the_windows() {
    let env = TestEnv::new().await;
    let (ada, ben) = (env.worker(offer(1_000)).await, env.worker(offer(2_000)).await);
    let testers = env.testers(3).await;
    let cleo = env.new_account().await;

    let purchase = env.buy(&cleo, OrderRequest::Default { redundancy: 2, length: 24 }).await;
    assert_eq!(purchase.workers, [ada.account().unwrap(), ben.account().unwrap()]);
    let (fee, windows) = (env.settings.minTesterFee, 4);
    assert_eq!(purchase.escrow, (1_000 + 2_000) * 24 + 2 * fee * 3 * windows);

    env.accept(&ada, &purchase).await;
    env.accept(&ben, &purchase).await;
    let cleos = agreement(&cleo, &purchase).await;
    assert_eq!(cleos.state().await.unwrap(), State::Running);
    for window in 0..4 {
        assert_eq!(cleos.testers(window).await.unwrap().len(), 3);
    }

    // With three testers and three seats, every tester has a seat in every window.
    env.advance(24).await;
    for tester in &testers {
        let entries = [probed(0, "3333"), probed(1, "3300")].concat();
        env.report(tester, &purchase, &entries).await;
    }
    env.advance(env.settings.reportWindow).await;
    let settlement = env.settle(&cleo, &purchase).await;

    let mut half = Uptime::default();
    half.add(12, 12);
    half.add(12, 0);
    let pays: Vec<u128> = settlement.workers.iter().map(|worker| worker.pay).collect();
    assert_eq!(pays, [24_000, money::pay(2_000, 24, 9_000, half)]);
    assert_eq!(pays[1], 24_000, "half of what was agreed");
    // The promise was 90 %, and no seat vouches for half of the windows.
    let judgement = Judgement { best: half, ticks: 24, resigned: false };
    let slash = money::slash(env.settings.minBond, 24, 9_000, &judgement);
    let slashes: Vec<u128> = settlement.workers.iter().map(|worker| worker.slash).collect();
    assert_eq!(slashes, [0, slash]);
    assert_eq!(slash, env.settings.minBond * 4 / 9);
    // The client gets back the second worker's pay; the rest is burned.
    assert_eq!(settlement.compensation, 24_000);
    assert_eq!(settlement.burned, slash - settlement.compensation);
    let bens = ben.worker(ben.account().unwrap()).await.unwrap();
    assert_eq!((bens.stake, bens.locked), (ETHER - slash, 0));
    // Each tester: four windows of two workers, all of them at the medians.
    let fees: Vec<_> = settlement.testers.iter().map(|tester| (tester.fee, tester.seats)).collect();
    assert_eq!(fees, [(8 * fee, 8); 3]);
    assert_eq!(settlement.refund, purchase.escrow - 48_000 - 24 * fee);
    assert_eq!(cleos.state().await.unwrap(), State::Settled);
    // Twelve seats at the lowest fee are 65 thousandths of an observation, all of it good for ada and
    // half of it for ben.
    let weight = ONE_OBSERVATION * 65 / 1_000;
    for (worker, good, bad) in [(&ada, weight, 0), (&ben, weight / 2, weight / 2)] {
        let known = cleo.reputation(worker.account().unwrap()).await.unwrap();
        assert_eq!(known.weights, ReputationWeights { good, bad });
        assert_eq!(known.score, known.weights.score());
    }

    for (party, due) in [(&ada, 24_000), (&ben, 24_000), (&testers[0], 8 * fee)] {
        let account = party.account().unwrap();
        assert_eq!(env.tx(party.withdraw(account)).await.unwrap().amount, due);
        assert_eq!(party.credit(account).await.unwrap(), 0);
    }
}
