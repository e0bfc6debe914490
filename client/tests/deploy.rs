//! Deployment on an embedded chain: in one transaction, step by step, repeated, and refused.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test panics at the first unexpected result"
)]

use alloy::network::EthereumWallet;
use alloy::primitives::{Address, Bytes, U256, address};
use alloy::providers::{Provider, ProviderBuilder};
use alloy::rpc::types::TransactionRequest;
use alloy::signers::local::PrivateKeySigner;
use alloy::sol;
use alloy::sol_types::{SolCall, SolValue};
use muster_client::protocol::abi::Clock;
use muster_client::protocol::abi::IWorkerDispatcher::{BadSetting, IWorkerDispatcherErrors};
use muster_client::protocol::settings;
use muster_client::{Market, MarketError, Node, NodeError, Program};
use stylus_devnode::{Config, Devnode};

#[path = "it/harness/backend.rs"]
mod backend;
#[path = "it/harness/programs.rs"]
mod programs;

use crate::programs::PROGRAMS;

sol! {
    /// A function of the precompile that is there for tests of the chain.
    function overwriteContractCode(address target, bytes code) external returns (bytes);
}

/// The address of the precompile.
const ARB_DEBUG: Address = address!("0x00000000000000000000000000000000000000ff");

/// The contract that creates, activates and constructs in one transaction.
const DEPLOYER: Address = address!("0xcEcba2F1DC234f70Dd89F2041029807F8D03A990");

/// A program with this body in WebAssembly text, and the entry point of a contract.
fn minimal_program(text: &str) -> Program {
    let wasm = wat::parse_str(format!(
        "(module {text} (memory (export \"memory\") 1 1)
           (func (export \"user_entrypoint\") (param i32) (result i32) (i32.const 0)))"
    ));
    Program::from_wasm(&wasm.unwrap()).unwrap()
}

/// The key of one of the chain's accounts; number 0 owns the chain.
fn signer(chain: &Devnode, number: usize) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&chain.accounts()[number].key).unwrap()
}

/// A chain.
async fn chain() -> Devnode {
    Devnode::start(Config::any_port()).await.unwrap()
}

/// A connection of one of its accounts.
async fn node(chain: &Devnode, number: usize) -> Node {
    backend::connect(&chain.url(), Some(signer(chain, number))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chain_owner_caches_and_a_second_deployment_skips_activation() {
    let chain = chain().await;
    let (node, constants) = (node(&chain, 0).await, settings::dev(Clock::Second));
    let [agreement, dispatcher] = &*PROGRAMS;
    let first = node.deploy_market(agreement, dispatcher, &constants).await.unwrap();
    let second = node.deploy_market(agreement, dispatcher, &constants).await.unwrap();
    for (first, second) in
        [(&first.agreement, &second.agreement), (&first.dispatcher, &second.dispatcher)]
    {
        assert!(first.cached && second.cached);
        assert_ne!(first.address, second.address);
        assert!(first.gas_used > second.gas_used + 1_600_000, "{first:?} {second:?}");
    }
    let market = Market::open(node, second.dispatcher.address).await.unwrap();
    assert_eq!(market.settings(), &constants);
    assert_eq!(market.implementation().await.unwrap(), second.agreement.address);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_deployer_deployment_takes_several_transactions() {
    let chain = chain().await;
    let wallet = EthereumWallet::from(signer(&chain, 0));
    let owner = ProviderBuilder::new().wallet(wallet).connect(&chain.url()).await.unwrap();
    let remove = overwriteContractCodeCall { target: DEPLOYER, code: Bytes::new() }.abi_encode();
    let remove = TransactionRequest::default().to(ARB_DEBUG).input(Bytes::from(remove).into());
    assert!(owner.send_transaction(remove).await.unwrap().get_receipt().await.unwrap().status());

    let node = node(&chain, 1).await;
    assert!(node.code(DEPLOYER).await.unwrap().is_empty());
    let constants = settings::production(Clock::ArbBlock);
    let [agreement, dispatcher] = &*PROGRAMS;
    let deployed = node.deploy_market(agreement, dispatcher, &constants).await.unwrap();
    assert!(!deployed.agreement.cached && !deployed.dispatcher.cached);
    let market = Market::open(node, deployed.dispatcher.address).await.unwrap();
    assert_eq!(market.settings(), &constants);
    assert_eq!(market.now().await.unwrap(), market.node().head().await.unwrap().number);
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_settings_are_rejected_before_sending_and_by_the_constructor() {
    let chain = chain().await;
    let node = node(&chain, 0).await;
    let mut constants = settings::dev(Clock::Second);
    constants.minLength = constants.acceptWindow;
    let expected = IWorkerDispatcherErrors::BadSetting(BadSetting { index: 3 });

    let [agreement, dispatcher] = &*PROGRAMS;
    let before = node.head().await.unwrap().number;
    let refused = node.deploy_market(agreement, dispatcher, &constants).await.unwrap_err();
    assert_eq!(refused.dispatcher(), Some(&expected));
    let arguments = (constants, Address::repeat_byte(1)).abi_encode_params();
    let refused = node.deploy(dispatcher, Some(arguments.into())).await.unwrap_err();
    assert_eq!(refused.dispatcher(), Some(&expected));
    assert_eq!(node.head().await.unwrap().number, before, "nothing was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_activation_keeps_the_nodes_message() {
    let chain = chain().await;
    let node = node(&chain, 0).await;
    let strange = minimal_program("(import \"vm_hooks\" \"no_such_hook\" (func))");
    match node.deploy(&strange, None).await.unwrap_err() {
        MarketError::Node(NodeError::Rpc { code, message }) => {
            assert_eq!(code, -32_000);
            assert!(message.contains("program activation failed"), "{message}");
            assert!(message.contains("no_such_hook"), "{message}");
        }
        other => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn insufficient_funds_for_activation_name_the_amount_needed() {
    let chain = chain().await;
    let account = chain.accounts()[1].address;
    chain.set_balance(account, U256::from(1_000_000)).await.unwrap();
    let node = node(&chain, 1).await;
    match node.deploy(&minimal_program(""), None).await.unwrap_err() {
        MarketError::InsufficientFunds { account: who, have, need } => {
            assert_eq!((who, have), (account, U256::from(1_000_000)));
            assert!(need > U256::from(40_000_000_000_000_u64), "{need}");
        }
        other => panic!("{other}"),
    }
}
