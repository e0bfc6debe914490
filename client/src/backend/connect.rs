//! How a connection is made: the URLs, the library, the signer.

use std::sync::Arc;

use alloy::signers::local::PrivateKeySigner;

use super::Backend;
use super::alloy::AlloyBackend;
use crate::error::NodeError;

/// The library that speaks to nodes. Everything behaves the same over each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BackendKind {
    /// alloy, over HTTP or WebSocket.
    #[default]
    Alloy,
    /// ethers-rs, over plain HTTP.
    #[cfg(feature = "ethers")]
    Ethers,
}

impl BackendKind {
    /// The backend of this name, `alloy` or `ethers`; `None` if this build has none of that name.
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

/// Everything that is needed to connect.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConnectOptions {
    /// The nodes' URLs, the preferred one first.
    pub(crate) urls: Vec<Box<str>>,
    /// Who signs.
    pub(crate) signer: Option<PrivateKeySigner>,
    /// The library.
    pub(crate) kind: BackendKind,
    /// The chain id that the nodes must have; `None` takes that of the first that answers.
    pub(crate) chain_id: Option<u64>,
}

impl ConnectOptions {
    /// Connects to one node. Its chain id is not checked here.
    pub(crate) async fn connect_one(&self, url: &str) -> Result<Arc<dyn Backend>, NodeError> {
        match self.kind {
            BackendKind::Alloy => AlloyBackend::connect(url, self.signer.clone()).await,
            #[cfg(feature = "ethers")]
            BackendKind::Ethers => {
                super::ethers::EthersBackend::connect(url, self.signer.as_ref()).await
            }
        }
    }
}
