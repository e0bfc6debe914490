//! Making a connection.

use alloy::signers::local::PrivateKeySigner;

use super::Node;
use crate::backend::connect::{BackendKind, ConnectOptions};
use crate::backend::fallback::FallbackBackend;
use crate::error::MarketError;

/// The options of a connection.
///
/// ```no_run
/// # async fn example(key: alloy::signers::local::PrivateKeySigner) -> Result<(), muster_client::MarketError> {
/// use muster_client::NodeBuilder;
///
/// let urls = ["https://one.example", "https://two.example"];
/// let node = NodeBuilder::new(urls).with_signer(key).with_chain_id(42_161).connect().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct NodeBuilder {
    /// The options.
    options: ConnectOptions,
}

impl NodeBuilder {
    /// Connects to nodes of one chain, the preferred one first. A node that fails, is slow, or lags behind
    /// the others is skipped until it is healthy again.
    #[must_use]
    pub fn new<U: Into<Box<str>>>(urls: impl IntoIterator<Item = U>) -> Self {
        let urls = urls.into_iter().map(Into::into).collect();
        Self { options: ConnectOptions { urls, ..ConnectOptions::default() } }
    }

    /// Signs with this key. Without one, the connection can only read.
    #[must_use]
    pub fn with_signer(mut self, signer: impl Into<Option<PrivateKeySigner>>) -> Self {
        self.options.signer = signer.into();
        self
    }

    /// Speaks to the nodes through this library; alloy by default.
    #[must_use]
    pub const fn with_backend(mut self, backend: BackendKind) -> Self {
        self.options.kind = backend;
        self
    }

    /// Requires this chain id. By default, the first node that answers decides.
    #[must_use]
    pub const fn with_chain_id(mut self, chain_id: u64) -> Self {
        self.options.chain_id = Some(chain_id);
        self
    }

    /// Connects. One node that answers is enough; the others are tried again later.
    ///
    /// # Errors
    /// [`MarketError::Node`]: the first node's error if none answers, `WrongChain` if any belongs to
    /// another chain.
    pub async fn connect(self) -> Result<Node, MarketError> {
        Ok(Node::from_backend(FallbackBackend::connect(self.options).await?))
    }
}

impl Node {
    /// Connects to the node at `url`, over HTTP or WebSocket. Without a signer, the connection can only
    /// read. For more options, see [`NodeBuilder`].
    ///
    /// # Errors
    /// [`MarketError::Node`] if no Ethereum node answers there.
    pub async fn connect(url: &str, signer: Option<PrivateKeySigner>) -> Result<Self, MarketError> {
        NodeBuilder::new([url]).with_signer(signer).connect().await
    }
}
