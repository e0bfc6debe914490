//! `muster client run`: the client as a daemon.

use std::sync::Arc;

use clap::Args;
use muster_client::Market;
use muster_daemons::Role;
use muster_daemons::client::{
    ClientDaemon, ClientOptions, PurchaseDocument, Renewal, ReplicaTarget,
};

use crate::clock::{self, Moment, Span, agreement_length};
use crate::context::Context;
use crate::daemon;
use crate::error::CliError;
use crate::local_api;
use crate::options::api::ApiArgs;
use crate::options::application::{ApplicationArg, NamedApplication};
use crate::options::daemon::DaemonOptions;
use crate::options::heading;
use crate::options::refund::RefundOptions;
use crate::output::Cell;
use crate::parse;

/// Options of `muster client run`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Examples:\n  muster client run --account dev:cleo --health 127.0.0.1:9100\n  \
        muster client run --account dev:cleo --replicas 3 --application wasm1 --budget 0.5eth\n  \
        muster client run --account dev:cleo --api 127.0.0.1:8080"
)]
pub(crate) struct Options {
    /// State file and health.
    #[command(flatten)]
    daemon: DaemonOptions,

    /// Where refunds go.
    #[command(flatten)]
    refunds: RefundOptions,

    /// The local API.
    #[command(flatten)]
    api: ApiArgs,

    /// First block in which to look for the account's agreements if the state file is new
    #[arg(long, value_name = "BLOCK", default_value_t = 0)]
    from_block: u64,

    /// Buy the next agreement before one ends, with the same terms; AMOUNT is the most that it may cost
    #[arg(long, value_name = "AMOUNT", group = "kept", value_parser = parse::wei)]
    renew: Option<u128>,

    /// Keep so many different workers serving, of --application: hire others for those that end, leave or do not accept
    #[arg(long, value_name = "N", requires = "budget", group = "kept", value_parser = clap::value_parser!(u8).range(1..))]
    replicas: Option<u8>,

    /// Application of the replicas: its name, or the file or URL of its document, which their workers must commit to
    #[arg(long, value_name = "NAME|FILE|URL", requires = "replicas", default_value = "0")]
    application: ApplicationArg,

    /// Length of each agreement of the replicas [default: the shortest of the market]
    #[arg(long, value_name = "TICKS|TIME", requires = "replicas", value_parser = clock::length)]
    length: Option<Span>,

    /// The most that all purchases for the replicas may cost together, refunds not counted
    #[arg(long, value_name = "AMOUNT", requires = "replicas", value_parser = parse::wei)]
    budget: Option<u128>,

    /// Tick, date, or time from now from which on nothing is renewed or hired [default: never]
    #[arg(long, value_name = "TICK|DATE|TIME", requires = "kept", value_parser = clock::moment)]
    renew_until: Option<Moment>,

    /// Lowest score of the workers of a renewal, and of replicas
    #[arg(long, value_name = "PERCENT", requires = "kept", value_parser = parse::basis_points, default_value = "0")]
    min_score: u16,

    /// Lowest uptime that the workers of a renewal, and replicas, promise
    #[arg(long, value_name = "PERCENT", requires = "kept", value_parser = parse::basis_points, default_value = "90%")]
    min_uptime: u16,
}

impl Options {
    /// The daemon's options in this market.
    async fn client_options(&self, market: &Market) -> Result<ClientOptions, CliError> {
        let Self { min_score, min_uptime, .. } = *self;
        let until = match self.renew_until {
            Some(moment) => moment.tick(market).await?,
            None => u64::MAX,
        };
        let renewal =
            self.renew.map(|max_price| Renewal { max_price, min_score, min_uptime, until });
        let length = agreement_length(market, self.length).await?;
        let NamedApplication { application, document } = self.application.resolve().await?;
        let document = document.map(|document| PurchaseDocument {
            application: document.name().into(),
            digest: document.digest(),
        });
        let replicas = self.replicas.zip(self.budget).map(|(replicas, budget)| ReplicaTarget {
            application,
            replicas,
            length,
            budget,
            until,
            min_score,
            min_uptime,
        });
        Ok(ClientOptions {
            renewal,
            replicas,
            document,
            ..self.refunds.client_options(self.from_block)
        })
    }
}

/// Does the client's part in all agreements of the account until SIGINT or SIGTERM.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let named = (options.daemon.state.as_deref(), context.transport()?);
    let name = Role::Client.to_string();
    let opened = context.daemon_context(Role::Client, &name, named.0, named.1).await?;
    let (daemon_context, state) = (options.daemon.with_interval(opened.0), opened.1);
    let account = Cell::address(daemon_context.account());
    let mut fields = vec![("state", Cell::text(state.display())), ("account", account)];
    let run = (options.daemon.health, daemon_context.backoff());
    let mut client_options = options.client_options(daemon_context.market()).await?;
    let payout = client_options.payout.to;
    let (state, from) = ((&daemon_context, state.as_path()), (payout, options.from_block));
    let api = local_api::start(context, options.api, state, from).await?;
    if let Some((api, jobs)) = &api {
        client_options.samples = Some(Arc::new(jobs.clone()));
        fields.push(("api", Cell::Text(format!("http://{}", api.address()))));
    }
    let mut client = ClientDaemon::start(daemon_context, client_options).await?;
    daemon::run(context, run, &mut client, fields, std::future::pending()).await
}
