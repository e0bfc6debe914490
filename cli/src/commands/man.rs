//! `muster man`: manual pages.

use std::fs;
use std::path::PathBuf;

use clap::{Args, Command};

use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, CommandOutput};

/// Options of `muster man`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  muster man /usr/local/share/man/man1")]
pub(crate) struct Options {
    /// Folder for the pages; it is created if it does not exist
    folder: PathBuf,
}

/// Writes a manual page for every command of this tree.
pub(crate) fn run(context: &Context, options: &Options, tree: Command) -> Result<(), CliError> {
    let folder = &options.folder;
    let written = fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(tree, folder))
        .and_then(|()| Ok(fs::read_dir(folder)?.count()));
    let count = written.map_err(|source| CliError::Write { path: folder.clone(), source })?;
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    context.print(&CommandOutput::new([
        ("folder", Cell::text(folder.display())),
        ("pages", Cell::Count(count)),
    ]))
}
