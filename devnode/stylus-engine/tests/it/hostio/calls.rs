//! Calls, creations, and reads of other accounts.

use alloy_primitives::{Bytes, U256, b256, hex, keccak256};
use stylus_engine::{Status, SubcallKind, SubcallOutcome};

use super::{OTHER, ink, outs, trace, word};
use crate::ledger::Ledger;

#[test]
fn first_reads_of_an_account_are_cold() {
    let mut ledger = Ledger::default();
    ledger.code.insert(OTHER, Bytes::from(vec![0x5b; 120]));
    ledger.balances.insert(OTHER, U256::from(9));
    let body = "(drop (call $code (i32.const 64) (i32.const 118) (i32.const 9) (i32.const 128))) \
                (drop (call $code_size (i32.const 64))) \
                (call $balance (i32.const 64) (i32.const 128)) \
                (call $code_hash (i32.const 64) (i32.const 128))";
    assert_eq!(trace(&mut ledger, body).status, Status::Success);
    assert_eq!(ink(&ledger, "account_code"), [33_075_753]);
    assert_eq!(outs(&ledger, "account_code"), [0x5b; 2]);
    // The code is cached by now.
    assert_eq!(ink(&ledger, "account_code_size"), [68_073]);
    assert_eq!(outs(&ledger, "account_code_size"), 120_u32.to_be_bytes());
    assert_eq!(ink(&ledger, "account_balance"), [1_078_153]);
    assert_eq!(outs(&ledger, "account_balance"), word(9).0);
    assert_eq!(ink(&ledger, "account_codehash"), [1_078_153]);
    assert_eq!(outs(&ledger, "account_codehash"), keccak256([0x5b; 120]).0);
}

#[test]
fn empty_code_is_not_cached() {
    let mut ledger = Ledger::default();
    let size = "(drop (call $code_size (i32.const 64)))";
    assert_eq!(trace(&mut ledger, &format!("{size}{size}")).status, Status::Success);
    assert_eq!(ink(&ledger, "account_code_size"), [33_068_073, 8_068_073]);
}

#[test]
fn calls_forward_the_programs_arguments() {
    let outcome = SubcallOutcome {
        success: true,
        cost: 100,
        output: Bytes::from_static(b"result"),
        created: None,
    };
    let mut ledger = Ledger { outcome, ..Ledger::default() };
    let body = "(drop (call $call (i32.const 64) (i32.const 64) (i32.const 36) (i32.const 0) \
                (i64.const -1) (i32.const 200))) \
                (drop (call $delegate (i32.const 64) (i32.const 64) (i32.const 36) \
                (i64.const 5) (i32.const 200))) \
                (drop (call $static (i32.const 64) (i32.const 64) (i32.const 36) \
                (i64.const 5) (i32.const 200))) \
                (drop (call $size)) \
                (drop (call $returned (i32.const 300) (i32.const 2) (i32.const 3))) \
                (drop (call $returned (i32.const 300) (i32.const 7) (i32.const 3))) \
                (call $write_result (i32.const 200) (i32.const 4))";
    let outcome = trace(&mut ledger, body);
    assert_eq!(outcome.output.to_vec(), 6_u32.to_le_bytes());

    let price = 83_193 + 2 * (16_381 + 55 * 4) + 100 * 10_000;
    assert_eq!(ink(&ledger, "call_contract"), [price]);
    assert_eq!(ink(&ledger, "delegate_call_contract"), [price]);
    assert_eq!(ink(&ledger, "static_call_contract"), [price]);
    assert_eq!(ink(&ledger, "read_return_data"), [73_113, 73_113]);
    assert_eq!(ink(&ledger, "return_data_size"), [8400]);
    assert_eq!(outs(&ledger, "static_call_contract"), hex!("0000000600"));
    let parts: Vec<_> =
        ledger.hostios.iter().filter(|call| call.name == "read_return_data").collect();
    assert_eq!((&parts[0].outs[..], &parts[1].outs[..]), (&b"sul"[..], &b""[..]));

    let kinds: Vec<_> = ledger.calls.iter().map(|call| call.kind).collect();
    assert_eq!(kinds, [SubcallKind::Call, SubcallKind::Delegate, SubcallKind::Static]);
    let [first, second, _] = &ledger.calls[..] else { panic!("three calls") };
    assert_eq!((first.to, first.input.len()), (OTHER, 36));
    assert_eq!(first.gas_requested, first.gas_left);
    assert_eq!(second.gas_requested, 5);
}

#[test]
fn failed_calls_return_their_data_and_status_two() {
    let outcome =
        SubcallOutcome { output: Bytes::from_static(b"no"), cost: 7, ..SubcallOutcome::default() };
    let mut ledger = Ledger { outcome, ..Ledger::default() };
    let body = "(i32.store8 (i32.const 0) (call $static (i32.const 64) (i32.const 0) (i32.const 0) \
                (i64.const 1) (i32.const 200))) \
                (drop (call $returned (i32.const 1) (i32.const 0) (i32.const 9))) \
                (call $write_result (i32.const 0) (i32.const 3))";
    assert_eq!(trace(&mut ledger, body).output.to_vec(), b"\x02no");
}

#[test]
fn creations_return_an_address() {
    let outcome = SubcallOutcome {
        success: true,
        cost: 32_000,
        created: Some(OTHER),
        ..SubcallOutcome::default()
    };
    let mut ledger = Ledger { outcome, ..Ledger::default() };
    let body = "(call $create1 (i32.const 0) (i32.const 33) (i32.const 96) (i32.const 200) \
                (i32.const 220)) \
                (call $create2 (i32.const 0) (i32.const 32) (i32.const 96) (i32.const 64) \
                (i32.const 200) (i32.const 220)) \
                (call $write_result (i32.const 200) (i32.const 24))";
    let outcome = trace(&mut ledger, body);
    assert_eq!(outcome.output, [OTHER.as_slice(), &[0; 4]].concat());
    assert_eq!(ink(&ledger, "create1"), [83_193 + 2 * (16_381 + 55) + 320_000_000]);
    assert_eq!(ink(&ledger, "create2"), [88_233 + 2 * 16_381 + 320_000_000]);
    assert_eq!(ledger.creations[0].salt, None);
    let salt = b256!("2222222222222222222222222222222222222222000000000000000000000000");
    assert_eq!(ledger.creations[1].salt, Some(salt));
}
