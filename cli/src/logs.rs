//! What programs say of themselves while they run: lines on standard error.

use std::io;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The variable that says how much is told: `error`, `warn`, `info`, `debug`, `trace` or `off`.
const LOG_VARIABLE: &str = "MUSTER_LOG";

/// Whose words these are. Others' libraries, which would tell addresses that are nobody's business, only warn.
const WORKSPACE_CRATES: [&str; 5] = ["agents", "client", "gateway", "messages", "muster"];

/// Begins to write down what is told.
pub(crate) fn init() {
    let level = std::env::var(LOG_VARIABLE).ok().and_then(|level| level.parse().ok());
    let level = level.unwrap_or(LevelFilter::INFO);
    let told = Targets::new().with_default(LevelFilter::WARN.min(level));
    let told = told.with_targets(WORKSPACE_CRATES.map(|target| (target, level)));
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(false);
    tracing_subscriber::registry().with(told).with(lines).init();
}
