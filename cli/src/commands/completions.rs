//! `muster completions` and `muster man`: the command line, written down for shells and for readers.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::args::Cli;
use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, CommandOutput};

/// For whom to write.
#[derive(Debug, Args)]
pub(crate) struct CompletionOptions {
    /// The shell
    shell: Shell,
}

/// Where to write.
#[derive(Debug, Args)]
pub(crate) struct ManOptions {
    /// The folder, made if it is not there
    folder: PathBuf,
}

/// Prints what a shell needs to complete command lines.
pub(crate) fn completions(context: &Context, options: &CompletionOptions) -> Result<(), CliError> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Cli::command(), "muster", &mut script);
    if context.is_json() {
        let script = Cell::text(String::from_utf8_lossy(&script));
        return context.print(&CommandOutput::new([
            ("shell", Cell::text(options.shell)),
            ("script", script),
        ]));
    }
    io::stdout().write_all(&script).map_err(CliError::Output)
}

/// Writes a manual page for every command.
pub(crate) fn man(context: &Context, options: &ManOptions) -> Result<(), CliError> {
    let folder = &options.folder;
    let written = fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), folder))
        .and_then(|()| Ok(fs::read_dir(folder)?.count()));
    let count = written.map_err(|source| CliError::Write { path: folder.clone(), source })?;
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    context.print(&CommandOutput::new([
        ("folder", Cell::text(folder.display())),
        ("pages", Cell::Count(count)),
    ]))
}
