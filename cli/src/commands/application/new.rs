//! `muster application new`: a document to fill in.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use clap::Args;
use muster_daemons::checks::ApplicationDocument;

use crate::context::Context;
use crate::error::{ApplicationCommandError, CliError};
use crate::options::heading;
use crate::output::{Cell, CommandOutput};

/// A document with comments that explain it.
const TEMPLATE: &str = include_str!("template.toml");

/// Options of `muster application new`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Example:\n  muster application new echo --file echo.toml"
)]
pub(crate) struct Options {
    /// Name of the application: up to 8 of a to z, A to Z, 0 to 9, dot, dash and underscore, the first one a to z or A to Z
    name: String,

    /// File to write [default: the name and .toml]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Writes a document, and never over a file.
pub(super) fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let Options { name, file } = options;
    let path = file.unwrap_or_else(|| format!("{name}.toml").into());
    let text = TEMPLATE.replace("NAME", &name);
    let invalid = |source| ApplicationCommandError::Invalid {
        place: name.as_str().into(),
        source: Box::new(source),
    };
    toml::from_str::<ApplicationDocument>(&text).map_err(invalid)?;
    let written = OpenOptions::new().write(true).create_new(true).open(&path);
    written.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|source| {
        let path = path.clone();
        match source.kind() {
            ErrorKind::AlreadyExists => CliError::AlreadyExists(path),
            _ => CliError::Write { path, source },
        }
    })?;
    context.print(&CommandOutput::new([
        ("application", Cell::text(name)),
        ("file", Cell::text(path.display())),
    ]))
}
