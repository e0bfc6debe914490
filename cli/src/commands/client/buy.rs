//! `muster client buy`: once, whatever happens, if the purchase has a name.

use std::path::PathBuf;
use std::sync::Arc;

use alloy::primitives::keccak256;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use muster_client::{Market, Purchase};
use muster_daemons::{Role, client};
use muster_messaging::InMemoryTransport;

use crate::commands::order_args::OrderArgs;
use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, CommandOutput, Table};
use crate::{parse, progress};

/// What to buy, and for how much.
#[derive(Debug, Args)]
pub(crate) struct BuyOptions {
    /// What is wanted
    #[command(flatten)]
    order_args: OrderArgs,

    /// The most to pay; without it, the price of this moment
    #[arg(long, value_name = "AMOUNT", value_parser = parse::wei)]
    at_most: Option<u128>,

    /// Name of the purchase: what was bought under it is found in the state file and not bought again, also if this
    /// command is cut off and repeated
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new(), conflicts_with = "once")]
    id: Option<String>,

    /// As --id, with a name that stands for what is wanted
    #[arg(long)]
    once: bool,

    /// State file with purchases that have names; without it, one in the state folder
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
}

impl BuyOptions {
    /// The name of the purchase, if it has one.
    fn purchase_name(&self) -> Option<String> {
        let derived = || keccak256(format!("{:?}", self.order_args)).to_string();
        self.id.clone().or_else(|| self.once.then(derived))
    }

    /// Buys it.
    async fn purchase(&self, market: &Market) -> Result<Purchase, CliError> {
        let plan = self.order_args.plan(market).await?;
        let at_most = match self.at_most {
            Some(most) => most,
            None => plan.quote(market).await?.price,
        };
        Ok(plan.buy(market, at_most).await?)
    }
}

/// Buys.
pub(super) async fn run(context: &Context, options: BuyOptions) -> Result<(), CliError> {
    let busy = progress::spinner(context, "buying");
    let (market, purchase) = match options.purchase_name() {
        None => {
            let market = context.signing_market().await?;
            let purchase = options.purchase(&market).await?;
            (market, purchase)
        }
        Some(name) => {
            let (state, transport) =
                (options.state.as_deref(), Arc::new(InMemoryTransport::default()));
            let (daemon_context, _) =
                context.daemon_context(Role::Client, "purchases", state, transport).await?;
            let make = async |market: &Market| options.purchase(market).await;
            let purchase = client::buy_once(&daemon_context, &name, make).await?;
            (daemon_context.market().clone(), purchase)
        }
    };
    let agreement = market.agreement(purchase.agreement).await?;
    let accept_until = agreement.times(&agreement.progress().await?).last_accept();
    drop(busy);
    let facts = [
        ("agreement", Cell::text(purchase.agreement)),
        ("escrow", Cell::wei(purchase.escrow)),
        ("accept_until", Cell::Count(accept_until)),
    ];
    let rows = purchase.workers.iter().map(|worker| vec![Cell::text(worker)]);
    let page = CommandOutput::new(facts).table(Table::new("workers", ["account"], rows));
    context.print_transaction(page, &purchase.receipt)
}
