//! `muster worker`: offering work, and taking it, by hand; the daemon is in [`run`](mod@run).

use alloy::primitives::{Address, B256};
use clap::{Args, Subcommand, ValueEnum};
use muster_client::protocol::abi::{Settings, Worker};
use muster_client::protocol::{money, reputation};
use muster_client::{Application, Market, Offer, Reputation, message_key};

use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, Page};
use crate::parse;

mod run;

/// What a worker does.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Do all of it: register, keep a place in the book, accept, serve through a gateway, settle, withdraw
    Run(Box<run::Run>),
    /// One thing of it.
    #[command(flatten)]
    ByHand(ByHand),
}

/// What a worker does by hand.
#[derive(Debug, Subcommand)]
pub(crate) enum ByHand {
    /// Register the account as a worker, once and for ever
    Register(Register),
    /// Put a worker that fits into its book; anybody may
    List {
        /// The worker; without it, the account itself
        #[arg(value_parser = parse::party)]
        worker: Option<Address>,
    },
    /// Change everything that is offered
    Update(Terms),
    /// Change the price
    Price {
        /// Amount per tick, such as 20gwei
        #[arg(value_parser = parse::wei)]
        price: u128,
    },
    /// Take new work, or no more of it
    Available {
        /// Whether it takes new work
        available: Answer,
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
        #[arg(value_parser = parse::contract)]
        agreement: Address,
    },
    /// Leave an agreement: the account is paid for the windows that are finished, and loses a tenth of its bond
    Resign {
        /// The agreement
        #[arg(value_parser = parse::contract)]
        agreement: Address,
    },
    /// Show what is known of a worker
    Show {
        /// The worker; without it, the account itself
        #[arg(value_parser = parse::party)]
        worker: Option<Address>,
    },
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Answer {
    /// It does
    Yes,
    /// It does not
    No,
}

/// What is offered.
#[derive(Debug, Args)]
pub(crate) struct Terms {
    /// Amount per tick, such as 20gwei
    #[arg(long, value_parser = parse::wei)]
    price: u128,

    /// Longest agreement in ticks
    #[arg(long, value_name = "TICKS", default_value_t = 86_400)]
    max_length: u32,

    /// Promised uptime: basis points or a percentage
    #[arg(long, value_name = "SHARE", default_value = "95%", value_parser = parse::share)]
    promise: u16,

    /// Agreements at once
    #[arg(long, value_name = "N", default_value_t = 1)]
    capacity: u16,
}

/// What is registered.
#[derive(Debug, Args)]
pub(crate) struct Register {
    /// What is offered
    #[command(flatten)]
    terms: Terms,

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
        Action::ByHand(action) => by_hand(context, action).await,
    }
}

/// Does one thing.
async fn by_hand(context: &Context, action: ByHand) -> Result<(), CliError> {
    if let ByHand::Show { worker: Some(worker) } = action {
        return show(context, &context.market().await?, worker).await;
    }
    let market = context.market_to_sign().await?;
    let account = market.account()?;
    let receipt = match action {
        ByHand::Register(options) => return register(context, &market, options).await,
        ByHand::Show { worker } => return show(context, &market, worker.unwrap_or(account)).await,
        ByHand::List { worker } => market.list(worker.unwrap_or(account)).await?,
        ByHand::Update(terms) => market.update(&terms.offer()).await?,
        ByHand::Price { price } => market.set_price(price).await?,
        ByHand::Available { available } => market.set_available(available == Answer::Yes).await?,
        ByHand::Key { message_key } => market.set_key(message_key).await?,
        ByHand::Stake { amount } => market.stake(amount).await?,
        ByHand::Unstake { amount } => market.unstake(amount).await?,
        ByHand::Accept { agreement } => {
            let agreement = market.agreement(agreement).await?;
            let receipt = agreement.accept().await?;
            let progress = agreement.progress().await?;
            let facts = [
                ("agreement", Cell::text(agreement.address())),
                ("worker", Cell::text(account)),
                ("start", Cell::Count(progress.start)),
                ("end", Cell::Count(agreement.times(&progress).end())),
            ];
            return context.print_transaction(Page::new(facts), &receipt);
        }
        ByHand::Resign { agreement } => {
            let resigned = market.agreement(agreement).await?.resign().await?;
            let facts = [
                ("agreement", Cell::text(agreement)),
                ("worker", Cell::text(account)),
                ("windows", Cell::count(resigned.windows)),
            ];
            return context.print_transaction(Page::new(facts), &resigned.receipt);
        }
    };
    let worker = market.worker(account).await?;
    context.print_transaction(page(&worker), &receipt)
}

