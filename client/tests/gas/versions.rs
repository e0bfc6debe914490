//! The rows of the snapshot on chains of two versions of ArbOS, with and without cached programs.

use alloy::primitives::B256;
use muster_client::protocol::abi::IWorkAgreement::{acceptCall, settleCall};
use muster_client::protocol::abi::IWorkerDispatcher::setKeyCall;
use stylus_devnode::ArbosVersion;

use crate::env::{Contracts, GasEnv};
use crate::lifecycle::{Participants, SMALL, buy, order_of, run_lifecycle};
use crate::rows::{ACCOUNTS, Row, measure};
use crate::snapshot::table;
use crate::stylus_contracts;

/// The columns of the snapshot: their heads, whether programs are cached, and the version.
const COLUMNS: [(&str, bool, ArbosVersion); 4] = [
    ("cached", true, ArbosVersion::V61),
    ("uncached", false, ArbosVersion::V61),
    ("cached-51", true, ArbosVersion::V51),
    ("uncached-51", false, ArbosVersion::V51),
];

/// The steps of the page.
const COMPARED: [&str; 11] = [
    "setKey",
    "setKey, second in its block",
    "1 × 3: buyContract",
    "1 × 3: accept, first",
    "accept, second in its block",
    "1 × 3: report",
    "1 × 3: reportBatch",
    "1 × 3: settle, credits in use",
    "settle, nobody reported",
    "settle, nobody reported, second in its block",
    "1 × 3: whole life with a batch",
];

/// The rows of each column. Those of second transactions come last.
pub(crate) async fn measure_all() -> [Vec<Row>; 4] {
    let mut measured = [const { Vec::new() }; 4];
    for (rows, (_, cached, arbos)) in measured.iter_mut().zip(COLUMNS) {
        let contracts = stylus_contracts(cached, arbos);
        *rows = measure(&contracts).await;
        rows.extend(second_in_block_rows(&contracts).await);
    }
    measured
}

/// The second of two transactions of the same kind in one block.
async fn second_in_block_rows(contracts: &Contracts) -> [Row; 3] {
    let mut env = GasEnv::new(contracts, ACCOUNTS).await;
    let participants = Participants::register(&mut env, 2, 3, false).await;
    run_lifecycle(&mut env, &participants, SMALL, false).await;
    let [ada, bob] = participants.workers[..] else { panic!("two are registered") };
    let to = env.dispatcher;
    let set_key = || setKeyCall { key: B256::repeat_byte(7) };
    let key = env.send_second_in_block([(ada, to, set_key()), (bob, to, set_key())]).await;
    let (first, _) = buy(&mut env, participants.client, order_of(SMALL)).await;
    let (second, _) = buy(&mut env, participants.client, order_of(SMALL)).await;
    let accepts = [(ada, first, acceptCall {}), (ada, second, acceptCall {})];
    let accept = env.send_second_in_block(accepts).await;
    env.advance(env.settings.acceptWindow + 1_001).await;
    let settle = || settleCall { hints: vec![] };
    let settle = env.send_second_in_block([(ada, first, settle()), (bob, second, settle())]).await;
    [
        ("setKey, second in its block".to_owned(), key),
        ("accept, second in its block".to_owned(), accept),
        ("settle, nobody reported, second in its block".to_owned(), settle),
    ]
}

/// A row of all columns: its name and its gas.
fn rows(measured: &[Vec<Row>; 4]) -> impl Iterator<Item = (&str, [u64; 4])> {
    (0..measured[0].len()).map(|at| {
        let name = &*measured[0][at].0;
        let gas = measured.each_ref().map(|column| {
            assert_eq!(column[at].0, name);
            column[at].1
        });
        (name, gas)
    })
}

/// The snapshot: a line for each row.
pub(crate) fn snapshot(measured: &[Vec<Row>; 4]) -> String {
    let line =
        |name: &str, [a, b, c, d]: [&str; 4]| format!("{name:<50} {a:>8} {b:>8} {c:>11} {d:>11}\n");
    let head = line("step", COLUMNS.map(|(head, ..)| head));
    rows(measured).fold(head, |text, (name, gas)| {
        text + &line(name, gas.map(|gas| gas.to_string()).each_ref().map(String::as_str))
    })
}

/// The table of the page: some steps by version, with cached programs and without.
pub(crate) fn compared(measured: &[Vec<Row>; 4]) -> String {
    let lines = COMPARED.map(|step| {
        let (name, gas) = rows(measured).find(|(name, _)| *name == step).unwrap();
        let [cached, uncached, cached_51, uncached_51] = gas.map(|gas| gas.to_string());
        vec![name.to_owned(), cached_51, cached, uncached_51, uncached]
    });
    let head = ["step", "51, cached", "61, cached", "51, not cached", "61, not cached"];
    table(&head, lines)
}
