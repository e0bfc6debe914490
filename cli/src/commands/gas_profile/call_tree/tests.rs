use alloy::primitives::Address;
use serde_json::{Value, json};

use super::{CallTree, Row};
use crate::commands::gas_profile::profiling_node::Run;

/// The program that is called first.
const OUTER: Address = Address::repeat_byte(1);
/// The program that it calls.
const INNER: Address = Address::repeat_byte(2);

/// A function of a run.
fn function(name: &str, caller: Option<usize>, calls: u64, ink: u64) -> Value {
    json!({ "name": name, "isHost": false, "caller": caller, "calls": calls, "ink": ink })
}

/// A program that calls another one twice from a recursive function.
fn tree() -> CallTree {
    let run = |address: Address, caller: Value, functions: Vec<Value>| -> Run {
        let run = json!({
            "address": address, "isSameCode": true, "inkPrice": 10, "caller": caller, "functions": functions,
        });
        serde_json::from_value(run).unwrap()
    };
    let outer = vec![
        function("main", None, 1, 100),
        function("walk", Some(0), 1, 20),
        function("walk", Some(1), 2, 30),
        function("call_contract", Some(2), 2, 500),
    ];
    let site = json!({ "run": 0, "function": 3 });
    let runs = [
        run(OUTER, Value::Null, outer),
        run(INNER, site.clone(), vec![function("main", None, 1, 150)]),
        run(INNER, site, vec![function("main", None, 1, 250)]),
    ];
    CallTree::new(&runs, |address| if address == OUTER { "outer".into() } else { "inner".into() })
}

/// A row.
fn row(name: &str, program: Address, calls: u64, ink: u64, total_ink: u64) -> Row {
    Row { name: name.to_owned(), program, calls, ink, total_ink }
}

#[test]
fn what_a_callee_used_is_not_the_callers() {
    let tree = tree();
    assert_eq!((tree.total_ink(), tree.ink_outside(100), tree.gas(101)), (650, 350, 10));
    let expected = [
        row("main", INNER, 2, 400, 400),
        row("main", OUTER, 1, 100, 650),
        row("call_contract", OUTER, 2, 100, 500),
        row("walk", OUTER, 3, 50, 550),
    ];
    let mut functions = tree.functions();
    functions.sort_by_key(|row| (u64::MAX - row.ink, row.calls));
    assert_eq!(functions, expected);
    assert_eq!(
        tree.programs(),
        [row("[inner]", INNER, 2, 400, 400), row("[outer]", OUTER, 1, 250, 650)]
    );
}

#[test]
fn stacks_go_through_programs() {
    let tree = tree();
    let stacks: Vec<_> = tree.stacks().map(|(names, ink)| (names.join(" "), ink)).collect();
    let expected = [
        ("[outer] main", 100),
        ("[outer] main walk", 20),
        ("[outer] main walk walk", 30),
        ("[outer] main walk walk call_contract", 100),
        ("[outer] main walk walk call_contract [inner] main", 400),
    ];
    assert_eq!(stacks, expected.map(|(names, ink)| (names.to_owned(), ink)));
}
