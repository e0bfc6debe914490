//! What responders read from the chain.

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
    let parties = async || info().await.map(|info| AgreementInfo { planned_end: 0, ..info });
    assert_eq!(chain_view.chain_id(), CHAIN_ID);
    assert_eq!(chain_view.agreement(Address::repeat_byte(1)).await.unwrap(), None);
    let (workers, planned_end) = (vec![], 0);
    let offered = AgreementInfo { client: client.address(), workers, window: None, planned_end };
    assert_eq!(parties().await, Some(offered.clone()));
    assert_eq!(
        chain_view.seat_holder(purchase.agreement, 0, 0).await.unwrap(),
        None,
        "not drawn yet"
    );

    let agreement = chain.agreement(&worker, &purchase).await;
    agreement.accept().await.unwrap();
    let running = AgreementInfo { workers: vec![worker.address()], window: Some(0), ..offered };
    assert_eq!(parties().await, Some(running.clone()), "{} did not accept", late.address());
    let (terms, progress) = (agreement.terms(), agreement.progress().await.unwrap());
    let planned_end = progress.start() + u64::from(LENGTH);
    assert_eq!(info().await.unwrap().planned_end, planned_end);
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
    let cancelled = chain.agreement(&client, &purchase).await.cancel().await.unwrap();
    assert!(cancelled.end < planned_end);
    chain.advance(LENGTH.into()).await;
    let over = AgreementInfo { window: None, planned_end, ..running };
    assert_eq!(info().await, Some(over), "a cancellation changes no plan");
}
