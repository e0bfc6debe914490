//! `muster client token remove`.

use clap::Args;

use crate::context::Context;
use crate::error::CliError;
use crate::local_api::token_file;
use crate::options::api::TokenFileArgs;
use crate::options::heading;
use crate::output::{Cell, CommandOutput};

/// Options of `muster client token remove`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Example:\n  muster client token remove ci --account dev:cleo"
)]
pub(crate) struct Options {
    /// Name of the token
    name: String,

    /// Where the tokens are.
    #[command(flatten)]
    file: TokenFileArgs,
}

/// Removes a token.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let file = token_file(context, &options.file).await?;
    let removed = file.remove(&options.name)?;
    context.print(&CommandOutput::new([
        ("label", Cell::Text(removed.name)),
        ("file", Cell::text(file.path().display())),
    ]))
}
