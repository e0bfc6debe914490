//! `muster completions`: scripts with which shells complete command lines.

use std::io::{self, Write};

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::args::Cli;
use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, CommandOutput};

/// Options of `muster completions`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The shell
    shell: Shell,
}

/// Prints the completion script of a shell.
pub(crate) fn run(context: &Context, options: &Options) -> Result<(), CliError> {
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
