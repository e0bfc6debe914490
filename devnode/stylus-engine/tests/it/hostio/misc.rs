//! Environment, logs, hashes, memory, printing, and how programs end.

use alloy_primitives::{Address, U256, keccak256};
use stylus_engine::{EvmData, Pages, Status, activate};

use super::{GAS, HEAD, ink, outs, trace, word};
use crate::VERSION;
use crate::ledger::Ledger;

#[test]
fn read_only_calls_change_nothing() {
    let evm_data = EvmData { read_only: true, ..EvmData::default() };
    for body in [
        "(call $cache (i32.const 0) (i32.const 64)) (call $flush (i32.const 0))",
        "(call $tstore (i32.const 0) (i32.const 32))",
        "(call $log (i32.const 0) (i32.const 0) (i32.const 0))",
        "(call $create1 (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))",
    ] {
        let mut ledger = Ledger { evm_data: evm_data.clone(), ..Ledger::default() };
        let outcome = trace(&mut ledger, body);
        assert_eq!(outcome.status, Status::Failure, "{body}");
        assert!(outcome.output.is_empty() && outcome.gas_left > 0, "{body}");
        assert!(ledger.storage.is_empty() && ledger.transient.is_empty(), "{body}");
        assert!(ledger.logs.is_empty(), "{body}");
    }
}

#[test]
fn logs_cost_by_topic_and_byte() {
    for (topics, bytes, expected) in
        [(0, 0, 3_834_454), (0, 10, 4_634_454), (0, 100, 11_838_194), (4, 100, 26_845_234)]
    {
        let mut ledger = Ledger::default();
        let len = 32 * topics + bytes;
        let body = format!("(call $log (i32.const 64) (i32.const {len}) (i32.const {topics}))");
        assert_eq!(trace(&mut ledger, &body).status, Status::Success);
        assert_eq!(ink(&ledger, "emit_log"), [expected]);
        let (found, data) = &ledger.logs[0];
        assert_eq!((found.len(), data.len()), (topics, bytes));
    }
}

#[test]
fn malformed_logs_fail_and_keep_the_gas() {
    for body in [
        "(call $log (i32.const 0) (i32.const 160) (i32.const 5))",
        "(call $log (i32.const 0) (i32.const 63) (i32.const 2))",
        "(call $log (i32.const 65535) (i32.const 2) (i32.const 0))",
    ] {
        let mut ledger = Ledger::default();
        let outcome = trace(&mut ledger, body);
        assert_eq!((outcome.status, ledger.logs.len()), (Status::Failure, 0), "{body}");
        assert!(outcome.gas_left > GAS - 1000, "{body}");
        assert!(ink(&ledger, "emit_log").is_empty(), "{body}");
    }
}

#[test]
fn the_environment_is_reported() {
    let evm_data = EvmData {
        address: Address::repeat_byte(1),
        caller: Address::repeat_byte(2),
        value: U256::from(3),
        reentrant: true,
        origin: Address::repeat_byte(4),
        gas_price: U256::from(5),
        base_fee: U256::from(6),
        coinbase: Address::repeat_byte(7),
        gas_limit: 8,
        l1_block: 9,
        timestamp: 10,
        chain_id: 11,
        read_only: false,
    };
    let mut ledger = Ledger { evm_data, ..Ledger::default() };
    let pointers = ["address", "sender", "value", "origin", "gas_price", "basefee", "coinbase"]
        .map(|name| format!("(call ${name} (i32.const 256))"));
    let numbers = [
        "gas_limit",
        "number",
        "timestamp",
        "chainid",
        "reentrant",
        "ink_price",
        "gas_left",
        "ink_left",
    ]
    .map(|name| format!("(drop (call ${name}))"));
    let outcome = trace(&mut ledger, &[pointers.concat(), numbers.concat()].concat());
    assert_eq!(outcome.status, Status::Success);

    let address = |byte| vec![byte; 20];
    let long = |number: u64| number.to_be_bytes().to_vec();
    let expected = [
        ("contract_address", 13_440, address(1)),
        ("msg_sender", 13_440, address(2)),
        ("msg_value", 13_440, word(3).to_vec()),
        ("tx_origin", 13_440, address(4)),
        ("tx_gas_price", 13_440, word(5).to_vec()),
        ("block_basefee", 13_440, word(6).to_vec()),
        ("block_coinbase", 13_440, address(7)),
        ("block_gas_limit", 8400, long(8)),
        ("block_number", 8400, long(9)),
        ("block_timestamp", 8400, long(10)),
        ("chainid", 8400, long(11)),
        ("msg_reentrant", 8400, vec![0, 0, 0, 1]),
        ("tx_ink_price", 8400, vec![0, 0, 0x27, 0x10]),
    ];
    for (name, price, out) in expected {
        assert_eq!((ink(&ledger, name), outs(&ledger, name)), (vec![price], out), "{name}");
    }
    let left = ledger.hostios.iter().find(|call| call.name == "evm_ink_left").unwrap();
    assert_eq!(left.outs.to_vec(), left.end_ink.to_be_bytes());
    let left = ledger.hostios.iter().find(|call| call.name == "evm_gas_left").unwrap();
    assert_eq!(left.outs.to_vec(), (left.end_ink / 10_000).to_be_bytes());
}

