//! `muster completions`: scripts with which shells complete command lines.

use std::io::{self, Write};

use clap::{Args, Command};
use clap_complete::Shell;

use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, CommandOutput};

/// Options of `muster completions`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  muster completions bash")]
pub(crate) struct Options {
    /// The shell
    shell: Shell,
}

/// Prints the completion script of a shell for this tree of commands.
pub(crate) fn run(context: &Context, options: &Options, mut tree: Command) -> Result<(), CliError> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut tree, "muster", &mut script);
    if context.is_json() {
        let script = Cell::text(String::from_utf8_lossy(&script));
        return context.print(&CommandOutput::new([
            ("shell", Cell::text(options.shell)),
            ("script", script),
        ]));
    }
    io::stdout().write_all(&script).map_err(CliError::Output)
}
