//! What a fork asks the other chain's node.

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, U256, hex},
    providers::Provider,
    rpc::types::TransactionRequest,
};
use muster_node_proxy::NodeProxy;
use serde_json::{Value, json};
use stylus_devnode::{Config, DEV_ADDRESS};

use crate::{
    forks::{ACCOUNT, COUNTER, count, counted, fork_of},
    support::Chain,
};

/// Reverts with the bytes c0ffee.
const REVERTING: &[u8] = &hex!("62c0ffee 5f52 6003601dfd");

#[tokio::test]
async fn older_blocks_are_those_of_the_other_chain() {
    let origin = Chain::start().await;
    let (counter, reverting) = (origin.deploy(COUNTER).await, origin.deploy(REVERTING).await);
    count(&origin, counter).await;
    let height = origin.provider.get_block_number().await.unwrap();
    let old = origin.rpc("eth_getBlockByNumber", json!(["latest", true])).await;
    count(&origin, counter).await;
    let config = Config { fork_block: Some(height), ..fork_of(&origin.node.url()) };
    let fork = Chain::with(config).await;
    assert_eq!(counted(&fork, counter).await, 1, "as it was then");
    for tag in ["latest", "pending"] {
        assert_eq!(fork.rpc("eth_getBlockByNumber", json!([tag, true])).await, old, "{tag}");
    }
    count(&fork, counter).await;
    let transaction = &old["transactions"][0]["hash"];
    let number = &old["number"];
    let before = format!("{:#x}", height - 1);
    let call = json!({"to": counter});
    for (method, params) in [
        ("eth_getBlockByNumber", json!([number, true])),
        ("eth_getBlockByHash", json!([old["hash"], true])),
        ("eth_getBlockByNumber", json!(["earliest", true])),
        ("eth_getBlockReceipts", json!([number])),
        ("eth_getTransactionByHash", json!([transaction])),
        ("eth_getTransactionReceipt", json!([transaction])),
        ("debug_traceTransaction", json!([transaction])),
        ("eth_getStorageAt", json!([counter, "0x0", before])),
        ("eth_call", json!([call, before])),
        ("eth_getAccountInfo", json!([counter, before])),
        ("eth_getProof", json!([counter, ["0x0"], before])),
        ("eth_simulateV1", json!([{"blockStateCalls": [{"calls": [call]}]}, before])),
        ("debug_storageRangeAt", json!([old["hash"], 0, counter, "0x00", 9])),
        ("trace_call", json!([call, ["trace"], before])),
        ("trace_callMany", json!([[[call, ["trace"]]], before])),
        ("trace_block", json!([number])),
        ("trace_get", json!([transaction, []])),
        ("trace_replayTransaction", json!([transaction, ["trace"]])),
        ("trace_replayBlockTransactions", json!([number, ["trace"]])),
        ("eth_getTransactionBySenderAndNonce", json!([DEV_ADDRESS, "0x0"])),
        ("eth_getLogs", json!([{"fromBlock": "0x0", "toBlock": number}])),
    ] {
        let [here, there] = [&fork, &origin].map(|chain| chain.rpc(method, params.clone()));
        assert_eq!(here.await, there.await, "{method} {params}");
    }
    let reverted = json!([{"to": reverting}, before]);
    let [here, there] = [&fork, &origin].map(|chain| chain.request("eth_call", reverted.clone()));
    let (here, there) = (here.await, there.await);
    assert_eq!(here, there, "an error of the other node");
    assert_eq!(here["error"]["data"], "0xc0ffee");
    let logs = fork.rpc("eth_getLogs", json!([{"fromBlock": "0x0", "address": counter}])).await;
    let blocks: Vec<_> = logs.as_array().unwrap().iter().map(|log| &log["blockNumber"]).collect();
    assert_eq!(blocks, [number, &json!(format!("{:#x}", height + 1))]);
    let other = TransactionRequest::default().with_to(counter).with_gas_limit(900_000);
    assert!(origin.send(other).await.status());
    let later = origin.rpc("eth_getBlockByNumber", json!(["latest", true])).await;
    for (method, hash) in [
        ("eth_getTransactionReceipt", json!([later["transactions"][0]["hash"]])),
        ("eth_getBlockByHash", json!([later["hash"], false])),
    ] {
        assert_eq!(fork.rpc(method, hash).await, Value::Null, "{method}: after the fork");
    }
    let proof = fork.request("eth_getProof", json!([counter, [], "latest"])).await;
    assert!(proof["error"]["message"].as_str().unwrap().contains("whole state"));
    let rollback = fork.request("anvil_rollback", json!([2])).await;
    assert!(rollback.get("error").is_some(), "{rollback}");
    fork.rpc("anvil_rollback", json!([1])).await;
    assert_eq!(counted(&fork, counter).await, 1);
    // ArbSys.arbBlockHash of a block before the fork.
    fork.node.mine().await.unwrap();
    let input = [&hex!("2b407a82")[..], &U256::from(height - 1).to_be_bytes::<32>()].concat();
    let hash = fork.call(Address::with_last_byte(0x64), input).await.unwrap();
    assert_eq!(hash.to_string(), old["parentHash"].as_str().unwrap());
}

#[tokio::test]
async fn the_node_of_a_fork_can_be_replaced_by_one_of_the_same_chain() {
    let (origin, other) = (Chain::start().await, Chain::start().await);
    origin.rpc("anvil_setChainId", json!([421_614])).await;
    let fork = Chain::with(fork_of(&origin.node.url())).await;
    assert_eq!(fork.node.chain_id().await.unwrap(), 421_614);
    let info = fork.rpc("anvil_nodeInfo", json!([])).await;
    assert_eq!(info["forkConfig"]["forkUrl"], format!("{}/", origin.node.url()));
    let metadata = fork.rpc("hardhat_metadata", json!([])).await;
    assert_eq!(metadata["forkedNetwork"]["chainId"], 421_614);
    assert_eq!(metadata["forkedNetwork"]["forkBlockHash"], metadata["latestBlockHash"]);
    let refused = fork.request("anvil_setRpcUrl", json!([other.node.url()])).await;
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(message.contains("of chain 412346, but the fork is of chain 421614"), "{message}");
    other.rpc("anvil_setChainId", json!([421_614])).await;
    origin.node.mine().await.unwrap();
    let later = Chain::with(fork_of(&origin.node.url())).await;
    let refused = later.request("anvil_setRpcUrl", json!([other.node.url()])).await;
    assert!(refused["error"]["message"].as_str().unwrap().contains("is not 0x"), "{refused}");
    let proxy = NodeProxy::start(&origin.node.url()).await.unwrap();
    fork.rpc("anvil_setRpcUrl", json!([proxy.url])).await;
    origin.rpc("anvil_setBalance", json!([ACCOUNT, "0x7"])).await;
    fork.provider.get_balance(ACCOUNT).await.unwrap();
    assert!(proxy.take_counts().contains_key("eth_getBalance"));
    // A plain chain can become a fork, and a fork a plain chain.
    let forking = json!([{"forking": {"jsonRpcUrl": origin.node.url(), "blockNumber": 3}}]);
    let chain = Chain::start().await;
    chain.rpc("anvil_reset", forking).await;
    assert_eq!(chain.provider.get_block_number().await.unwrap(), 3);
    chain.rpc("anvil_reset", json!([])).await;
    assert_eq!(chain.rpc("anvil_nodeInfo", json!([])).await["forkConfig"]["forkUrl"], Value::Null);
}
