//! Slots that are free before the settlement.

use muster_client::Offer;
use muster_client::protocol::abi::State;
use muster_daemons::Daemon;
use muster_daemons::worker::WorkerOptions;

use super::{options, start_worker, step};
use crate::echo_service::EchoService;
use crate::harness::{LENGTH, TestChain};

#[tokio::test(flavor = "multi_thread")]
async fn worker_frees_its_slot_after_the_end_if_it_may() {
    for release_slots in [false, true] {
        let (chain, service) = (TestChain::new().await, EchoService::start().await);
        let (signer, client) = (chain.new_account(), chain.new_account());
        let default = options(&service.url());
        let offer = Offer { capacity: 1, ..default.offer };
        let options = WorkerOptions { offer, release_slots, ..default };
        let mut daemon = start_worker(&chain, &signer, options).await;
        step(&mut daemon).await;
        let purchase = chain.buy(&client, 1, 0).await;
        let agreement = chain.agreement(&signer, &purchase).await;
        step(&mut daemon).await;
        assert_eq!(agreement.state().await.unwrap(), State::Running);
        chain.advance(LENGTH.into()).await;
        step(&mut daemon).await;
        assert_eq!(agreement.state().await.unwrap(), State::Reporting);
        let registration = chain.market(&signer).await.worker(signer.address()).await.unwrap();
        assert_eq!((registration.active == 0, registration.listed), (release_slots, release_slots));
        step(&mut daemon).await;
        daemon.stop().await;
    }
}
