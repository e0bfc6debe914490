//! The interface in `muster-protocol` and the contracts' dispatch tables name the same calls.

use alloy::sol_types::SolInterface;
use muster_client::OrderRequest;
use muster_client::protocol::abi::IWorkAgreement::{IWorkAgreementCalls, IWorkAgreementErrors};
use muster_client::protocol::abi::IWorkerDispatcher::{
    IWorkerDispatcherCalls, IWorkerDispatcherErrors,
};

use crate::harness::{TestEnv, offer};
use crate::quote::order;

#[tokio::test(flavor = "multi_thread")]
async fn every_call_of_the_interfaces_is_known() {
    let env = TestEnv::new().await;
    let (_, cleo) = (env.worker(offer(1)).await, env.new_account().await);
    let purchase = env.buy(&cleo, OrderRequest::Custom(order(1, 12))).await;
    let from = cleo.account().unwrap();
    for selector in IWorkerDispatcherCalls::SELECTORS {
        let answer = env.rpc.call(from, env.dispatcher, selector.into(), 0).await;
        let Err(data) = answer else { continue };
        let error = IWorkerDispatcherErrors::abi_decode_validate(&data).unwrap();
        assert!(!matches!(error, IWorkerDispatcherErrors::UnknownCall(_)), "{selector:x?}");
    }
    for selector in IWorkAgreementCalls::SELECTORS {
        let answer = env.rpc.call(from, purchase.agreement, selector.into(), 0).await;
        let Err(data) = answer else { continue };
        let error = IWorkAgreementErrors::abi_decode_validate(&data).unwrap();
        assert!(!matches!(error, IWorkAgreementErrors::UnknownCall(_)), "{selector:x?}");
    }
}
