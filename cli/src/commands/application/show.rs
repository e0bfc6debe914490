//! `muster application show`: what a document says.

use clap::Args;
use muster_daemons::checks::ApplicationDocument;

use crate::application::DocumentArg;
use crate::context::Context;
use crate::error::CliError;
use crate::options::heading;
use crate::output::{Cell, CommandOutput, Fields};

/// Options of `muster application show`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Examples:\n  muster application show echo.toml\n  muster application show https://example.org/echo.toml"
)]
pub(crate) struct Options {
    /// The document
    #[arg(value_name = "FILE|URL")]
    document: DocumentArg,
}

/// Prints a document.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let document = options.document.read().await?;
    context.print(&CommandOutput::new(document_fields(&document)))
}

/// What a document says, and what follows from it.
pub(super) fn document_fields(document: &ApplicationDocument) -> Fields {
    vec![
        ("application", Cell::text(document.name())),
        ("application_key", Cell::text(document.application().0)),
        ("version", Cell::text(document.version())),
        ("digest", Cell::text(document.digest())),
        ("check", Cell::text(document.check())),
        ("api", Cell::text(document.api())),
        ("canonical", Cell::text(document.canonical())),
    ]
}
