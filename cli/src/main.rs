//! `muster`: everything a person does on the market, from one command.
//!
//! Results go to standard output, everything else to standard error. The exit code is 0 if it was
//! done, 1 if it was refused or failed, 2 if the command line was wrong.

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use crate::args::Cli;
use crate::context::Context;

mod account;
mod args;
mod check;
mod commands;
mod config;
mod context;
mod contracts;
mod daemon;
mod deployments;
mod error;
mod event_format;
mod logs;
mod output;
mod parse;
mod progress;
mod receipt_signer;
mod table_layout;

#[tokio::main]
async fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let Cli { globals, command } =
        Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    logs::init();
    let outcome = match config::resolve(globals, &matches) {
        // The commands together are too much for the stack of a thread.
        Ok(settings) => Box::pin(commands::run(&Context::new(settings), command)).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::print_error(&error);
            error.exit_code()
        }
    }
}
