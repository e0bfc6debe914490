//! `muster`: everything a person does on the market, from one command.
//!
//! Results go to standard output, everything else to standard error. The exit code is 0 if it was
//! done, 1 if it was refused or failed, 2 if the command line was wrong.

use std::process::ExitCode;

use clap::Parser;

use crate::args::Cli;

mod account;
mod args;
mod check;
mod commands;
mod context;
mod daemon;
mod desk;
mod error;
mod happening;
mod known;
mod logs;
mod output;
mod parse;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    logs::start();
    // The commands together are too much for the stack of a thread.
    match Box::pin(commands::run(cli)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&error);
            error.exit_code()
        }
    }
}
