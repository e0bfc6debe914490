//! `muster worker`: offering work, and taking it, by hand; the daemon is in [`run`](mod@run).

use alloy::primitives::{Address, B256};
use clap::{Args, Subcommand, ValueEnum};
use muster_client::protocol::abi::{Settings, Worker};
use muster_client::protocol::{money, reputation};
use muster_client::{Application, Market, Offer, WorkerReputation, message_key};

use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, CommandOutput};
use crate::parse;

mod run;

/// What a worker does.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Do all of it: register, keep a place in the book, accept, serve through a gateway, settle, withdraw
    Run(Box<run::WorkerRunOptions>),
    /// One thing of it.
    #[command(flatten)]
    ByHand(ManualAction),
}

/// What a worker does by hand.
#[derive(Debug, Subcommand)]
pub(crate) enum ManualAction {
    /// Register the account as a worker, once and for ever
    Register(RegisterOptions),
    /// Put a worker that fits into its book; anybody may
    List {
        /// The worker; without it, the account itself
        #[arg(value_parser = parse::account_address)]
        worker: Option<Address>,
    },
    /// Change everything that is offered
    Update(OfferArgs),
    /// Change the price
    Price {
        /// Amount per tick, such as 20gwei
        #[arg(value_parser = parse::wei)]
        price: u128,
    },
    /// Take new work, or no more of it
    Available {
        /// Whether it takes new work
        available: YesNo,
    },
    /// Change the key for messages
    Key {
        /// X-only secp256k1 key, 64 hexadecimal digits
        #[arg(value_name = "KEY", value_parser = parse::message_key)]
        message_key: B256,
    },
    /// Add to the stake
    Stake {
        /// Amount, such as 0.1eth
        #[arg(value_parser = parse::wei)]
        amount: u128,
    },
    /// Move free stake to the credit, from where it can be withdrawn
    Unstake {
        /// Amount, such as 0.1eth
        #[arg(value_parser = parse::wei)]
        amount: u128,
    },
    /// Take the work of an agreement that chose the account
    Accept {
        /// The agreement
        #[arg(value_parser = parse::contract_address)]
        agreement: Address,
    },
    /// Leave an agreement: the account is paid for the windows that are finished, and loses a tenth of its bond
    Resign {
        /// The agreement
        #[arg(value_parser = parse::contract_address)]
        agreement: Address,
    },
    /// Show what is known of a worker
    Show {
        /// The worker; without it, the account itself
        #[arg(value_parser = parse::account_address)]
        worker: Option<Address>,
    },
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum YesNo {
    /// It does
    Yes,
    /// It does not
    No,
}

/// What is offered.
#[derive(Debug, Args)]
pub(crate) struct OfferArgs {
    /// Amount per tick, such as 20gwei
    #[arg(long, value_parser = parse::wei)]
    price: u128,

    /// Longest agreement in ticks
    #[arg(long, value_name = "TICKS", default_value_t = 86_400)]
    max_length: u32,

    /// Promised uptime: basis points or a percentage
    #[arg(long, value_name = "SHARE", default_value = "95%", value_parser = parse::basis_points)]
    promise: u16,

    /// Agreements at once
    #[arg(long, value_name = "N", default_value_t = 1)]
    capacity: u16,
}

/// What is registered.
#[derive(Debug, Args)]
pub(crate) struct RegisterOptions {
    /// What is offered
    #[command(flatten)]
    offer: OfferArgs,

    /// Kind of work: a name of up to 8 bytes; 0 is what `client buy` buys if it is told nothing else
    #[arg(long, value_name = "NAME", default_value = "0")]
    application: Application,

    /// Stake; without it, what the bonds of so many longest agreements take
    #[arg(long, value_name = "AMOUNT", value_parser = parse::wei)]
    stake: Option<u128>,

