//! How a connection comes about: where the nodes are, which backend speaks to them, and who signs.

use std::sync::Arc;

use alloy::signers::local::PrivateKeySigner;

use crate::alloy::AlloyBackend;
use crate::backend::Backend;
use crate::error::{MarketError, NodeError};
use crate::fallback::FallbackBackend;
use crate::node::Node;

/// The library that speaks to nodes. What can be done does not depend on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BackendKind {
    /// alloy, by HTTP or WebSocket.
    #[default]
    Alloy,
    /// ethers-rs, by plain HTTP.
    #[cfg(feature = "ethers")]
    Ethers,
}

impl BackendKind {
    /// The backend of this name, if there is one in this build: `alloy` or `ethers`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "alloy" => Some(Self::Alloy),
            #[cfg(feature = "ethers")]
            "ethers" => Some(Self::Ethers),
            _ => None,
        }
    }
}

/// Everything about a connection before it is made.
///
/// ```no_run
/// # async fn example(key: alloy::signers::local::PrivateKeySigner) -> Result<(), muster_client::MarketError> {
/// let urls = ["https://one.example", "https://two.example"];
/// let node = muster_client::Connect::to(urls).with_signer(key).on_chain(42_161).open().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct NodeBuilder {
    /// Where the nodes are, the preferred one first.
    urls: Vec<Box<str>>,
    /// Who signs.
    signer: Option<PrivateKeySigner>,
    /// What speaks to them.
    backend: BackendKind,
    /// The chain that they must be of.
    chain_id: Option<u64>,
}

impl NodeBuilder {
    /// To nodes of one chain, the preferred one first. One that fails, is slow, or is behind the others is
    /// passed over until it is well again.
    #[must_use]
    pub fn new<U: Into<Box<str>>>(urls: impl IntoIterator<Item = U>) -> Self {
        let urls = urls.into_iter().map(Into::into).collect();
        Self { urls, signer: None, backend: BackendKind::default(), chain_id: None }
    }

    /// In the name of an account. Without one, one can only look.
    #[must_use]
    pub fn with_signer(mut self, signer: impl Into<Option<PrivateKeySigner>>) -> Self {
        self.signer = signer.into();
        self
    }

    /// By this library.
    #[must_use]
    pub const fn with_backend(mut self, backend: BackendKind) -> Self {
        self.backend = backend;
        self
    }

    /// Only if they are of this chain; else that of the first that answers is the right one.
    #[must_use]
    pub const fn with_chain_id(mut self, chain_id: u64) -> Self {
        self.chain_id = Some(chain_id);
        self
    }

    /// Connects. One node that answers is enough.
    ///
    /// # Errors
    /// [`MarketError::Node`] if none answers, or with `WrongChain` if any is of another chain.
    pub async fn connect(self) -> Result<Node, MarketError> {
        Ok(Node::from_backend(FallbackBackend::connect(self).await?))
    }

    /// Where the nodes are.
    pub(crate) fn urls(&self) -> &[Box<str>] {
        &self.urls
    }

    /// The chain that they must be of, if that is said.
    pub(crate) const fn chain_id(&self) -> Option<u64> {
        self.chain_id
    }

    /// Connects to one of the nodes.
    pub(crate) async fn connect_one(
        self: Arc<Self>,
        url: Box<str>,
    ) -> Result<Arc<dyn Backend>, NodeError> {
        match self.backend {
            BackendKind::Alloy => AlloyBackend::connect(&url, self.signer.clone()).await,
            #[cfg(feature = "ethers")]
            BackendKind::Ethers => {
                crate::ethers::EthersBackend::connect(&url, self.signer.as_ref()).await
            }
        }
    }
}

/// What may be said of a URL: scheme, host and port. The rest often holds a key.
pub(crate) fn origin(url: &str) -> Box<str> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    if scheme.is_empty() { host.into() } else { format!("{scheme}://{host}").into() }
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn origin_omits_credentials() {
        for url in [
            "https://node.example:8547",
            "https://node.example:8547/v2/KEY",
            "https://user:KEY@node.example:8547/?apikey=KEY#KEY",
        ] {
            assert_eq!(&*origin(url), "https://node.example:8547");
        }
        assert_eq!(&*origin("node.example/KEY"), "node.example");
        assert_eq!(&*origin(""), "");
    }
}
