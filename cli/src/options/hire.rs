//! Options of jobs: who runs them, what that may cost, and where they are kept.

use std::path::PathBuf;
use std::time::Duration;

use alloy::primitives::Address;
use clap::{Args, ValueEnum};

use crate::clock::{self, Span};
use crate::options::heading;
use crate::parse;

/// How else results are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Verify {
    /// On this machine
    Local,
}

/// Who runs jobs, and what that may cost.
#[derive(Debug, Args)]
#[command(next_help_heading = heading::COMMAND)]
pub(crate) struct HireArgs {
    /// Workers that must sign the same result [default: 2, or 1 if there is only one worker]
    #[arg(long, value_name = "R", value_parser = clap::value_parser!(u8).range(1..=8))]
    pub(crate) replicas: Option<u8>,

    /// Run the job on this machine too, and believe that result (`map`: a sample of the jobs)
    #[arg(long, value_name = "WHERE")]
    pub(crate) verify: Option<Verify>,

    /// The purchase, if there is one.
    #[command(flatten)]
    pub(crate) purchase: PurchaseArgs,

    /// Seconds that a worker may take for a job [default: five times --time, and five minutes]
    #[arg(long, value_name = "SECONDS|TIME", value_parser = clock::seconds)]
    timeout: Option<u64>,

    /// Where jobs are kept.
    #[command(flatten)]
    pub(crate) journal: JournalArgs,
}

/// An agreement that is used or bought, and what that may cost.
#[derive(Debug, Args)]
#[command(next_help_heading = heading::COMMAND)]
pub(crate) struct PurchaseArgs {
    /// The most that a purchase may cost; without it, nothing is bought
    #[arg(long, env = "MUSTER_BUDGET", value_name = "AMOUNT", value_parser = parse::wei)]
    pub(crate) budget: Option<u128>,

    /// Agreement to use [default: the account's running one that ends last, else one is bought]
    #[arg(long, value_name = "ADDRESS", value_parser = parse::contract_address)]
    pub(crate) agreement: Option<Address>,

    /// Length of an agreement that is bought [default: the market's shortest]
    #[arg(long, value_name = "TICKS|TIME", value_parser = clock::length)]
    pub(crate) length: Option<Span>,

    /// Testers of an agreement that is bought: 0, or odd from 3 to 15 [default: the market's]
    #[arg(long, value_name = "N")]
    pub(crate) testers: Option<u8>,

    /// Buy without asking
    #[arg(long)]
    pub(crate) yes: bool,
}

impl HireArgs {
    /// How long a worker may take for a job.
    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.timeout.map(Duration::from_secs)
    }
}

/// Where jobs are kept.
#[derive(Debug, Args)]
#[command(next_help_heading = heading::COMMAND)]
pub(crate) struct JournalArgs {
    /// State file with the jobs; their files are in a folder beside it [default: a file in the state folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,

    /// First block in which to look for the account's agreements if the state file is new
    #[arg(long, value_name = "BLOCK", default_value_t = 0)]
    pub(crate) from_block: u64,
}
