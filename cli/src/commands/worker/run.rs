//! `muster worker run`: the worker as a daemon.

use std::path::Path;
use std::time::Duration;

use clap::Args;
use muster_client::Application;
use muster_daemons::worker::{SelfCheckOptions, ServiceSource, WorkerDaemon, WorkerOptions};
use muster_daemons::{DaemonContext, DaemonError, Role};
use muster_gateway::{ServiceLimits, Upstream};
use tokio::task::block_in_place;

use crate::clock;
use crate::context::Context;
use crate::daemon;
use crate::error::CliError;
use crate::options::application::ApplicationArg;
use crate::options::compute::ComputeOptions;
use crate::options::daemon::{DaemonOptions, PayoutOptions};
use crate::options::gateway::GatewayOptions;
use crate::options::offer::{OfferArgs, total_bonds};
use crate::options::{heading, mebibytes};
use crate::output::Cell;
use crate::parse;

/// Options of `muster worker run`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Examples:\n  \
        muster worker run --account dev:ada --price 40000gwei --upstream http://127.0.0.1:3000\n  \
        muster worker run --account dev:ada --price 40000gwei --application hello.toml --upstream http://127.0.0.1:3000\n  \
        muster worker run --account dev:ada --price 40000gwei \
        --exec 'exec muster example factor --listen 127.0.0.1:$PORT'\n  \
        muster worker run --account dev:ada --price 40000gwei --compute"
)]
pub(crate) struct Options {
    /// State file and health.
    #[command(flatten)]
    daemon: DaemonOptions,

    /// The offer; the daemon updates the market if the market has another one.
    #[command(flatten)]
    offer: OfferArgs,

    /// The service.
    #[command(flatten)]
    service: ServiceOptions,

    /// Limits of jobs.
    #[command(flatten)]
    jobs: ComputeOptions,

    /// Application that the worker serves: a name of up to 8 bytes, or its document [default: `wasm1` with --compute, else the one
    /// that the account is registered for, else 0]
    #[arg(long, value_name = "NAME|FILE|URL", conflicts_with = "compute")]
    application: Option<ApplicationArg>,

    /// Stake to register with, if the account is not registered [default: the bonds of --capacity agreements of
    /// --max-length]
    #[arg(long, value_name = "AMOUNT", value_parser = parse::wei)]
    stake: Option<u128>,

    /// Add the stake that is missing for a place in the book
    #[arg(long)]
    top_up: bool,

    /// Free the slot of an agreement that has ended if all slots are taken, instead of waiting for the settlement; costs gas
    #[arg(long)]
    release_slots: bool,

    /// Make the account available again, once, if it takes no new agreements or did not accept in time
    #[arg(long = "return")]
    returns: bool,

    /// The gateway.
    #[command(flatten)]
    gateway: GatewayOptions,

    /// Time between two of the worker's own checks of its service, its relays, its public URL and its clock; it is in the book only
    /// while they pass
    #[arg(long, value_name = "SECONDS|TIME", value_parser = clock::seconds_within(1..=3_600), default_value_t = 300)]
    check_every: u64,

    /// Where the pay goes.
    #[command(flatten)]
    payouts: PayoutOptions,

    /// Seconds to wait at most for somebody else to settle an agreement that is due
    #[arg(long = "courtesy", value_name = "SECONDS|TIME", value_parser = clock::seconds, default_value_t = 10)]
    settle_delay: u64,

    /// First block in which to look for agreements if the account is registered and the state file is lost
    #[arg(long, value_name = "BLOCK", default_value_t = 0)]
    from_block: u64,
}

/// The service: one that runs already, a command for each agreement, or jobs.
#[derive(Debug, Args)]
#[command(next_help_heading = heading::COMMAND)]
struct ServiceOptions {
    /// Service on this machine for all agreements, such as `http://127.0.0.1:3000`, for HTTP and WebSocket
    #[arg(long, value_name = "URL", conflicts_with = "exec")]
    upstream: Option<Upstream>,

    /// Shell command to start for each agreement, and to restart when it exits: it must listen on 127.0.0.1 and the
    /// port in `PORT`; `MUSTER_AGREEMENT` is its agreement, or the address zero when it is started for a check
    #[arg(long, value_name = "COMMAND")]
    exec: Option<Box<str>>,

    /// Run jobs of clients, without a service: the application `wasm1`, for whose accounts this is the default
    #[arg(long, conflicts_with_all = ["upstream", "exec"])]
    compute: bool,

