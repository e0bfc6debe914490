//! The market under test: the Stylus programs or, if `MUSTER_TWIN` names the folder with its init
//! code, the same market in Solidity.

use std::path::{Path, PathBuf};

use alloy::network::{EthereumWallet, TransactionBuilder};
use alloy::primitives::{Address, Bytes};
use alloy::providers::{Provider, ProviderBuilder};
use alloy::rpc::types::TransactionRequest;
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolValue;
use muster_client::Node;
use muster_client::protocol::abi::Settings;

use super::programs::PROGRAMS;

/// Init code of the contracts in Solidity, agreement first, if they are under test; the folder is
/// relative to the root of the project.
pub(crate) fn solidity_init_code() -> Option<[Bytes; 2]> {
    let folder = PathBuf::from(std::env::var_os("MUSTER_TWIN")?);
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(folder);
    Some(["agreement", "dispatcher"].map(|name| {
        let path = folder.join(name).with_extension("bin");
        let code = std::fs::read(&path);
        code.unwrap_or_else(|_| {
            panic!("{} is not there: run scripts/compare-solidity", path.display())
        })
        .into()
    }))
}

/// Whether the market in Solidity is under test.
pub(crate) fn is_solidity() -> bool {
    std::env::var_os("MUSTER_TWIN").is_some()
}

/// Deploys a market, and returns the addresses of the agreements' implementation and the
/// dispatcher.
pub(crate) async fn deploy(url: &str, key: PrivateKeySigner, settings: &Settings) -> [Address; 2] {
    if let Some(init_code) = solidity_init_code() {
        return deploy_solidity(url, key, settings, init_code).await;
    }
    let node = Node::connect(url, Some(key)).await.unwrap();
    let [agreement, dispatcher] = &*PROGRAMS;
    let market = node.deploy_market(agreement, dispatcher, settings).await.unwrap();
    [market.agreement.address, market.dispatcher.address]
}

/// As [`deploy`], for the market in Solidity.
async fn deploy_solidity(
    url: &str,
    key: PrivateKeySigner,
    settings: &Settings,
    [agreement, dispatcher]: [Bytes; 2],
) -> [Address; 2] {
    let provider = ProviderBuilder::new().wallet(EthereumWallet::from(key));
    let provider = provider.connect(url).await.unwrap();
    let create = async |init: Bytes| {
        let request = TransactionRequest::default().with_deploy_code(init);
        let sent = provider.send_transaction(request).await.unwrap();
        sent.get_receipt().await.unwrap().contract_address.unwrap()
    };
    let agreement = create(agreement).await;
    let constants = (*settings, agreement).abi_encode_params();
    let dispatcher = create([dispatcher.as_ref(), &constants].concat().into()).await;
    [agreement, dispatcher]
}
