//! Forks of another dev chain.

use std::{fs, path::PathBuf, time::Duration};

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, B256, U256, address, hex},
    providers::Provider,
    rpc::types::TransactionRequest,
};
use serde_json::{Value, json};
use stylus_devnode::{ArbosVersion, Config, DEV_ADDRESS, Devnode, Network};

use crate::support::{Chain, ECHO, program_code};

/// Increments the word in slot 0, logs nothing but a topic, and returns the old word.
pub(crate) const COUNTER: &[u8] = &hex!("5f5480600101 5f55 60075f5fa1 5f52 60205ff3");

/// `ArbGasInfo.getPricesInWei`.
const PRICES: (Address, [u8; 4]) = (Address::with_last_byte(0x6c), hex!("41b247a8"));

/// An account to observe.
pub(crate) const ACCOUNT: Address = address!("00000000000000000000000000000000000f41e0");

/// A fork of the node at a URL, at its latest block.
pub(crate) fn fork_of(url: &str) -> Config {
    Config { fork_url: Some(url.to_owned()), ..Config::any_port() }
}

/// Why a chain does not start.
pub(crate) async fn start_error(config: Config) -> String {
    Devnode::start(config).await.unwrap_err().to_string()
}

/// A folder for one test, empty.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("devnode-forks-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    folder
}

/// Increments a counter.
pub(crate) async fn count(chain: &Chain, counter: Address) {
    let request = TransactionRequest::default().with_to(counter).with_gas_limit(1_000_000);
    assert!(chain.send(request).await.status());
}

/// What the next call of a counter returns.
pub(crate) async fn counted(chain: &Chain, counter: Address) -> u64 {
    U256::from_be_slice(&chain.call(counter, vec![]).await.unwrap()).to()
}

/// Deploys a program in two fragments and activates its root.
async fn program_in_fragments(chain: &Chain, wat: &str) -> Address {
    let wasm_len = u32::try_from(wat::parse_str(wat).unwrap().len()).unwrap();
    let code = program_code(wat);
    let (dictionary, stream) = (code[3], &code[4..]);
    let mut root = [&hex!("eff002"), &[dictionary][..], &wasm_len.to_be_bytes()].concat();
    for part in stream.chunks(stream.len().div_ceil(2)) {
        let fragment = chain.deploy(&[&hex!("eff001"), part].concat()).await;
        root.extend(fragment);
    }
    let root = chain.deploy(&root).await;
    assert!(chain.activate(root).await.status());
    root
}

#[tokio::test]
async fn a_fork_goes_on_where_the_other_chain_was() {
    for arbos in [ArbosVersion::V51, ArbosVersion::V61] {
        let origin = Chain::with(Config { arbos, ..Config::any_port() }).await;
        let (counter, program) = (origin.deploy(COUNTER).await, origin.program(ECHO).await);
        count(&origin, counter).await;
        origin.rpc("anvil_setBalance", json!([ACCOUNT, "0x7"])).await;
        origin.rpc("evm_increaseTime", json!([86_400])).await;
        origin.node.mine().await.unwrap();
        let fork = Chain::with(fork_of(&origin.node.url())).await;
        for method in ["eth_blockNumber", "eth_gasPrice", "eth_chainId"] {
            let [here, there] = [&fork, &origin].map(|chain| chain.rpc(method, json!([])));
            assert_eq!(here.await, there.await, "{method}");
        }
        let version = |chain: &Chain| {
            let provider = chain.provider.clone();
            async move {
                let request = TransactionRequest::default()
                    .with_to(Address::with_last_byte(0x64))
                    .with_input(hex!("051038f2"));
                provider.call(request).await.unwrap()
            }
        };
        assert_eq!(version(&fork).await, version(&origin).await, "ArbOS");
        assert_eq!(fork.provider.get_balance(ACCOUNT).await.unwrap(), U256::from(7));
        assert_eq!(fork.call(program, hex!("c0ffee")).await.unwrap().to_vec(), hex!("c0ffee"));
        assert_eq!(counted(&fork, counter).await, 1);
        count(&fork, counter).await;
        count(&fork, counter).await;
        assert_eq!((counted(&fork, counter).await, counted(&origin, counter).await), (3, 1));
        let [here, there] =
            [&fork, &origin].map(|chain| chain.provider.get_transaction_count(DEV_ADDRESS));
        assert_eq!(here.await.unwrap(), there.await.unwrap() + 2, "the nonce goes on");
        let block = |tag| fork.rpc("eth_getBlockByNumber", json!([tag, false]));
        let (parent, next) = (block("latest").await, origin.provider.get_block_number().await);
        assert_eq!(parent["number"], format!("{:#x}", next.unwrap() + 2));
        let time = |block: &Value| {
            u64::from_str_radix(&block["timestamp"].as_str().unwrap()[2..], 16).unwrap()
        };
        let theirs = origin.rpc("eth_getBlockByNumber", json!(["latest", false])).await;
        fork.rpc("evm_increaseTime", json!([100])).await;
        fork.node.mine().await.unwrap();
        let later = fork.rpc("eth_getBlockByNumber", json!(["latest", false])).await;
        assert!(time(&later) >= time(&theirs) + 100, "the clock goes on");
        let second = fork.program(&ECHO.replace("1 1)", "2 2)")).await;
        assert_eq!(fork.call(second, hex!("aa")).await.unwrap().to_vec(), hex!("aa"));
    }
}