    /// Seconds of processor time for each process of the command
    #[arg(long, value_name = "SECONDS|TIME", value_parser = clock::seconds, requires = "exec")]
    cpu: Option<u64>,

    /// Mebibytes of memory for each process of the command
    #[arg(long, value_name = "MIB", requires = "exec")]
    memory: Option<u64>,

    /// Seconds that the command may run, over all its restarts
    #[arg(long, value_name = "SECONDS|TIME", value_parser = clock::seconds, requires = "exec")]
    time: Option<u64>,
}

impl ServiceOptions {
    /// The service that was chosen; `None` for jobs, by choice or because nothing was chosen.
    fn source(self) -> Option<ServiceSource> {
        let Self { upstream, exec, compute: _, cpu, memory, time } = self;
        if let Some(upstream) = upstream {
            return Some(ServiceSource::Upstream(upstream));
        }
        let limits = ServiceLimits {
            cpu_time: cpu.map(Duration::from_secs),
            memory_bytes: memory.map(mebibytes),
            lifetime: time.map(Duration::from_secs),
            ..ServiceLimits::default()
        };
        exec.map(|command| ServiceSource::Command { command, limits })
    }
}

/// The application that the account is registered for, if it is.
async fn registered_application(context: &DaemonContext) -> Result<Option<Application>, CliError> {
    match context.registration(Application::WASM1).await {
        Ok(worker) => Ok(worker.map(|_| Application::WASM1)),
        Err(DaemonError::ApplicationMismatch { application, .. }) => Ok(Some(application)),
        Err(error) => Err(error.into()),
    }
}

/// Runs jobs below a folder. What the kernel lacks to confine them is logged.
fn compute(jobs: &ComputeOptions, state: &Path) -> Result<ServiceSource, CliError> {
    let folder = jobs.folder(state);
    let host = block_in_place(|| jobs.host(&folder))?;
    for protection in host.missing_protections() {
        tracing::warn!(%protection, "the kernel lacks a protection against programs of clients");
    }
    Ok(ServiceSource::Compute { host, folder })
}

/// Runs the worker until SIGINT or SIGTERM.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let tls = options.gateway.tls.clone().server()?;
    let (role, path) = (Role::Worker, options.daemon.state.as_deref());
    let (daemon_context, path) =
        context.daemon_context(role, &role.to_string(), path, context.transport()?).await?;
    let daemon_context = options.daemon.with_interval(daemon_context);
    let run = (options.daemon.health, daemon_context.backoff());
    let mut fields = vec![("state", Cell::text(path.display()))];
    let offer = options.offer.offer(daemon_context.market()).await?;
    let stake =
        options.stake.unwrap_or_else(|| total_bonds(&offer, daemon_context.market().settings()));
    let named = match &options.application {
        Some(application) => Some(application.resolve().await?),
        None => None,
    };
    let chosen = named.as_ref().map(|named| named.application);
    let application = match chosen.or(options.service.compute.then_some(Application::WASM1)) {
        Some(chosen) => chosen,
        None => registered_application(&daemon_context).await?.unwrap_or_default(),
    };
    let source = match options.service.source() {
        Some(source) => source,
        None if application == Application::WASM1 => compute(&options.jobs, &path)?,
        None => return Err(CliError::NoService),
    };
    let gateway = options.gateway;
    let worker_options = WorkerOptions {
        application,
        document: named.and_then(|named| named.document),
        offer,
        stake,
        top_up_stake: options.top_up,
        make_available: options.returns,
        release_slots: options.release_slots,
        listen: gateway.listen,
        public_url: gateway.public_url,
        gateway_limits: gateway.limits.or(source.gateway_limits()),
        tls,
        source,
        payout: options.payouts.payout(),
        settle_delay: Duration::from_secs(options.settle_delay),
        self_check: SelfCheckOptions {
            interval: Duration::from_secs(options.check_every),
            compares_clocks: daemon_context.market().node().chain_id() != stylus_devnode::CHAIN_ID,
        },
        first_block: options.from_block,
    };
    fields.push(("account", Cell::address(daemon_context.account())));
    let mut worker = WorkerDaemon::start(daemon_context, worker_options).await?;
    fields.push(("gateway", Cell::text(worker.url())));
    daemon::run(context, run, &mut worker, fields, std::future::pending()).await
}
