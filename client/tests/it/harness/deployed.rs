//! The market that is tested: the Stylus programs or, where `MUSTER_TWIN` names the folder with its init code, the
//! same market in Solidity.

use std::path::{Path, PathBuf};

use alloy::network::{EthereumWallet, TransactionBuilder};
use alloy::primitives::{Address, Bytes};
use alloy::providers::{Provider, ProviderBuilder};
use alloy::rpc::types::TransactionRequest;
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolValue;
use client::Node;
use client::terms::abi::Settings;

use super::programs::PROGRAMS;

/// Where the twin is, if it is what is tested.
fn twin() -> Option<PathBuf> {
    std::env::var_os("MUSTER_TWIN").map(PathBuf::from)
}

/// Whether the market is the one in Solidity.
pub(crate) fn is_twin() -> bool {
    twin().is_some()
}

/// Deploys a market and tells where it is: the agreements' implementation, then the dispatcher.
pub(crate) async fn deploy(url: &str, key: PrivateKeySigner, settings: &Settings) -> [Address; 2] {
    if let Some(folder) = twin() {
        return deploy_twin(url, key, settings, &folder).await;
    }
    let node = Node::connect(url, Some(key)).await.unwrap();
    let [agreement, dispatcher] = &*PROGRAMS;
    let market = node.deploy_market(agreement, dispatcher, settings).await.unwrap();
    [market.agreement.address, market.dispatcher.address]
}

/// The same for the market in Solidity, whose constants are arguments of a constructor.
async fn deploy_twin(
    url: &str,
    key: PrivateKeySigner,
    settings: &Settings,
    folder: &Path,
) -> [Address; 2] {
    let provider = ProviderBuilder::new().wallet(EthereumWallet::from(key));
    let provider = provider.connect(url).await.unwrap();
    let create = async |init: Vec<u8>| {
        let request = TransactionRequest::default().with_deploy_code(Bytes::from(init));
        let sent = provider.send_transaction(request).await.unwrap();
        sent.get_receipt().await.unwrap().contract_address.unwrap()
    };
    let agreement = create(code(folder, "agreement")).await;
    let constants = (*settings, agreement).abi_encode_params();
    let dispatcher = create([code(folder, "dispatcher"), constants].concat()).await;
    [agreement, dispatcher]
}

/// Init code by its name; a folder counts from the root of the project.
fn code(folder: &Path, name: &str) -> Vec<u8> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let path = root.join(folder).join(name).with_extension("bin");
    std::fs::read(&path)
        .unwrap_or_else(|_| panic!("{} is not there: run scripts/twin", path.display()))
}
