//! `muster client token add`.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use muster_local_api::{Period, Right, SpendingLimit, Token, TokenSecret};

use crate::context::Context;
use crate::error::CliError;
use crate::local_api::token_file;
use crate::options::api::TokenFileArgs;
use crate::options::heading;
use crate::output::{Cell, CommandOutput};
use crate::parse;

/// Options of `muster client token add`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Example:\n  muster client token add ci --account dev:cleo --right read --right buy --limit 0.05eth --per day"
)]
pub(crate) struct Options {
    /// Name of the token
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    name: String,

    /// What its holder may do: read, buy, run, serve, cancel, settle or withdraw; repeat it for several
    #[arg(long = "right", value_name = "RIGHT", required = true)]
    rights: Vec<Right>,

    /// The most that its holder may pay for agreements, refunds and gas not counted
    #[arg(long, value_name = "AMOUNT", value_parser = parse::wei, default_value = "0")]
    limit: u128,

    /// The time to which the limit applies
    #[arg(long, value_name = "PERIOD", default_value = "lifetime")]
    per: PeriodArg,

    /// Where the tokens are.
    #[command(flatten)]
    file: TokenFileArgs,
}

/// The time to which a limit applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PeriodArg {
    /// For ever
    Lifetime,
    /// A day in UTC
    Day,
}

/// Makes a token, and shows it once.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let Options { name, rights, limit, per, file } = options;
    let (file, secret) = (token_file(context, &file).await?, TokenSecret::random());
    let period = match per {
        PeriodArg::Lifetime => Period::Lifetime,
        PeriodArg::Day => Period::Day,
    };
    let limit = SpendingLimit { most: limit, period };
    let rights = rights.into_iter().collect();
    file.add(Token { name: name.clone(), digest: secret.digest(), rights, limit })?;
    context.print(&CommandOutput::new([
        ("label", Cell::Text(name)),
        ("token", Cell::text(secret.reveal())),
        ("file", Cell::text(file.path().display())),
    ]))
}
