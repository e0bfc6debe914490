//! `muster client token list`.

use clap::Args;
use muster_local_api::{Period, Right};

use crate::context::Context;
use crate::error::CliError;
use crate::local_api::token_file;
use crate::options::api::TokenFileArgs;
use crate::options::heading;
use crate::output::{Cell, CommandOutput, Table};

/// Options of `muster client token list`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Example:\n  muster client token list --account dev:cleo"
)]
pub(crate) struct Options {
    /// Where the tokens are.
    #[command(flatten)]
    file: TokenFileArgs,
}

/// Lists the tokens.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let tokens = token_file(context, &options.file).await?.read()?;
    let rows = tokens.into_iter().map(|token| {
        let rights: Vec<_> = token.rights.iter().map(Right::to_string).collect();
        let period = match token.limit.period {
            Period::Lifetime => "lifetime",
            Period::Day => "day",
        };
        let limit = Cell::wei(token.limit.most);
        vec![Cell::Text(token.name), Cell::Text(rights.join(",")), limit, Cell::text(period)]
    });
    let table = Table::new("tokens", ["label", "rights", "limit", "period"], rows);
    context.print(&CommandOutput::default().table(table))
}
