//! Stylus programs end to end: one program per family of host calls, with the results and ink that
//! a Nitro node gave for the same program and calldata.

use alloy::{
    eips::BlockId,
    network::TransactionBuilder,
    primitives::{Address, U256, hex},
    providers::Provider,
    rpc::types::TransactionRequest,
};
use stylus_devnode::{CHAIN_ID, DEV_ADDRESS};

use crate::support::{Chain, message, revert_data};

/// Runs a program on a fresh chain and compares its output.
async fn responses(wat: &str, cases: &[(&str, &str)]) {
    let chain = Chain::start().await;
    let program = chain.program(wat).await;
    for (calldata, response) in cases {
        let output = chain.call(program, hex::decode(calldata).unwrap()).await.unwrap();
        assert_eq!(hex::encode(&output), *response, "calldata {calldata}");
    }
}

/// A number as a word in hexadecimal.
fn word(number: u64) -> String {
    format!("{number:064x}")
}

#[tokio::test]
async fn io() {
    let word = "98d308986d8bdc122795b55f90a0aa29083155460d3e3eb58d8b0858ebc85d6f";
    let cases = [
        ("", "4387000000000000d8f30000000000008ef3000000000000"),
        (word, "4387000000000000d8f30000000000008ef3000000000000"),
        (&format!("{word}d3"), "618700000000000046f40000000000008ef3000000000000"),
        (&format!("{word}d3679ad8be3f3b09"), "338800000000000048f70000000000008ef3000000000000"),
    ];
    responses(include_str!("../programs/io.wat"), &cases).await;
}

#[tokio::test]
async fn status() {
    let chain = Chain::start().await;
    let program = chain.program(include_str!("../programs/status.wat")).await;
    let success = chain.call(program, hex!("0000000098d308")).await.unwrap();
    assert_eq!(success.to_vec(), hex!("0000000098d308"));
    for status in [hex!("0100000098d308"), hex!("0200000098d308")] {
        let error = chain.call(program, status).await.unwrap_err();
        assert_eq!(
            (message(&error).as_str(), revert_data(&error)),
            ("execution reverted", status.into())
        );
    }
}

#[tokio::test]
async fn storage() {
    let calldata = [word(1), word(11), word(12)].concat();
    let response = "f49a000000000000ec8d2d0d00000000ac5c010000000000f49a000000000000ec9e100000000000\
                  f49a000000000000ac5c010000000000f49a000000000000ec9e100000000000";
    responses(include_str!("../programs/storage.wat"), &[(&calldata, response)]).await;
}

#[tokio::test]
async fn storage_persists_only_if_the_transaction_succeeds() {
    let chain = Chain::start().await;
    let program = chain.program(include_str!("../programs/storage.wat")).await;
    let calldata = hex::decode([word(1), word(11), word(12)].concat()).unwrap();
    let write = TransactionRequest::default().with_to(program).with_input(calldata);
    // The program writes 11 and 12, then the word after the calldata, which is zero.
    assert!(chain.send(write.clone()).await.status());
    let slot = |slot| chain.provider.get_storage_at(program, U256::from(slot));
    assert_eq!(slot(1).await.unwrap(), U256::ZERO);
    let short = chain.send(write.with_gas_limit(40_000)).await;
    assert!(!short.status());
    assert_eq!(short.gas_used, 40_000, "out of ink takes everything");
}

#[tokio::test]
async fn transient() {
    let four_loads_and_stores = "4dc6100000000000".repeat(4);
    let values = [word(0), word(2), word(0)].concat();
    let rest = word(0);
    let response = [four_loads_and_stores, rest, values].concat();
    let calldata = [word(1), word(2)].concat();
    responses(include_str!("../programs/transient.wat"), &[(&calldata, &response)]).await;
}

