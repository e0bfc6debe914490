//! Options of daemons: state file, health, and where money goes.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use alloy::primitives::Address;
use clap::Args;
use muster_daemons::{DaemonContext, Payout};

use crate::options::heading;
use crate::parse;

/// Options that every daemon takes.
#[derive(Debug, Args)]
#[command(next_help_heading = heading::COMMAND)]
pub(crate) struct DaemonOptions {
    /// State file; it is created if it does not exist, and no other process can use it meanwhile [default: a file in
    /// the state folder, named after role, chain, market and account]
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,

    /// Seconds between two looks at the chain, such as 0.5 [default: a twentieth of the shortest time that the market gives
    /// a daemon, and from 0.5 to 5]
    #[arg(long, value_name = "SECONDS", env = "MUSTER_INTERVAL", value_parser = parse::seconds)]
    interval: Option<Duration>,

    /// Where the daemon serves its health.
    #[command(flatten)]
    pub(crate) health: HealthOptions,
}

impl DaemonOptions {
    /// The context of a daemon that looks at the chain as often as was chosen.
    pub(crate) const fn with_interval(&self, context: DaemonContext) -> DaemonContext {
        match self.interval {
            Some(interval) => context.with_interval(interval),
            None => context,
        }
    }
}

/// Where a daemon serves its health.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = heading::COMMAND)]
pub(crate) struct HealthOptions {
    /// Address at which to serve /health and /metrics; port 0 is any free one
    #[arg(long, value_name = "IP:PORT", value_parser = parse::socket_address, default_value = "127.0.0.1:0")]
    pub(crate) health: SocketAddr,
}

/// To whom and when a daemon withdraws the account's credit.
#[derive(Debug, Args)]
#[command(next_help_heading = heading::COMMAND)]
pub(crate) struct PayoutOptions {
    /// Account that receives what is withdrawn [default: the account itself]
    #[arg(long, value_parser = parse::account_address, value_name = "ADDRESS|NAME")]
    payout: Option<Address>,

    /// Withdraw when the credit is at least this amount
    #[arg(long, value_name = "AMOUNT", value_parser = parse::wei, default_value = "1000000gwei")]
    withdraw_at: u128,
}

impl PayoutOptions {
    /// As daemons take it.
    pub(crate) const fn payout(&self) -> Payout {
        Payout { to: self.payout, threshold: self.withdraw_at }
    }
}
