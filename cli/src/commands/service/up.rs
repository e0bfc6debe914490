//! `muster service up`: a component that workers run, served on this machine.

use std::net::SocketAddr;
use std::path::PathBuf;

use alloy::primitives::Address;
use clap::Args;
use muster_client::{Application, Market};
use muster_compute::{Digest, Limits};
use muster_daemons::client::{
    ClientOptions, ReplicaTarget, ServiceDaemon, ServiceEnd, ServiceOptions,
};
use muster_daemons::{DaemonContext, Role, StoredService};
use tokio::time::Duration;

use crate::clock::{self, Moment, agreement_length};
use crate::context::Context;
use crate::daemon;
use crate::error::{CliError, ServiceCommandError};
use crate::jobs::hire::{Fitness, Found, HireRequest, find, hire_for, offer};
use crate::options::daemon::HealthOptions;
use crate::options::heading;
use crate::options::hire::PurchaseArgs;
use crate::options::refund::RefundOptions;
use crate::options::service::{CheckArgs, ComponentArgs, RecordArgs};
use crate::output::{Cell, print_note};
use crate::parse;
use crate::program_file::file_name;
use crate::service_folder::ServiceFolder;

/// The workers that are kept, unless the command line says otherwise.
const REPLICAS: u8 = 2;

/// The lowest uptime that the workers promise, in basis points.
const UPTIME: u16 = 9_000;

/// Options of `muster service up`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Examples:\n  muster service up api.wasm --account dev:cleo --budget 0.03eth --listen 127.0.0.1:8090\n  \
        muster service up api.wasm --account dev:cleo --keep --replicas 3 --budget 0.5eth --until 7d"
)]
pub(crate) struct Options {
    /// WebAssembly component of the world wasi:http/proxy
    #[arg(value_name = "FILE")]
    component: PathBuf,

    /// What the component gets.
    #[command(flatten)]
    component_args: ComponentArgs,

    /// What testers check it by.
    #[command(flatten)]
    check_args: CheckArgs,

    /// Workers that run it [default: 2, or 1 if there is only one worker]
    #[arg(long, value_name = "R", value_parser = clap::value_parser!(u8).range(1..=8))]
    replicas: Option<u8>,

    /// Who runs it.
    #[command(flatten)]
    purchase: PurchaseArgs,

    /// Keep so many different workers running it: hire others for those that fail, leave or end. --budget is then the most
    /// that all purchases for this service may cost together, refunds not counted
    #[arg(long, requires = "budget", conflicts_with = "testers")]
    keep: bool,

    /// Tick, date, or time from now from which on nothing more is bought [default: never]
    #[arg(long, value_name = "TICK|DATE|TIME", requires = "keep", value_parser = clock::moment)]
    until: Option<Moment>,

    /// Seconds without an answer after which another worker is hired
    #[arg(long, value_name = "SECONDS|TIME", requires = "keep", value_parser = clock::seconds, default_value_t = 60)]
    replace_after: u64,

    /// URL that gets a POST when too few workers can be kept, when enough can again, and at the end
    #[arg(long, value_name = "URL", requires = "keep", value_parser = parse::service_url)]
    webhook: Option<Box<str>>,

    /// Address and port at which to serve it; port 0 is any free one. Whoever reaches it uses the service
    #[arg(long, value_name = "IP:PORT", value_parser = parse::socket_address, default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// Where refunds go.
    #[command(flatten)]
    refunds: RefundOptions,

    /// Health.
    #[command(flatten)]
    health: HealthOptions,

    /// Where services are recorded.
    #[command(flatten)]
    record: RecordArgs,

    /// First block in which to look for the account's agreements if the service is new
    #[arg(long, value_name = "BLOCK", default_value_t = 0)]
    from_block: u64,
}

