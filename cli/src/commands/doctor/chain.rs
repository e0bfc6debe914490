//! The node, its chain, and the market on it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use muster_client::{Head, Market, Node};

use crate::clock::TickClock;
use crate::commands::doctor::finding::Report;
use crate::context::Context;
use crate::error::CliError;

/// How often the node is asked to see how fast it is.
const REQUESTS: u32 = 5;

/// A node that takes longer for an answer is too slow for daemons, whose steps ask several times.
const SLOW_ANSWER: Duration = Duration::from_secs(1);

/// How many blocks' events are read at once.
const LOG_BLOCKS: u64 = 10_000;

/// The most seconds between the machine's clock and a block that has just come.
const CLOCK_TOLERANCE: u64 = 15;

/// Checks that the node answers, how fast it is, and the machine's clock against its blocks.
pub(super) async fn check_node(context: &Context, report: &mut Report) -> Option<Node> {
    match ask_node(context).await {
        Ok((node, first, last, answer)) => {
            let (chain, block) = (node.chain_id(), last.number);
            let millis = answer.as_millis();
            report.ok("node", format_args!("chain {chain}, block {block}"));
            if answer > SLOW_ANSWER {
                let found = format_args!("an answer takes {millis} ms");
                report.wrong("node speed", found, "name a faster node with --rpc");
            } else {
                report.ok("node speed", format_args!("an answer takes {millis} ms"));
            }
            check_clock(&first, &last, report);
            Some(node)
        }
        Err(error) => {
            report.failed("node", &error);
            None
        }
    }
}

/// The node, its latest block at first and at last, and how long it takes to answer.
async fn ask_node(context: &Context) -> Result<(Node, Head, Head, Duration), CliError> {
    let node = context.node().await?;
    let first = node.head().await?;
    let started = Instant::now();
    let mut last = first;
    for _ in 0..REQUESTS {
        last = node.head().await?;
    }
    let answer = started.elapsed().checked_div(REQUESTS).unwrap_or_default();
    Ok((node, first, last, answer))
}

/// Compares the machine's clock with blocks. A quiet chain says only whether the machine is behind.
fn check_clock(first: &Head, last: &Head, report: &mut Report) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (behind, age) = (last.timestamp.saturating_sub(now), now.saturating_sub(last.timestamp));
    let advice = "set the machine's clock, for example with an NTP service";
    if behind > CLOCK_TOLERANCE {
        report.wrong("clock", format_args!("{behind} s behind the latest block"), advice);
    } else if first.number < last.number && age > CLOCK_TOLERANCE {
        report.wrong("clock", format_args!("{age} s ahead of a block that has just come"), advice);
    } else {
        report.ok("clock", format_args!("the latest block is {age} s old"));
    }
}

/// Checks that the market is known, how long its ticks are, and that the node sends its events.
pub(super) async fn check_market(
    context: &Context,
    node: &Node,
    report: &mut Report,
) -> Option<Market> {
    let market = match open_market(context, node).await {
        Ok((market, clock)) => {
            let ticks = match clock.tick_length() {
                Ok(micros) => format!("a tick takes {micros} µs"),
                Err(_) => "too few blocks to know how long a tick takes".to_owned(),
            };
            report.ok("market", format_args!("{}, {ticks}", market.dispatcher()));
            market
        }
        Err(error) => {
            report.failed("market", &error);
            return None;
        }
    };
    let started = Instant::now();
    match read_events(&market).await {
        Ok((blocks, events)) => {
            let millis = started.elapsed().as_millis();
            report.ok(
                "events",
                format_args!("{events} in the latest {blocks} blocks, read in {millis} ms"),
            );
        }
        Err(error) => report.failed("events", &error),
    }
    Some(market)
}

/// The market and its clock.
async fn open_market(context: &Context, node: &Node) -> Result<(Market, TickClock), CliError> {
    let market = Market::open(node.clone(), context.dispatcher(node.chain_id())?).await?;
    let clock = TickClock::of(&market).await?;
    Ok((market, clock))
}

/// Reads the latest events: of how many blocks, and how many events.
async fn read_events(market: &Market) -> Result<(u64, usize), CliError> {
    let head = market.node().head().await?.number;
    let from = head.saturating_sub(LOG_BLOCKS).max(market.created_at().await?);
    let events = market.history(from, head).await?;
    Ok((head.saturating_sub(from).saturating_add(1), events.len()))
}
