//! What responders read from the chain.

use std::time::Duration;

use alloy::primitives::{Address, B256};
use muster_client::{message_key, window_seats};
use muster_daemons::RpcChainView;
use muster_messaging::{AgreementInfo, ChainView};
use stylus_devnode::CHAIN_ID;

use crate::harness::{LENGTH, TestChain, WINDOWS, offer};

#[tokio::test(flavor = "multi_thread")]
async fn chain_view_reports_the_parties_of_an_agreement() {
    let chain = TestChain::new().await;
    let testers = chain.register_testers(3).await;
    let (worker, client) = (chain.register_worker(&offer(1_000)).await, chain.new_account());
    let late = chain.register_worker(&offer(2_000)).await;
    let purchase = chain.buy(&client, 2, 3).await;
    let chain_view = RpcChainView::new(chain.market(&client).await);
    let info = async || chain_view.agreement(purchase.agreement).await.unwrap();
    let parties = async || info().await.map(|info| AgreementInfo { left: Duration::ZERO, ..info });
    assert_eq!(chain_view.chain_id(), CHAIN_ID);
    assert_eq!(chain_view.agreement(Address::repeat_byte(1)).await.unwrap(), None);
    let (workers, left) = (vec![], Duration::ZERO);
    let offered = AgreementInfo { client: client.address(), workers, window: None, left };
    assert_eq!(info().await, Some(offered.clone()));
    assert_eq!(
        chain_view.seat_holder(purchase.agreement, 0, 0).await.unwrap(),
        None,
        "not drawn yet"
    );

    let agreement = chain.agreement(&worker, &purchase).await;
    agreement.accept().await.unwrap();
    let running = AgreementInfo { workers: vec![worker.address()], window: Some(0), ..offered };
    assert_eq!(parties().await, Some(running.clone()), "{} did not accept", late.address());
    let left = info().await.unwrap().left.as_secs();
    assert!((u64::from(LENGTH) - 60..=u64::from(LENGTH)).contains(&left), "{left}");
    let (terms, progress) = (agreement.terms(), agreement.progress().await.unwrap());
    let holder = |window, place| chain_view.seat_holder(purchase.agreement, window, place);
    for place in window_seats(terms, &progress.seed, 1) {
        let tester =
            chain.market(&client).await.tester_at(terms.header.epoch, place).await.unwrap();
        assert_eq!(holder(1, place).await.unwrap(), tester);
        assert_eq!(holder(WINDOWS, place).await.unwrap(), None, "there is no such window");
    }
    assert_eq!(holder(1, 3).await.unwrap(), None, "there is no such place");
    let key = |who: Address| chain_view.message_key(who);
    assert_eq!(key(testers[0].address()).await.unwrap(), Some(message_key(&testers[0])));
    assert_eq!(key(client.address()).await.unwrap(), None::<B256>);

    chain.advance(u64::from(LENGTH / u32::from(WINDOWS))).await;
    assert_eq!(parties().await, Some(AgreementInfo { window: Some(1), ..running.clone() }));
    chain.advance(LENGTH.into()).await;
    assert_eq!(info().await, Some(AgreementInfo { window: None, ..running }));
}