#[test]
fn hashes_cost_by_word() {
    for (len, expected) in [(10, 121_800), (100, 163_800), (1000, 751_800)] {
        let mut ledger = Ledger::default();
        let body = format!("(call $keccak (i32.const 4096) (i32.const {len}) (i32.const 0))");
        assert_eq!(trace(&mut ledger, &body).status, Status::Success);
        assert_eq!(ink(&ledger, "native_keccak256"), [expected]);
        assert_eq!(outs(&ledger, "native_keccak256"), keccak256(vec![0; len]).0);
    }
}

#[test]
fn pages_are_paid_for_and_counted_as_16_bits() {
    let pages = Pages { open: 1, ever: 1 };
    let mut ledger = Ledger { pages, ..Ledger::default() };
    let body =
        "(call $pay (i32.const 0)) (call $pay (i32.const 100)) (call $pay (i32.const 65536))";
    assert_eq!(trace(&mut ledger, body).status, Status::Success);
    assert_eq!(ink(&ledger, "pay_for_memory_grow"), [8400, 9_320_660_000, 8400]);
    assert_eq!(ledger.pages, Pages { open: 101, ever: 101 });
}

#[test]
fn an_early_exit_keeps_the_output() {
    let body = "(call $write_result (i32.const 64) (i32.const 1)) (call $exit_early (i32.const 3))";
    let mut ledger = Ledger::default();
    let outcome = trace(&mut ledger, body);
    assert_eq!((outcome.status, &outcome.output[..]), (Status::Revert, &[0x22][..]));
    assert_eq!(ink(&ledger, "exit_early"), [0]);
    assert_eq!(outs(&ledger, "user_returned"), 3_u32.to_be_bytes());
}

#[test]
fn a_trap_discards_the_output_and_keeps_the_gas() {
    let body = "(call $write_result (i32.const 64) (i32.const 1)) (unreachable)";
    let outcome = trace(&mut Ledger::default(), body);
    assert_eq!((outcome.status, outcome.output.len()), (Status::Failure, 0));
    assert!(outcome.gas_left > GAS - 100);
}

#[test]
fn printing_is_free() {
    let mut ledger = Ledger::default();
    let body = "(call $print (i32.const 64) (i32.const 2)) (drop (call $tee (i64.const -5)))";
    assert_eq!(trace(&mut ledger, body).status, Status::Success);
    assert_eq!(ledger.printed, ["\"\"", "-5"]);
    assert_eq!(ink(&ledger, "console_log_text"), [0]);
    assert!(ledger.hostios.iter().all(|call| call.name != "tee_i64"));
}

#[test]
fn printing_needs_a_debug_chain() {
    let text = format!(
        "(module {HEAD} (func (export \"user_entrypoint\") (param i32) (result i32) (i32.const 0)))"
    );
    let error =
        activate(&wat::parse_str(text).unwrap(), VERSION, 128, u64::MAX, false).unwrap_err();
    assert!(error.to_string().ends_with("No such import log_txt in console for user"), "{error}");
}
