//! `muster application check`: whether a document is valid, and a service passes its check.

use std::time::Duration;

use clap::Args;
use muster_client::Session;
use muster_daemons::checks::{Prober, ServiceTarget};

use crate::application::DocumentArg;
use crate::clock;
use crate::commands::application::show::document_fields;
use crate::context::Context;
use crate::error::{ApplicationCommandError, CliError};
use crate::options::heading;
use crate::output::{Cell, CommandOutput, Table};
use crate::parse;

/// Options of `muster application check`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Examples:\n  muster application check echo.toml\n  \
        muster application check echo.toml http://127.0.0.1:3000"
)]
pub(crate) struct Options {
    /// The document
    #[arg(value_name = "FILE|URL")]
    document: DocumentArg,

    /// URL of a service to check
    #[arg(value_name = "SERVICE", value_parser = parse::service_url)]
    service: Option<Box<str>>,

    /// Milliseconds within which an answer must come
    #[arg(long, value_name = "MS|TIME", value_parser = clock::milliseconds, default_value_t = 2_000)]
    timeout: u64,
}

/// Checks a document, and makes each of its requests once.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let document = options.document.read().await?;
    let mut rows = Vec::new();
    if let Some(url) = &options.service {
        let proxy = context.proxy().filter(|_| !parse::is_local(url));
        let prober = Prober::new(Duration::from_millis(options.timeout), proxy)?;
        let target = ServiceTarget { url, token: "", session: Session::random().salt };
        for check in document.check().requests() {
            let (url, text) = (url.clone(), check.to_string());
            prober.check(&check, &target).await.map_err(|failure| {
                let check = text.as_str().into();
                ApplicationCommandError::Failed { url, check, failure }
            })?;
            rows.push(vec![Cell::Text(text), Cell::Flag(true)]);
        }
    }
    let output = CommandOutput::new(document_fields(&document));
    context.print(&match options.service {
        Some(_) => output.table(Table::new("requests", ["check", "ok"], rows)),
        None => output,
    })
}
