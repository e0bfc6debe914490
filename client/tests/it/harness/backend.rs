//! Connections by the backend that `MUSTER_BACKEND` names, or the usual one.

use alloy::signers::local::PrivateKeySigner;
use muster_client::{Backend, Connect, Node};

/// A connection to a chain.
pub(crate) async fn connect(url: &str, signer: Option<PrivateKeySigner>) -> Node {
    let backend = std::env::var("MUSTER_BACKEND").map_or(Backend::default(), |name| {
        Backend::named(&name).unwrap_or_else(|| panic!("no backend {name}: is its feature on?"))
    });
    Connect::to([url]).with_signer(signer).with_backend(backend).open().await.unwrap()
}
