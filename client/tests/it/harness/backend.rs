//! Connections over the backend that `MUSTER_BACKEND` names, or the default one.

use alloy::signers::local::PrivateKeySigner;
use muster_client::{BackendKind, Node, NodeBuilder};

/// A connection to a chain.
pub(crate) async fn connect(url: &str, signer: Option<PrivateKeySigner>) -> Node {
    let backend = std::env::var("MUSTER_BACKEND").map_or(BackendKind::default(), |name| {
        BackendKind::from_name(&name)
            .unwrap_or_else(|| panic!("no backend {name}: is its feature on?"))
    });
    NodeBuilder::new([url]).with_signer(signer).with_backend(backend).connect().await.unwrap()
}