#[tokio::test]
async fn a_fork_has_the_prices_of_the_other_chain() {
    let arbos = ArbosVersion::V61;
    let origin =
        Chain::with(Config { arbos, network: Network::ArbitrumOne, ..Config::any_port() }).await;
    let counter = origin.deploy(COUNTER).await;
    // ArbOwner.setMinimumL2BaseFee
    let dearer = [&hex!("a0188cdb")[..], &U256::from(30_000_000).to_be_bytes::<32>()].concat();
    origin.call_as_owner(dearer).await;
    origin.node.mine().await.unwrap();
    let fork = Chain::with(fork_of(&origin.node.url())).await;
    let data = format!("0x{}", "c0ffee".repeat(200));
    let call = json!([{"from": DEV_ADDRESS, "to": counter, "data": data}]);
    let gas = |chain: &Chain| {
        let (provider, to) = (chain.provider.clone(), PRICES.0);
        async move {
            let request = TransactionRequest::default().with_to(to).with_input(PRICES.1);
            provider.call(request).await.unwrap()
        }
    };
    assert_eq!(gas(&fork).await, gas(&origin).await);
    let [here, there] = [&fork, &origin].map(|chain| chain.rpc("eth_estimateGas", call.clone()));
    let (here, there) = (here.await, there.await);
    assert_eq!(here, there, "with the data's price");
    let hash = fork.rpc("eth_sendTransaction", call).await;
    let receipt = fork.rpc("eth_getTransactionReceipt", json!([hash])).await;
    assert_ne!(receipt["gasUsedForL1"], "0x0");
    let price = receipt["effectiveGasPrice"].as_str().unwrap();
    let price = u64::from_str_radix(price.trim_start_matches("0x"), 16).unwrap();
    assert!((30_000_000..31_000_000).contains(&price), "{price}");
}

#[tokio::test]
async fn the_parent_chain_goes_on() {
    let origin = Chain::start().await;
    origin.rpc("devnode_setL1BlockNumber", json!([500])).await;
    origin.node.mine().await.unwrap();
    let l1_block_time = Some(Duration::from_secs(1));
    let fork = Chain::with(Config { l1_block_time, ..fork_of(&origin.node.url()) }).await;
    fork.rpc("evm_increaseTime", json!([100])).await;
    fork.node.mine().await.unwrap();
    let block = fork.rpc("eth_getBlockByNumber", json!(["latest", false])).await;
    let height = u64::from_str_radix(&block["l1BlockNumber"].as_str().unwrap()[2..], 16).unwrap();
    assert!((600..700).contains(&height), "{height}");
}

