//! The interface in `terms` and the contracts' tables of calls name the same calls.

use alloy::sol_types::SolInterface;
use muster_client::Want;
use muster_client::protocol::abi::IWorkAgreement::{IWorkAgreementCalls, IWorkAgreementErrors};
use muster_client::protocol::abi::IWorkerDispatcher::{
    IWorkerDispatcherCalls, IWorkerDispatcherErrors,
};

use crate::harness::{World, offer};
use crate::quote::order;

#[tokio::test(flavor = "multi_thread")]
async fn every_call_of_the_interfaces_is_known() {
    let world = World::new().await;
    let (_, cleo) = (world.worker(offer(1)).await, world.person().await);
    let purchase = world.buy(&cleo, Want::Order(order(1, 8))).await;
    let from = cleo.account().unwrap();
    for selector in IWorkerDispatcherCalls::SELECTORS {
        let answer = world.wire.call(from, world.dispatcher, selector.into(), 0).await;
        let Err(data) = answer else { continue };
        let error = IWorkerDispatcherErrors::abi_decode_validate(&data).unwrap();
        assert!(!matches!(error, IWorkerDispatcherErrors::UnknownCall(_)), "{selector:x?}");
    }
    for selector in IWorkAgreementCalls::SELECTORS {
        let answer = world.wire.call(from, purchase.agreement, selector.into(), 0).await;
        let Err(data) = answer else { continue };
        let error = IWorkAgreementErrors::abi_decode_validate(&data).unwrap();
        assert!(!matches!(error, IWorkAgreementErrors::UnknownCall(_)), "{selector:x?}");
    }
}
