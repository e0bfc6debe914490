//! `muster client buy`: once, whatever happens, if the purchase has a name.

use std::path::PathBuf;
use std::sync::Arc;

use alloy::primitives::keccak256;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use muster_client::{Market, Purchase};
use muster_daemons::{Role, buyer};
use muster_messaging::InMemoryTransport;

use crate::commands::wish::Wish;
use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, Page, Rows};
use crate::{parse, progress};

/// What to buy, and for how much.
#[derive(Debug, Args)]
pub(crate) struct Buy {
    /// What is wanted
    #[command(flatten)]
    wish: Wish,

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

impl Buy {
    /// The name of the purchase, if it has one.
    fn name(&self) -> Option<String> {
        let derived = || keccak256(format!("{:?}", self.wish)).to_string();
        self.id.clone().or_else(|| self.once.then(derived))
    }

    /// Buys it.
    async fn make(&self, market: &Market) -> Result<Purchase, CliError> {
        let plan = self.wish.plan(market).await?;
        let at_most = match self.at_most {
            Some(most) => most,
            None => plan.quote(market).await?.price,
        };
        Ok(plan.buy(market, at_most).await?)
    }
}

/// Buys.
pub(super) async fn run(context: &Context, options: Buy) -> Result<(), CliError> {
    let busy = progress::spinner(context, "buying");
    let (market, purchase) = match options.name() {
        None => {
            let market = context.market_to_sign().await?;
            let purchase = options.make(&market).await?;
            (market, purchase)
        }
        Some(name) => {
            let (state, letters) =
                (options.state.as_deref(), Arc::new(InMemoryTransport::default()));
            let (base, _) = context.base(Role::Client, "purchases", state, letters).await?;
            let make = async |market: &Market| options.make(market).await;
            let purchase = buyer::buy(&base, &name, make).await?;
            (base.market().clone(), purchase)
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
    let page = Page::new(facts).table(Rows::new("workers", ["account"], rows));
    context.print_transaction(page, &purchase.receipt)
}
