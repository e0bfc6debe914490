//! `muster client buy`: a purchase, made only once if it has a name.

use std::path::PathBuf;
use std::sync::Arc;

use alloy::primitives::keccak256;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use muster_client::protocol::abi::State;
use muster_client::{Agreement, Application, Market, Purchase, state_text};
use muster_daemons::{Role, client};
use muster_messaging::InMemoryTransport;

use crate::commands::client::document_order::{ensure_order, save_order, serving_workers};
use crate::context::Context;
use crate::error::CliError;
use crate::options::application::NamedApplication;
use crate::options::heading;
use crate::options::order::OrderArgs;
use crate::output::ticks::tick_cell;
use crate::output::{Cell, CommandOutput, Table};
use crate::purchase_error::NamedPurchaseError;
use crate::{parse, progress};

/// Options of `muster client buy`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Examples:\n  muster client buy --account dev:cleo --length 4m --testers 3\n  \
        muster client buy --account dev:cleo --application hello.toml --length 4m\n  \
        muster client buy --account dev:cleo --id monday --worker dev:ada --at-most 0.1eth"
)]
pub(crate) struct Options {
    /// The order.
    #[command(flatten)]
    order: OrderArgs,

    /// Highest price to pay [default: the price of this moment]
    #[arg(long, value_name = "AMOUNT", value_parser = parse::wei)]
    at_most: Option<u128>,

    /// Name of the purchase in the state file: the command does not buy again under a name, even if it was killed and is
    /// repeated
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new(), conflicts_with = "once")]
    id: Option<String>,

    /// Derive the name of the purchase from the options of the order
    #[arg(long)]
    once: bool,

    /// State file with the purchases that have names [default: a file in the state folder]
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
}

impl Options {
    /// The name of the purchase, if it has one.
    fn purchase_name(&self) -> Option<String> {
        let derived = || keccak256(self.order.canonical_text()).to_string();
        self.id.clone().or_else(|| self.once.then(derived))
    }

    /// Buys; with a document, of workers that commit to it.
    async fn purchase(
        &self,
        context: &Context,
        market: &Market,
        named: Option<&NamedApplication>,
    ) -> Result<Purchase, CliError> {
        let application = named.map(|named| named.application);
        let mut plan = self.order.terms(market, application).await?.plan(market).await?;
        let document = named.and_then(|named| named.document.as_ref());
        let mut commitments = Vec::new();
        if let Some(document) = document {
            (plan, commitments) = serving_workers(context, market, plan, document).await?;
        }
        let at_most = match self.at_most {
            Some(most) => most,
            None => plan.quote(market).await?.price,
        };
        let purchase = plan.buy(market, at_most).await?;
        if let Some(document) = document {
            let orders = context.order_folder(market.node().chain_id())?;
            save_order(&orders, purchase.agreement, document, commitments)?;
        }
        Ok(purchase)
    }
}

/// Buys.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let spinner = progress::spinner(context, "buying");
    let named = options.order.named_application().await?;
    let (market, purchase) = match options.purchase_name() {
        None => {
            let market = context.signing_market().await?;
            let purchase = options.purchase(context, &market, named.as_ref()).await?;
            (market, purchase)
        }
        Some(name) => {
            let (state, transport) =
                (options.state.as_deref(), Arc::new(InMemoryTransport::default()));
            let (daemon_context, _) =
                context.daemon_context(Role::Client, "purchases", state, transport).await?;
            let make =
                async |market: &Market| options.purchase(context, market, named.as_ref()).await;
            let purchase = client::buy_once(&daemon_context, &name, make).await?;
            (daemon_context.market().clone(), purchase)
        }
    };
    let agreement = market.agreement(purchase.agreement).await?;
    if let Some(name) = options.purchase_name() {
        let application = named.as_ref().map(|named| named.application);
        check_named(&name, &options.order, &agreement, application).await?;
    }
    if let Some(document) = named.as_ref().and_then(|named| named.document.as_ref()) {
        let orders = context.order_folder(market.node().chain_id())?;
        ensure_order(context, &orders, &agreement, document).await?;
    }
    let accept_until = agreement.times(&agreement.progress().await?).last_accept();
    let clock = context.clock(&market).await?;
    drop(spinner);
    let fields = [
        ("agreement", Cell::address(purchase.agreement)),
        ("escrow", Cell::wei(purchase.escrow)),
        ("accept_until", tick_cell(&clock, accept_until)),
    ];
    let rows = purchase.workers.iter().map(|worker| vec![Cell::address(worker)]);
    let output = CommandOutput::new(fields).table(Table::new("workers", ["account"], rows));
    context.print_transaction(output, &purchase.receipt)
}

/// Checks that the agreement of a name is one that the order describes, and not over.
///
/// # Errors
/// [`NamedPurchaseError`], or those of the market.
async fn check_named(
    name: &str,
    order: &OrderArgs,
    bought: &Agreement,
    application: Option<Application>,
) -> Result<(), CliError> {
    let (name, agreement, state) = (name.into(), bought.address(), bought.state().await?);
    let length = match order.length {
        Some(span) => Some(span.ticks(bought.market()).await?),
        None => None,
    };
    let contradictions = order.contradictions(bought.terms(), length, application);
    if !contradictions.is_empty() {
        let terms = contradictions.join("; ").into();
        return Err(NamedPurchaseError::OtherOrder { name, agreement, terms }.into());
    }
    if matches!(state, State::Settled | State::Void) {
        return Err(NamedPurchaseError::Over { name, agreement, state: state_text(state) }.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::{Args, Command, FromArgMatches};

    use super::Options;

    #[test]
    fn the_name_of_a_purchase_is_given_or_derived_from_the_order() {
        let name = |args: &str| {
            let command = Options::augment_args(Command::new("buy"));
            let matches =
                command.get_matches_from(["buy"].into_iter().chain(args.split_whitespace()));
            Options::from_arg_matches(&matches).unwrap().purchase_name()
        };
        assert_eq!(name("--length 240"), None);
        assert_eq!(name("--length 240 --id monday").as_deref(), Some("monday"));
        // State files contain this name: if it changes, a repeated command buys again.
        let derived = "0x5084e4e5164ba995d921c415ebf597e1eb3b00628a5ae32f072fc2471cf3dfcc";
        assert_eq!(name("--length 240 --once").as_deref(), Some(derived));
        assert_eq!(name("--length 240 --once --at-most 1eth").as_deref(), Some(derived));
        assert_ne!(name("--length 241 --once").as_deref(), Some(derived));
    }
}
