//! `muster worker run`: a worker that is left alone.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use muster_client::Application;
use muster_daemons::Role;
use muster_daemons::worker::{ServiceSource, WorkerDaemon, WorkerOptions};
use muster_gateway::{ServiceLimits, Upstream};

use super::{OfferArgs, total_bonds};
use crate::context::Context;
use crate::daemon;
use crate::error::CliError;
use crate::output::Cell;
use crate::parse;

/// Bytes of a mebibyte.
const MEBIBYTE: u64 = 1 << 20;

/// How it is all done.
#[derive(Debug, Args)]
pub(crate) struct WorkerRunOptions {
    /// What every daemon can be told.
    #[command(flatten)]
    daemon: daemon::DaemonOptions,

    /// What is offered; the chain is made to say the same.
    #[command(flatten)]
    offer: OfferArgs,

    /// What is served.
    #[command(flatten)]
    service: ServiceOptions,

    /// Kind of work, if the account is not registered: a name of up to 8 bytes
    #[arg(long, value_name = "NAME", default_value = "0")]
    application: Application,

    /// Stake, if the account is not registered; without it, what the bonds of so many longest agreements take
    #[arg(long, value_name = "AMOUNT", value_parser = parse::wei)]
    stake: Option<u128>,

    /// Add to the stake what is missing for a place in the book
    #[arg(long)]
    top_up: bool,

    /// Make the account available once, if it takes no new work or did not accept in time
    #[arg(long = "return")]
    returns: bool,

    /// Address and port of the gateway; port 0 is any free one
    #[arg(long, value_name = "IP:PORT", value_parser = parse::socket_address, default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// URL by which clients and testers reach the gateway; without it, where it listens
    #[arg(long, value_name = "URL", value_parser = parse::service_url)]
    public_url: Option<Box<str>>,

    /// Where the pay goes.
    #[command(flatten)]
    payouts: daemon::PayoutOptions,

    /// Seconds that others have to settle first, at most
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    courtesy: u64,

    /// First block in which to look for agreements if the account is registered and the state file is lost
    #[arg(long, value_name = "BLOCK", default_value_t = 0)]
    from_block: u64,
}

/// What is served: something that runs already, or a command for each agreement.
#[derive(Debug, Args)]
struct ServiceOptions {
    /// Service of this machine for all agreements, such as `http://127.0.0.1:3000`, for HTTP and WebSocket
    #[arg(long, value_name = "URL", conflicts_with = "exec", required_unless_present = "exec")]
    upstream: Option<Upstream>,

    /// Command for the shell that is started for each agreement and started again when it dies: it listens on 127.0.0.1
    /// and the port in `PORT`, and finds its agreement in `MUSTER_AGREEMENT`
    #[arg(long, value_name = "COMMAND")]
    exec: Option<Box<str>>,

    /// Seconds on the processor for each process of the command
    #[arg(long, value_name = "SECONDS", requires = "exec")]
    cpu: Option<u64>,

    /// Mebibytes of memory for each process of the command
    #[arg(long, value_name = "MIB", requires = "exec")]
    memory: Option<u64>,

    /// Seconds that the command may run, over all its starts
    #[arg(long, value_name = "SECONDS", requires = "exec")]
    time: Option<u64>,
}

impl ServiceOptions {
    /// As the daemon takes it. The command line has one of both.
    fn source(self) -> ServiceSource {
        let Self { upstream, exec, cpu, memory, time } = self;
        if let Some(upstream) = upstream {
            return ServiceSource::Upstream(upstream);
        }
        let limits = ServiceLimits {
            cpu_time: cpu.map(Duration::from_secs),
            memory_bytes: memory.map(|memory| memory.saturating_mul(MEBIBYTE)),
            lifetime: time.map(Duration::from_secs),
            ..ServiceLimits::default()
        };
        ServiceSource::Command { command: exec.unwrap_or_default(), limits }
    }
}

/// Works until it is told to end.
pub(super) async fn run(context: &Context, options: WorkerRunOptions) -> Result<(), CliError> {
    let (daemon_context, mut facts) =
        daemon::daemon_context(context, &options.daemon, Role::Worker).await?;
    let offer = options.offer.offer();
    let stake =
        options.stake.unwrap_or_else(|| total_bonds(&offer, daemon_context.market().settings()));
    let work = WorkerOptions {
        application: options.application,
        offer,
        stake,
        top_up_stake: options.top_up,
        make_available: options.returns,
        source: options.service.source(),
        listen: options.listen,
        public_url: options.public_url,
        payout: options.payouts.payout(),
        settle_delay: Duration::from_secs(options.courtesy),
        first_block: options.from_block,
    };
    facts.push(("account", Cell::text(daemon_context.account())));
    let mut worker = WorkerDaemon::start(daemon_context, work).await?;
    facts.push(("gateway", Cell::text(worker.url())));
    daemon::run(context, options.daemon.health, &mut worker, facts, std::future::pending()).await
}
