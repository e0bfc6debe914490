//! Nodes that allow few requests, over the backend that is tested.

use alloy::primitives::keccak256;
use muster_client::{Application, Offer};
use muster_node_proxy::{Behavior, NodeProxy, Words};

use crate::backend;
use crate::env::TestEnv;

#[tokio::test(flavor = "multi_thread")]
async fn a_market_is_used_at_five_requests_a_second() {
    let env = TestEnv::new().await;
    for (number, words) in
        (1..).zip([Words::Status, Words::Header(1), Words::Data, Words::Code, Words::Text])
    {
        let behavior = Behavior::PerSecond(5, words);
        let proxy = NodeProxy::start_with(&env.chain.url(), behavior).await.unwrap();
        let market = env.open(backend::connect(&proxy.url, Some(env.key(number))).await).await;
        let offer = Offer { price: 10, max_length: 1_000, promise: 9_000, capacity: 2 };
        let (application, stake) = (Application::default(), 1_000_000_000_000_000_000);
        market.register(application, &offer, keccak256(b"key"), stake).await.unwrap();
        let reads = (0..12).map(|_| market.worker(market.account().unwrap()));
        let read = futures::future::try_join_all(reads).await.unwrap();
        assert!(read.iter().all(|worker| worker.price == 10), "{words:?}");
    }
}
