//! Versions of ArbOS: chosen at the start, kept by a state file, and upgraded while the chain runs.

use alloy::{
    primitives::{Address, Bytes, U256, hex, keccak256},
    providers::Provider,
};
use serde_json::json;
use stylus_devnode::{ArbosVersion, Config};

use crate::support::{Chain, message};

/// A program that returns nothing.
const PROGRAM: &str = r#"(module
    (memory (export "memory") 1 1)
    (func (export "user_entrypoint") (param i32) (result i32) (i32.const 0)))"#;

/// `ArbSys`.
const ARB_SYS: Address = Address::with_last_byte(0x64);

/// Starts a chain with this version.
async fn start(arbos: ArbosVersion) -> Chain {
    Chain::with(Config { arbos, ..Config::any_port() }).await
}

/// The calldata of a call with numbers as arguments.
fn call(signature: &str, args: &[u64]) -> Bytes {
    let mut data = keccak256(signature)[..4].to_vec();
    for &arg in args {
        data.extend(U256::from(arg).to_be_bytes::<32>());
    }
    data.into()
}

/// What `arbOSVersion` returns.
async fn reported_version(chain: &Chain) -> U256 {
    let word = chain.call(ARB_SYS, call("arbOSVersion()", &[])).await.unwrap();
    U256::from_be_slice(&word)
}

/// The byte of the latest block's mix hash that is the version.
async fn version_in_header(chain: &Chain) -> u8 {
    let block = chain.provider.get_block(alloy::eips::BlockId::latest()).await.unwrap().unwrap();
    block.header.mix_hash[23]
}

#[tokio::test]
async fn a_chain_runs_the_version_that_it_is_started_with() {
    for (arbos, number) in
        [(ArbosVersion::V51, 51), (ArbosVersion::V60, 60), (ArbosVersion::V61, 61)]
    {
        let chain = start(arbos).await;
        assert_eq!(reported_version(&chain).await, U256::from(number + 55));
        assert_eq!(u64::from(version_in_header(&chain).await), number);
        chain.rpc("anvil_reset", json!([])).await;
        assert_eq!(reported_version(&chain).await, U256::from(number + 55), "after a reset");
    }
}

#[tokio::test]
async fn a_dump_keeps_its_version() {
    let chain = start(ArbosVersion::V60).await;
    let dump = chain.rpc("anvil_dumpState", json!([])).await;
    let other = start(ArbosVersion::V51).await;
    other.rpc("anvil_loadState", json!([dump])).await;
    assert_eq!(reported_version(&other).await, U256::from(115));
}

#[tokio::test]
async fn programs_need_another_activation_after_an_upgrade() {
    let chain = start(ArbosVersion::V51).await;
    let program = chain.program(PROGRAM).await;
    chain.call(program, Bytes::new()).await.unwrap();
    let snapshot = chain.rpc("evm_snapshot", json!([])).await;

    let now = chain.provider.get_block(alloy::eips::BlockId::latest()).await.unwrap().unwrap();
    let due = now.header.timestamp + 1000;
    chain.call_as_owner(call("scheduleArbOSUpgrade(uint64,uint64)", &[60, due])).await;
    let scheduled = || call("getScheduledUpgrade()", &[]);
    let public = Address::with_last_byte(0x6b);
    let answer = chain.call(public, scheduled()).await.unwrap();
    assert_eq!(answer, call("getScheduledUpgrade()", &[60, due])[4..]);
    chain.node.mine().await.unwrap();
    assert_eq!(reported_version(&chain).await, U256::from(106), "not yet");
    chain.call(program, Bytes::new()).await.unwrap();

    chain.node.increase_time(std::time::Duration::from_secs(1000)).await.unwrap();
    chain.node.mine().await.unwrap();
    assert_eq!(reported_version(&chain).await, U256::from(115));
    assert_eq!(version_in_header(&chain).await, 60);
    assert_eq!(chain.call(public, scheduled()).await.unwrap()[..], [0; 64]);
    let filter_manager = Address::with_last_byte(0x74);
    assert_eq!(chain.provider.get_code_at(filter_manager).await.unwrap()[..], hex!("fe"));
    let error = chain.call(program, Bytes::new()).await.unwrap_err();
    assert_eq!(message(&error), "error ProgramNeedsUpgrade(2, 3)");

    assert!(chain.activate(program).await.status());
    chain.call(program, Bytes::new()).await.unwrap();

    chain.rpc("evm_revert", json!([snapshot])).await;
    assert_eq!(reported_version(&chain).await, U256::from(106), "after the snapshot");
    chain.call(program, Bytes::new()).await.unwrap();
}

#[tokio::test]
async fn a_transaction_of_the_block_that_upgrades_is_traced_as_it_ran() {
    let chain = start(ArbosVersion::V51).await;
    let program = chain.program(PROGRAM).await;
    chain.call_as_owner(call("scheduleArbOSUpgrade(uint64,uint64)", &[61, 0])).await;
    let receipt = chain.activate(program).await;
    assert!(receipt.status());
    assert_eq!(version_in_header(&chain).await, 61);
    let options = json!([receipt.transaction_hash, {"tracer": "callTracer"}]);
    let trace = chain.rpc("debug_traceTransaction", options).await;
    assert_eq!(trace["gasUsed"], format!("{:#x}", receipt.gas_used), "{trace}");
}

#[tokio::test]
async fn only_arbos_60_pays_back_gas_of_a_program_that_cannot_be_entered() {
    const FEE: u64 = 100_000_000;
    for (arbos, paid_gas) in
        [(ArbosVersion::V51, 30_000), (ArbosVersion::V60, 21_000), (ArbosVersion::V61, 30_000)]
    {
        let chain = start(arbos).await;
        let program = chain.program(PROGRAM).await;
        let sender = chain.node.accounts()[1].address;
        let before = chain.provider.get_balance(sender).await.unwrap();
        let request = json!([{"from": sender, "to": program, "gas": "0x7530"}]);
        let hash = chain.rpc("eth_sendTransaction", request).await;
        let receipt = chain.rpc("eth_getTransactionReceipt", json!([hash])).await;
        assert_eq!((&receipt["status"], &receipt["gasUsed"]), (&json!("0x0"), &json!("0x7530")));
        let paid = before - chain.provider.get_balance(sender).await.unwrap();
        assert_eq!(paid, U256::from(paid_gas * FEE), "ArbOS {arbos}");
    }
}

#[tokio::test]
async fn an_upgrade_to_a_version_that_the_chain_cannot_run_is_refused() {
    let chain = start(ArbosVersion::V51).await;
    let request = json!([{
        "from": stylus_devnode::DEV_ADDRESS,
        "to": Address::with_last_byte(0x70),
        "data": call("scheduleArbOSUpgrade(uint64,uint64)", &[59, 0]),
    }, "latest"]);
    let response = chain.request("eth_call", request).await;
    assert_eq!(
        response["error"]["message"],
        "ArbOwner.scheduleArbOSUpgrade to another version than 60 or 61 is not implemented by the \
         dev chain"
    );
}