/// Registers a worker.
async fn register(context: &Context, market: &Market, options: Register) -> Result<(), CliError> {
    let Register { terms, application, stake, message_key: key } = options;
    let offer = terms.offer();
    let stake = stake.unwrap_or_else(|| bonds(&offer, market.settings()));
    let key = match key {
        Some(key) => key,
        None => message_key(&context.signer(market.node().chain_id())?),
    };
    let registered = market.register(application, &offer, key, stake).await?;
    let account = market.account()?;
    let worker = market.worker(account).await?;
    context.print_transaction(page(&worker), &registered.receipt)
}

/// Shows a worker.
async fn show(context: &Context, market: &Market, account: Address) -> Result<(), CliError> {
    let worker = market.worker(account).await?;
    let credit = market.credit(account).await?;
    let mut page = page(&worker).fact("credit", Cell::wei(credit));
    if worker.application != Application::TESTER.0 {
        let Reputation { score, standing, .. } = market.reputation(account).await?;
        page = page
            .fact("score", Cell::text(percent(score)))
            .fact("good", Cell::text(observations(standing.good)))
            .fact("bad", Cell::text(observations(standing.bad)))
            .fact("misses", Cell::count(worker.misses));
    }
    context.print(&page)
}

/// What is known of a worker.
fn page(worker: &Worker) -> Page {
    let tester = worker.application == Application::TESTER.0;
    let mut page = Page::new([
        ("account", Cell::text(worker.account)),
        ("number", Cell::count(worker.number)),
        ("application", Cell::text(Application(worker.application))),
    ]);
    if tester {
        page = page.fact("last_epoch", Cell::count(worker.lastEpoch));
    } else {
        page = page
            .fact("price", Cell::wei(worker.price))
            .fact("max_length", Cell::count(worker.maxLength))
            .fact("promise", Cell::text(percent(worker.promised)))
            .fact("capacity", Cell::count(worker.capacity))
            .fact("active", Cell::count(worker.active))
            .fact("available", Cell::Flag(worker.available))
            .fact("listed", Cell::Flag(worker.listed))
            .fact("locked", Cell::wei(worker.locked));
    }
    page.fact("stake", Cell::wei(worker.stake)).fact("key", Cell::text(worker.key))
}

/// Basis points as people read them.
pub(crate) fn percent(bps: u16) -> String {
    let (whole, part) = (bps.checked_div(100).unwrap_or(0), bps.checked_rem(100).unwrap_or(0));
    if part == 0 { format!("{whole}%") } else { format!("{whole}.{part:02}%") }
}

/// A weight in a reputation, in observations, rounded down to hundredths.
pub(crate) fn observations(weight: u64) -> String {
    let hundredths =
        u128::from(weight).wrapping_mul(100).checked_div(reputation::ONE_OBSERVATION.into());
    let hundredths = hundredths.unwrap_or(0); // 64 + 7 bits cannot leave 128
    let (whole, part) = (hundredths.checked_div(100), hundredths.checked_rem(100));
    format!("{}.{:02}", whole.unwrap_or(0), part.unwrap_or(0))
}

/// The bonds of as many longest agreements as a worker takes at once.
fn bonds(offer: &Offer, settings: &Settings) -> u128 {
    let bond = money::bond(offer.price, offer.max_length, settings.bondBps, settings.minBond);
    bond.saturating_mul(offer.capacity.into())
}

impl Terms {
    /// As the market takes it.
    const fn offer(&self) -> Offer {
        let Self { price, max_length, promise, capacity } = *self;
        Offer { price, max_length, promise, capacity }
    }
}