/// Serves a component until SIGINT or SIGTERM, or until nothing is left to serve.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let folder = ServiceFolder::open(context, &options.record).await?;
    let document = folder.add(&options.component, &options.component_args)?;
    let id = StoredService::id_of(&document);
    let checks = folder.checks(&document, &options.check_args).await?;
    let (state, transport) = (folder.state(id), context.transport()?);
    let (daemon_context, _) =
        context.daemon_context(Role::Client, "service", Some(&state), transport).await?;
    let keep = keep(&options, daemon_context.market()).await?;
    let agreement = if keep.is_some() {
        find_or_offer(context, &daemon_context, &options, &folder, id).await?
    } else {
        let fitness = fitness(&folder, id)?;
        Some(hire_for(context, &daemon_context, request(&options), fitness).await?.agreement)
    };
    let label = file_name(&options.component)?;
    let component = folder.component(&document.component)?;
    folder.record.bring(document, label)?;
    if let Some(agreement) = agreement
        && !folder.record.claim(id, agreement)?
    {
        return Err(ServiceCommandError::Taken(agreement).into());
    }
    let service = folder.record.service(id)?;
    let client: ClientOptions = options.refunds.client_options(options.from_block);
    let service_options = ServiceOptions {
        component,
        record: folder.record,
        listen: options.listen,
        proxy: context.proxy().cloned(),
        keep,
        replace_after: Duration::from_secs(options.replace_after),
        webhook: options.webhook,
        checks,
        client,
    };
    let account = daemon_context.account();
    let run = (options.health, daemon_context.backoff());
    let mut daemon = ServiceDaemon::start(daemon_context, &service, service_options).await?;
    let fields = vec![
        ("service", Cell::text(id)),
        ("account", Cell::address(account)),
        ("agreement", agreement.map_or(Cell::None, Cell::address)),
        ("url", Cell::Text(format!("http://{}", daemon.address()))),
    ];
    let ended = daemon.ended();
    daemon::run(context, run, &mut daemon, fields, ended).await?;
    match daemon.end() {
        ServiceEnd::Short { serving, wanted } => {
            Err(ServiceCommandError::Short { serving, wanted }.into())
        }
        ServiceEnd::Down => {
            print_note("the service was ended with `muster service down`");
            Ok(())
        }
        ServiceEnd::Over => {
            print_note(
                "the service is over: its agreements have ended, and nothing more is bought",
            );
            Ok(())
        }
        ServiceEnd::Running => Ok(()),
    }
}

/// What an agreement is looked for with.
const fn request(options: &Options) -> HireRequest<'_> {
    let Options { purchase, replicas, from_block, .. } = options;
    // Its limits are checked where it is brought.
    let limits = Limits { memory: 0, storage: 0, time: 0 };
    HireRequest { purchase, replicas: *replicas, workers: None, limits, from_block: *from_block }
}

/// What is kept serving, if anything is.
async fn keep(options: &Options, market: &Market) -> Result<Option<ReplicaTarget>, CliError> {
    let Some(budget) = options.purchase.budget.filter(|_| options.keep) else { return Ok(None) };
    let until = match options.until {
        None => u64::MAX,
        Some(moment) => moment.tick(market).await?,
    };
    Ok(Some(ReplicaTarget {
        application: Application::WASM1,
        replicas: options.replicas.unwrap_or(REPLICAS),
        length: agreement_length(market, options.purchase.length).await?,
        budget,
        until,
        min_score: 0,
        min_uptime: UPTIME,
    }))
}

/// The agreement that runs already for a service that is kept. Without one, and for a service that is new, the price of the
/// first purchase is shown; the daemon makes it.
async fn find_or_offer(
    context: &Context,
    daemon_context: &DaemonContext,
    options: &Options,
    folder: &ServiceFolder,
    id: Digest,
) -> Result<Option<Address>, CliError> {
    let request =
        HireRequest { replicas: Some(options.replicas.unwrap_or(REPLICAS)), ..request(options) };
    let wanted = request.in_market(daemon_context.market()).await?;
    match find(context, daemon_context, &wanted, fitness(folder, id)?).await? {
        Found::Running(hired) => Ok(Some(hired.agreement)),
        Found::Nothing { .. } => {
            offer(context, daemon_context, &wanted, request.purchase).await?;
            Ok(None)
        }
    }
}

/// Whether a running agreement can be for this service.
fn fitness(folder: &ServiceFolder, id: Digest) -> Result<impl Fn(Address) -> Fitness, CliError> {
    let services = folder.record.services()?;
    Ok(move |agreement| {
        let owner = services.iter().find(|service| service.agreements.contains(&agreement));
        match owner {
            Some(owner) if owner.id == id => Fitness::Ours,
            Some(_) => Fitness::Taken,
            None => Fitness::Free,
        }
    })
}