#[tokio::test]
async fn a_program_in_fragments_is_fetched() {
    let origin = Chain::with(Config { arbos: ArbosVersion::V61, ..Config::any_port() }).await;
    let program = program_in_fragments(&origin, ECHO).await;
    let folder = folder("fragments");
    let online = Config { fork_cache: Some(folder.clone()), ..fork_of(&origin.node.url()) };
    let fork = Chain::with(online.clone()).await;
    assert_eq!(fork.call(program, hex!("c0ffee")).await.unwrap().to_vec(), hex!("c0ffee"));
    let second = program_in_fragments(&fork, &ECHO.replace("1 1)", "2 2)")).await;
    assert_eq!(fork.call(second, hex!("aa")).await.unwrap().to_vec(), hex!("aa"));
    origin.node.stop().await.unwrap();
    let offline = Chain::with(Config { fork_url: None, ..online }).await;
    assert_eq!(offline.call(program, hex!("c0ffee")).await.unwrap().to_vec(), hex!("c0ffee"));
    fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_fork_works_offline_from_its_cache() {
    let folder = folder("offline");
    let origin = Chain::start().await;
    let (counter, program) = (origin.deploy(COUNTER).await, origin.program(ECHO).await);
    let url = origin.node.url();
    let online = Config { fork_cache: Some(folder.clone()), ..fork_of(&url) };
    let fork = Chain::with(online.clone()).await;
    count(&fork, counter).await;
    assert_eq!(fork.call(program, hex!("01")).await.unwrap().to_vec(), hex!("01"));
    origin.node.stop().await.unwrap();
    let offline = Config { fork_url: None, ..online.clone() };
    let again = Chain::with(offline.clone()).await;
    count(&again, counter).await;
    assert_eq!(counted(&again, counter).await, 1);
    assert_eq!(again.call(program, hex!("02")).await.unwrap().to_vec(), hex!("02"));
    let created = again.deploy(COUNTER).await;
    count(&again, created).await;
    assert_eq!(counted(&again, created).await, 1, "a contract whose address was never asked for");
    for method in ["eth_getTransactionByHash", "eth_getTransactionReceipt", "eth_getHeaderByHash"] {
        let unknown = again.rpc(method, json!([B256::repeat_byte(7)])).await;
        assert_eq!(unknown, Value::Null, "{method}");
    }
    let missing = again.request("eth_getBalance", json!([ACCOUNT, "latest"])).await;
    let message = missing["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("lacks eth_getBalance") && message.contains("--fork-url"),
        "{message}"
    );
    let other = start_error(Config { fork_block: Some(1), ..offline }).await;
    assert!(other.contains("of chain 412346"), "{other}");
    let gone = start_error(online).await;
    assert!(gone.contains("does not answer"), "{gone}");
    fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_state_file_of_a_fork_needs_the_fork() {
    let folder = folder("state");
    fs::create_dir_all(&folder).unwrap();
    let state = Some(folder.join("chain"));
    let origin = Chain::start().await;
    let counter = origin.deploy(COUNTER).await;
    count(&origin, counter).await;
    let config = Config { state: state.clone(), ..fork_of(&origin.node.url()) };
    let fork = Chain::with(config.clone()).await;
    count(&fork, counter).await;
    fork.node.stop().await.unwrap();
    origin.node.mine().await.unwrap();
    let alone = start_error(Config { state, ..Config::any_port() }).await;
    assert!(alone.contains("name that fork with --fork-url"), "{alone}");
    let again = Chain::with(config.clone()).await;
    assert_eq!(counted(&again, counter).await, 2, "what was written, not what was forked");
    count(&again, counter).await;
    drop(again);
    let other = Config { fork_block: Some(3), ..config.clone() };
    let plain = Config { state: Some(folder.join("plain")), ..Config::any_port() };
    Devnode::start(plain.clone()).await.unwrap().stop().await.unwrap();
    let not_fork = Config { state: plain.state, ..other };
    let not_fork = start_error(not_fork).await;
    assert!(not_fork.contains("it is not of a fork: name another"), "{not_fork}");
    // A dump may be of another chain.
    let dump = origin.rpc("anvil_dumpState", json!([])).await;
    let fork = Chain::with(fork_of(&origin.node.url())).await;
    count(&fork, counter).await;
    fork.rpc("anvil_loadState", json!([dump])).await;
    assert_eq!(counted(&fork, counter).await, 1);
    assert_eq!(fork.rpc("anvil_nodeInfo", json!([])).await["forkConfig"]["forkUrl"], Value::Null);
    fs::remove_dir_all(folder).unwrap();
}
