//! How fast an index is: `index_load record FILE EVENTS` writes the events of a market that is always the same to a file, and
//! `index_load run FILE DATABASE HISTORY` reads them into a new database as a follower would, then asks every question many times.
//!
//! HISTORY is `old` if all blocks are too old to be replaced, as nearly all are while an index catches up, or `new` if each batch
//! ends with the chain's latest block: then its last 4,096 blocks are journaled, and the journal of those before is deleted.
//!
//! Prints events per second, memory, the size of the database, and the times within which a half and 99 of 100 answers came. Memory is
//! that of the process so far, so each run is a process of its own.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a tool for developers stops at the first surprise"
)]

#[path = "../tests/generator/mod.rs"]
mod generator;
#[path = "index_load/questions.rs"]
mod questions;
#[path = "index_load/recording.rs"]
mod recording;

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use alloy::primitives::{Address, B256};
use muster_client::protocol::abi::Clock;
use muster_client::protocol::settings;
use muster_index::database::SqliteDatabase;
use muster_index::{Index, MarketIdentity};

use crate::generator::Accounts;

/// The tool's errors.
type AnyError = Box<dyn Error>;

/// The accounts of the market.
const ACCOUNTS: Accounts =
    Accounts { workers: 20_000, testers: 500, clients: 2_000, applications: 10 };

/// Events of a batch: about what a follower reads in one step.
const BATCH: usize = 5_000;

/// How often each question is asked.
const QUESTIONS: u32 = 500;

fn main() -> Result<(), AnyError> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["record", file, events] => {
            recording::write(file.as_ref(), ACCOUNTS, BATCH, events.parse()?)
        }
        ["run", file, database, history @ ("old" | "new")] => {
            run(file.as_ref(), database.as_ref(), *history == "old")
        }
        _ => {
            Err("usage: index_load record FILE EVENTS | index_load run FILE DATABASE old|new"
                .into())
        }
    }
}

/// A line of this process's status, in kilobytes: `VmRSS` is the resident memory, `VmHWM` the most that it ever was.
fn memory(name: &str) -> Result<u64, AnyError> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    Ok(line.unwrap_or_default().trim().trim_end_matches(" kB").parse()?)
}

/// The sizes in bytes of the database at this path, and of its write-ahead log.
fn sizes(path: &Path) -> Result<(u64, u64), AnyError> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    Ok((fs::metadata(path)?.len(), fs::metadata(log)?.len()))
}

/// Indexes a file into a new database, and asks questions.
#[expect(clippy::print_stdout, reason = "numbers are its purpose")]
fn run(file: &Path, path: &Path, is_old: bool) -> Result<(), AnyError> {
    let index = Index::new(SqliteDatabase::open(path)?);
    let id = index.open_market(&MarketIdentity {
        chain: 42_161,
        dispatcher: Address::repeat_byte(0xdd),
        created: generator::FIRST_BLOCK,
        created_hash: B256::repeat_byte(1),
        settings: settings::dev(Clock::Second),
    })?;
    let (begin, mut writing, mut events) = (Instant::now(), Duration::ZERO, 0_usize);
    let mut memories = Vec::new();
    for batch in recording::read(file)? {
        let mut batch = batch?;
        if is_old {
            batch.tip = batch.tip.saturating_add(1_000_000);
        }
        events = events.saturating_add(batch.events.len());
        let start = Instant::now();
        index.apply(id, &batch)?;
        writing = writing.saturating_add(start.elapsed());
        memories.push(memory("VmRSS")?);
    }
    let all = begin.elapsed();
    let per_second = |time: Duration| {
        let events = u128::try_from(events).unwrap_or(u128::MAX);
        events.saturating_mul(1_000_000).checked_div(time.as_micros()).unwrap_or(0)
    };
    let at = |tenths: usize| {
        let last = memories.len().saturating_sub(1);
        memories.get(last.saturating_mul(tenths).div_euclid(10)).copied().unwrap_or_default()
    };
    println!("events {events}");
    println!(
        "seconds {:.1}, of them {:.1} in the database",
        all.as_secs_f64(),
        writing.as_secs_f64()
    );
    println!("events per second {}, of the database {}", per_second(all), per_second(writing));
    println!("memory in kB after 10 %, 50 %, 100 %: {} {} {}", at(1), at(5), at(10));
    println!("the most memory in kB: {}", memory("VmHWM")?);
    let (database, log) = sizes(path)?;
    println!("bytes: {database} of the database, {log} of its write-ahead log");
    println!("| question | median µs | 99 of 100 µs | slowest µs |");
    println!("| --- | ---: | ---: | ---: |");
    for (name, mut times) in questions::ask(&index, id, ACCOUNTS, QUESTIONS)? {
        times.sort();
        let within = |percent: usize| {
            let last = times.len().saturating_sub(1);
            let place = last.saturating_mul(percent).div_euclid(100);
            times.get(place).copied().unwrap_or_default().as_micros()
        };
        println!("| {name} | {} | {} | {} |", within(50), within(99), within(100));
    }
    println!("the most memory in kB, with the questions: {}", memory("VmHWM")?);
    Ok(())
}
