//! Check-ins, and leaving.

use muster_daemons::Payout;
use muster_daemons::tester::TesterOptions;

use super::fixture;
use super::running::{options, run_tester, wait_until};
use crate::harness::TestChain;

#[tokio::test(flavor = "multi_thread")]
async fn tester_checks_in_every_epoch() {
    let chain = TestChain::new().await;
    let signer = chain.new_account();
    let (market, epoch) = (chain.market(&signer).await, u64::from(fixture::EPOCH));
    let running = run_tester(&chain, &signer, options()).await;
    for _ in 0..3 {
        let next = market.epoch().await.unwrap() + 1;
        wait_until(async || market.place(signer.address(), next).await.unwrap().is_some()).await;
        chain.advance(epoch).await;
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_returns_bond_and_fees() {
    let chain = TestChain::new().await;
    let signer = chain.new_account();
    let market = chain.market(&signer).await;
    let running = run_tester(&chain, &signer, options()).await;
    wait_until(async || {
        let next = market.epoch().await.unwrap() + 1;
        market.place(signer.address(), next).await.unwrap().is_some()
    })
    .await;
    running.stop().await;

    let payout = chain.new_account().address();
    let before = market.node().balance(payout).await.unwrap();
    let leaving = TesterOptions {
        leave: true,
        payout: Payout { to: Some(payout), ..options().payout },
        ..options()
    };
    let running = run_tester(&chain, &signer, leaving.clone()).await;
    let last = market.worker(signer.address()).await.unwrap().lastEpoch;
    let locked = last + u32::from(market.settings().lockEpochs);
    while market.epoch().await.unwrap() <= locked {
        assert_eq!(
            market.worker(signer.address()).await.unwrap().stake,
            market.settings().testerBond
        );
        chain.advance(u64::from(fixture::EPOCH)).await;
    }
    running.ended().await;
    let received = market.node().balance(payout).await.unwrap() - before;
    assert_eq!(received.to::<u128>(), market.settings().testerBond);
    let registration = market.worker(signer.address()).await.unwrap();
    assert_eq!((registration.stake, registration.lastEpoch), (0, last));

    // A tester that comes back pays the bond again.
    let running = run_tester(&chain, &signer, options()).await;
    wait_until(async || market.worker(signer.address()).await.unwrap().lastEpoch > last).await;
    running.stop().await;
}