    /// Key for messages; without it, the account's own
    #[arg(long, value_name = "KEY", value_parser = parse::message_key)]
    message_key: Option<B256>,
}

/// Does what a worker does.
pub(crate) async fn run(context: &Context, action: Action) -> Result<(), CliError> {
    match action {
        Action::Run(options) => run::run(context, *options).await,
        Action::ByHand(action) => run_manual(context, action).await,
    }
}

/// Does one thing.
async fn run_manual(context: &Context, action: ManualAction) -> Result<(), CliError> {
    if let ManualAction::Show { worker: Some(worker) } = action {
        return show(context, &context.market().await?, worker).await;
    }
    let market = context.signing_market().await?;
    let account = market.account()?;
    let receipt = match action {
        ManualAction::Register(options) => return register(context, &market, options).await,
        ManualAction::Show { worker } => {
            return show(context, &market, worker.unwrap_or(account)).await;
        }
        ManualAction::List { worker } => market.list(worker.unwrap_or(account)).await?,
        ManualAction::Update(terms) => market.update(&terms.offer()).await?,
        ManualAction::Price { price } => market.set_price(price).await?,
        ManualAction::Available { available } => {
            market.set_available(available == YesNo::Yes).await?
        }
        ManualAction::Key { message_key } => market.set_key(message_key).await?,
        ManualAction::Stake { amount } => market.stake(amount).await?,
        ManualAction::Unstake { amount } => market.unstake(amount).await?,
        ManualAction::Accept { agreement } => {
            let agreement = market.agreement(agreement).await?;
            let receipt = agreement.accept().await?;
            let progress = agreement.progress().await?;
            let facts = [
                ("agreement", Cell::text(agreement.address())),
                ("worker", Cell::text(account)),
                ("start", Cell::Count(progress.start)),
                ("end", Cell::Count(agreement.times(&progress).end())),
            ];
            return context.print_transaction(CommandOutput::new(facts), &receipt);
        }
        ManualAction::Resign { agreement } => {
            let resigned = market.agreement(agreement).await?.resign().await?;
            let facts = [
                ("agreement", Cell::text(agreement)),
                ("worker", Cell::text(account)),
                ("windows", Cell::count(resigned.windows)),
            ];
            return context.print_transaction(CommandOutput::new(facts), &resigned.receipt);
        }
    };
    let worker = market.worker(account).await?;
    context.print_transaction(worker_output(&worker), &receipt)
}

/// Registers a worker.
async fn register(
    context: &Context,
    market: &Market,
    options: RegisterOptions,
) -> Result<(), CliError> {
    let RegisterOptions { offer: terms, application, stake, message_key: key } = options;
    let offer = terms.offer();
    let stake = stake.unwrap_or_else(|| total_bonds(&offer, market.settings()));
    let key = match key {
        Some(key) => key,
        None => message_key(&context.signer(market.node().chain_id())?),
    };
    let registered = market.register(application, &offer, key, stake).await?;
    let account = market.account()?;
    let worker = market.worker(account).await?;
    context.print_transaction(worker_output(&worker), &registered.receipt)
}

/// Shows a worker.
async fn show(context: &Context, market: &Market, account: Address) -> Result<(), CliError> {
    let worker = market.worker(account).await?;
    let credit = market.credit(account).await?;
    let mut page = worker_output(&worker).field("credit", Cell::wei(credit));
    if worker.application != Application::TESTER.0 {
        let WorkerReputation { score, weights, .. } = market.reputation(account).await?;
        page = page
            .field("score", Cell::text(format_percent(score)))
            .field("good", Cell::text(format_observations(weights.good)))
            .field("bad", Cell::text(format_observations(weights.bad)))
            .field("misses", Cell::count(worker.misses));
    }
    context.print(&page)
}

/// What is known of a worker.
fn worker_output(worker: &Worker) -> CommandOutput {
    let tester = worker.application == Application::TESTER.0;
    let mut page = CommandOutput::new([
        ("account", Cell::text(worker.account)),
        ("number", Cell::count(worker.number)),
        ("application", Cell::text(Application(worker.application))),
    ]);
    if tester {
        page = page.field("last_epoch", Cell::count(worker.lastEpoch));
    } else {
        page = page
            .field("price", Cell::wei(worker.price))
            .field("max_length", Cell::count(worker.maxLength))
            .field("promise", Cell::text(format_percent(worker.promised)))
            .field("capacity", Cell::count(worker.capacity))
            .field("active", Cell::count(worker.active))
            .field("available", Cell::Flag(worker.available))
            .field("listed", Cell::Flag(worker.listed))
            .field("locked", Cell::wei(worker.locked));
    }
    page.field("stake", Cell::wei(worker.stake)).field("key", Cell::text(worker.key))
}

/// Basis points as people read them.
pub(crate) fn format_percent(bps: u16) -> String {
    let (whole, part) = (bps.checked_div(100).unwrap_or(0), bps.checked_rem(100).unwrap_or(0));
    if part == 0 { format!("{whole}%") } else { format!("{whole}.{part:02}%") }
}

/// A weight in a reputation, in observations, rounded down to hundredths.
pub(crate) fn format_observations(weight: u64) -> String {
    let hundredths =
        u128::from(weight).wrapping_mul(100).checked_div(reputation::ONE_OBSERVATION.into());
    let hundredths = hundredths.unwrap_or(0); // 64 + 7 bits cannot leave 128
    let (whole, part) = (hundredths.checked_div(100), hundredths.checked_rem(100));
    format!("{}.{:02}", whole.unwrap_or(0), part.unwrap_or(0))
}

/// The bonds of as many longest agreements as a worker takes at once.
fn total_bonds(offer: &Offer, settings: &Settings) -> u128 {
    let bond = money::bond(offer.price, offer.max_length, settings.bondBps, settings.minBond);
    bond.saturating_mul(offer.capacity.into())
}

impl OfferArgs {
    /// As the market takes it.
    const fn offer(&self) -> Offer {
        let Self { price, max_length, promise, capacity } = *self;
        Offer { price, max_length, promise, capacity }
    }
}
