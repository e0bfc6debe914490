//! Speed and memory of a chain under load, in its own process, over HTTP; compared with Anvil if
//! its path is the argument.
//!
//! All transactions are signed before the clock starts. It stops when the last one is in a block.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement that meets an unexpected value should end there"
)]

mod chain;
mod program;

use std::{env, io::Read, time::Duration};

use alloy::{
    consensus::{SignableTransaction, TxEnvelope, TxLegacy},
    eips::eip2718::Encodable2718,
    primitives::{Address, B256, Bytes, TxKind, U256, hex, keccak256},
    signers::{SignerSync, local::PrivateKeySigner},
};
use stylus_devnode::{CHAIN_ID, Config, Devnode};
use tokio::time::{self, Instant};

use chain::Chain;

/// Concurrent connections, each with its own sender.
const CONNECTIONS: u64 = 8;

/// Transactions per measurement.
const BATCH_SIZE: u64 = 10_000;

/// Consecutive measurements.
const BATCHES: u64 = 10;

/// Gas price of transactions in wei.
const PRICE: u128 = 10_000_000_000;

#[tokio::main]
async fn main() {
    // Cargo adds an argument of its own.
    match env::args().skip(1).find(|argument| argument != "--bench").as_deref() {
        Some("serve") => serve().await,
        anvil => compare(anvil).await,
    }
}

/// Runs a chain until standard input is closed.
async fn serve() {
    let node = Devnode::start(Config::any_port()).await.unwrap();
    println!("{}", node.url());
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()))
        .await
        .unwrap()
        .unwrap();
}

/// Measurements of one chain.
#[derive(Default)]
struct Measurements {
    /// Time from the start of the process to the first response.
    start: Duration,
    /// Transfers per second, per batch.
    transfers: Vec<u64>,
    /// Calls of a program per second.
    program: Option<u64>,
    /// Memory in bytes after all transfers.
    memory: Option<u64>,
}

/// Measures both chains and prints a table.
async fn compare(anvil: Option<&str>) {
    let ours = {
        let chain = Chain::devnode().await;
        let mut measurements = measure(&chain).await;
        drop(chain);
        measurements.program = Some(call_program(&Chain::devnode().await).await);
        measurements
    };
    let other = match anvil {
        Some(path) => Some(measure(&Chain::anvil(path).await).await),
        None => None,
    };
    let row = |name: &str, format_row: &dyn Fn(&Measurements) -> String| {
        println!(
            "| {name} | {} | {} |",
            format_row(&ours),
            other.as_ref().map_or("–".to_owned(), format_row)
        );
    };
    let number = |number: Option<&u64>| number.map_or("–".to_owned(), u64::to_string);
    println!("| | devnode | anvil |\n| --- | --- | --- |");
    row("start to first answer, ms", &|of| of.start.as_millis().to_string());
    row("transfers per second, first 10 000", &|of| number(of.transfers.first()));
    row("transfers per second, last 10 000 of 100 000", &|of| number(of.transfers.last()));
    row("calls of a Stylus program per second, first 10 000", &|of| number(of.program.as_ref()));
    row("memory after 100 000 transfers, MB", &|of| {
        number(of.memory.map(|bytes| bytes >> 20).as_ref())
    });
}

/// Measures start, transfers and memory.
async fn measure(chain: &Chain) -> Measurements {
    let senders = Sender::all(chain).await;
    let mut transfers = Vec::new();
    for batch in 0..BATCHES {
        let to = Address::repeat_byte(u8::try_from(batch).unwrap().saturating_add(1));
        transfers.push(transactions_per_second(chain, &senders, batch, to, 21_000).await);
    }
    Measurements { start: chain.start, transfers, program: None, memory: chain.memory() }
}

/// Measures calls of a program that counts in its storage.
async fn call_program(chain: &Chain) -> u64 {
    let senders = Sender::all(chain).await;
    let program = program::deploy(chain).await;
    let rate = transactions_per_second(chain, &senders, 0, program, 200_000).await;
    let count = chain.rpc("eth_getStorageAt", &format!(r#"["{program}", "0x0", "latest"]"#)).await;
    let count: U256 = count.as_str().unwrap().parse().unwrap();
    assert_eq!(count, U256::from(BATCH_SIZE), "every call has counted");
    rate
}

/// An account that sends transactions.
struct Sender(PrivateKeySigner);

impl Sender {
    /// A funded sender per connection.
    async fn all(chain: &Chain) -> Vec<Self> {
        let mut senders = Vec::new();
        for number in 0..CONNECTIONS {
            let key: B256 = keccak256(format!("load {number}"));
            let sender = Self(PrivateKeySigner::from_bytes(&key).unwrap());
            let balance = U256::from(10).pow(U256::from(21));
            let params = format!(r#"["{}", "{balance:#x}"]"#, sender.0.address());
            chain.rpc("anvil_setBalance", &params).await;
            senders.push(sender);
        }
        senders
    }

    /// The body of a request that sends a transaction.
    fn body(&self, nonce: u64, to: Address, gas_limit: u64) -> String {
        let (to, value) = (TxKind::Call(to), U256::ZERO);
        let transaction = TxLegacy {
            chain_id: Some(CHAIN_ID),
            nonce,
            gas_price: PRICE,
            gas_limit,
            to,
            value,
            input: Bytes::new(),
        };
        let raw = sign(&self.0, transaction);
        chain::request("eth_sendRawTransaction", &format!(r#"["{}"]"#, hex::encode_prefixed(raw)))
    }
}

/// Signs and encodes a transaction.
fn sign(signer: &PrivateKeySigner, transaction: TxLegacy) -> Vec<u8> {
    let signature = signer.sign_hash_sync(&transaction.signature_hash()).unwrap();
    TxEnvelope::from(transaction.into_signed(signature)).encoded_2718()
}

/// Whether every sender has this many included transactions.
async fn all_included(chain: &Chain, senders: &[Sender], count: u64) -> bool {
    for sender in senders {
        let params = format!(r#"["{}", "latest"]"#, sender.0.address());
        if chain.rpc("eth_getTransactionCount", &params).await != format!("{count:#x}") {
            return false;
        }
    }
    true
}

/// Sends the transactions of a batch to an account; returns how many are included per second.
async fn transactions_per_second(
    chain: &Chain,
    senders: &[Sender],
    batch: u64,
    to: Address,
    gas: u64,
) -> u64 {
    let each = BATCH_SIZE.checked_div(CONNECTIONS).unwrap();
    let nonces = batch.saturating_mul(each)..batch.saturating_add(1).saturating_mul(each);
    let (first, last) = (nonces.start, nonces.end);
    let bodies: Vec<Vec<String>> = senders
        .iter()
        .map(|sender| (first..last).map(|nonce| sender.body(nonce, to, gas)).collect())
        .collect();
    let begin = Instant::now();
    let connections = bodies.into_iter().map(|bodies| {
        let connection = chain.connect();
        tokio::spawn(async move {
            for body in bodies {
                connection.send(body).await;
            }
        })
    });
    for connection in connections.collect::<Vec<_>>() {
        connection.await.unwrap();
    }
    while !all_included(chain, senders, last).await {
        time::sleep(Duration::from_millis(1)).await;
    }
    let took = u64::try_from(begin.elapsed().as_micros()).unwrap();
    let rate = BATCH_SIZE.saturating_mul(1_000_000).checked_div(took).unwrap();
    eprintln!(
        "{}: {rate} per second from transaction {}",
        chain.name,
        batch.saturating_mul(BATCH_SIZE)
    );
    rate
}