#[tokio::test]
async fn keccak() {
    let word = "98d308986d8bdc122795b55f90a0aa29083155460d3e3eb58d8b0858ebc85d6f";
    let cases = [
        ("", "d72e020000000000c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        (word, "d72e020000000000dbebe4b309a2ddfecec5e6e09a1b3bb36c809de99758517889f99ff4e94c78f6"),
        (
            &format!("{word}d3"),
            "d72e02000000000007b85c732110de869ef8a90266a43db23d997b73c1c599452578336376aeb379",
        ),
    ];
    responses(include_str!("../programs/keccak.wat"), &cases).await;
}

#[tokio::test]
async fn log() {
    let chain = Chain::start().await;
    let program = chain.program(include_str!("../programs/log.wat")).await;
    let data = hex!("98d308986d8bdc122795b55f90a0aa29083155460d3e3eb58d8b0858ebc85d6f");
    let calldata = [&[0], data.as_slice()].concat();
    let ink = chain.call(program, calldata.clone()).await.unwrap();
    assert_eq!(ink.to_vec(), hex!("f6e5610000000000"));
    let request = TransactionRequest::default().with_to(program).with_input(calldata);
    let receipt = chain.send(request).await;
    let [log] = receipt.logs() else { panic!("one log") };
    assert_eq!(
        (log.address(), log.topics().len(), log.data().data.as_ref()),
        (program, 0, data.as_slice())
    );

    let topics = [&[1], data.as_slice(), &[7]].concat();
    let receipt =
        chain.send(TransactionRequest::default().with_to(program).with_input(topics)).await;
    let log = &receipt.logs()[0];
    assert_eq!((log.topics()[0].0, log.data().data.as_ref()), (data, [7].as_slice()));
}

#[tokio::test]
async fn account() {
    let chain = Chain::start().await;
    let program = chain.program(include_str!("../programs/account.wat")).await;
    let code = hex!("ff363deadbeef61cafe000");
    let contract = chain.deploy(&code).await;
    let response = chain.call(program, contract.to_vec()).await.unwrap();
    let ink = hex!("d9fdf801000000004dc6100000000000e65f0100000000004dc6100000000000");
    assert_eq!(response[..32], ink, "code, hash, size, balance of a contract");
    assert_eq!(response[288..299], hex!("0b0000000b0000000000000000000000")[..11], "both lengths");
    assert_eq!(response[352..363], code);

    let rich = Address::repeat_byte(0x77);
    chain.node.set_balance(rich, U256::from(12_345)).await.unwrap();
    let response = chain.call(program, rich.to_vec()).await.unwrap();
    let ink = hex!("d9fdf801000000004dc6100000000000e6717b00000000004dc6100000000000");
    assert_eq!(response[..32], ink, "code, hash, size, balance of a plain account");
    assert_eq!(U256::from_be_slice(&response[256..288]), U256::from(12_345));
}

#[tokio::test]
async fn env() {
    let chain = Chain::start().await;
    let program = chain.program(include_str!("../programs/env.wat")).await;
    let request = TransactionRequest::default()
        .with_to(program)
        .with_from(DEV_ADDRESS)
        .with_value(U256::from(5))
        .with_gas_price(200_000_000);
    let response = chain.provider.call(request).await.unwrap();
    let address = |at: usize| Address::from_slice(&response[at..at + 20]);
    let word = |at: usize| U256::from_be_slice(&response[at..at + 32]);
    let number = |at: usize| u64::from_le_bytes(response[at..at + 8].try_into().unwrap());
    assert_eq!([address(0), address(20), address(40)], [program, DEV_ADDRESS, DEV_ADDRESS]);
    assert_eq!(address(60).as_slice()[..3], hex!("a4b000"));
    assert_eq!([word(80), word(112), word(144)], [5, 200_000_000, 100_000_000].map(U256::from));
    let latest = chain.provider.get_block(BlockId::latest()).await.unwrap().unwrap();
    assert_eq!([number(176), number(184)], [0, latest.header.timestamp]);
    assert_eq!([number(192), number(200)], [1 << 50, CHAIN_ID]);
    assert_eq!(response[208..], [10_000_u32.to_le_bytes(), [0; 4]].concat());
}

#[tokio::test]
async fn math() {
    let max = "f".repeat(64);
    let cases = [
        ([word(10), word(3)].concat(), format!("c4fc000000000000{}", word(3))),
        ([word(0), word(5)].concat(), format!("c4fc000000000000{}", word(0))),
        ([max.clone(), max].concat(), format!("c4fc000000000000{}", word(1))),
    ];
    let cases: Vec<_> = cases.iter().map(|(input, output)| (&**input, &**output)).collect();
    responses(include_str!("../programs/math.wat"), &cases).await;
}

#[tokio::test]
async fn memory() {
    let cases = [
        ("00000000", "0100000001000000b77b000000000000"),
        ("01000000", "0100000002000000e75a000000000000"),
        ("02000000", "010000000300000067f1980000000000"),
    ];
    responses(include_str!("../programs/memory.wat"), &cases).await;
}

#[tokio::test]
async fn console() {
    let response = "c452000000000000c352000000000000c352000000000000c452000000000000";
    responses(include_str!("../programs/console.wat"), &[("", response)]).await;
}

#[tokio::test]
async fn returndata() {
    let response = "cc7600000000000098730100000000009873010000000000\
                  00000000000000000000000000000000";
    responses(include_str!("../programs/returndata.wat"), &[("", response)]).await;
}

#[tokio::test]
async fn call() {
    let chain = Chain::start().await;
    let program = chain.program(include_str!("../programs/call.wat")).await;
    // EVM code that returns its calldata.
    let echo = chain.deploy(&hex!("365f5f37365ff3")).await;
    let calldata = |kind: u8, data: &[u8]| {
        let (value, gas) = ([0; 32], [0xff; 8]);
        [&[kind], echo.as_slice(), &value, &gas, data].concat()
    };
    for kind in [0, 1, 2] {
        let response = chain.call(program, calldata(kind, &[0x98])).await.unwrap();
        assert_eq!(response[0], 0, "kind {kind} succeeds");
        assert_eq!(response[9..], hex!("010000000100000098"), "kind {kind} brings the byte back");
    }
    let failing = chain.deploy(&hex!("602a5f5260205ffd")).await;
    let mut request = calldata(0, &[]);
    request[1..21].copy_from_slice(failing.as_slice());
    let response = chain.call(program, request).await.unwrap();
    assert_eq!(response[0], 2, "a revert is status 2");
    assert_eq!(hex::encode(&response[17..]), word(42), "and its data comes along");
}

#[tokio::test]
async fn a_call_with_value_transfers_it() {
    let chain = Chain::start().await;
    let program = chain.program(include_str!("../programs/call.wat")).await;
    let friend = Address::repeat_byte(0x55);
    let (value, gas) = (U256::from(7).to_be_bytes::<32>(), [0xff; 8]);
    let calldata = [&[0], friend.as_slice(), &value, &gas].concat();
    let request = TransactionRequest::default()
        .with_to(program)
        .with_value(U256::from(9))
        .with_input(calldata);
    assert!(chain.send(request).await.status());
    assert_eq!(chain.provider.get_balance(friend).await.unwrap(), U256::from(7));
    assert_eq!(chain.provider.get_balance(program).await.unwrap(), U256::from(2));
}

#[tokio::test]
async fn create() {
    let chain = Chain::start().await;
    let program = chain.program(include_str!("../programs/create.wat")).await;
    let code = hex!("60015f5260205ff3");
    let calldata = [&[0; 65], crate::support::init_code(&code).as_slice()].concat();
    let request = TransactionRequest::default().with_to(program).with_input(calldata.clone());
    let response = chain.call(program, calldata).await.unwrap();
    assert_eq!(response[20..], hex!("000000006fd60c140000000000000000"));
    assert!(chain.send(request).await.status());
    let created = Address::from_slice(&response[..20]);
    assert_eq!(created, program.create(1));
    assert_eq!(chain.provider.get_code_at(created).await.unwrap().to_vec(), code);
}
