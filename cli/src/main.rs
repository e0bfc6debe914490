//! `muster`: the market's command line, for workers, testers, clients and operators.
//!
//! Results go to standard output, everything else to standard error. The exit code is 0 on success, 1 if the command
//! was refused or failed, and 2 if the command line was wrong. `run` and `map` have further ones, see their help.

use std::process::ExitCode;

use crate::aliases::Aliases;
use crate::context::Context;

mod aliases;
mod application;
mod clock;
mod command_line;
mod command_tree;
mod commands;
mod config;
mod confirm;
mod context;
mod contracts;
mod daemon;
mod deployments;
mod dollars;
mod error;
mod following;
mod hired_worker;
mod jobs;
mod keys;
mod local_api;
mod logs;
mod options;
mod output;
mod parse;
mod program_file;
mod progress;
mod purchase_error;
mod service_folder;
mod user_folder;

fn main() -> ExitCode {
    // A worker and a tester start this program again for each job and service; that process has no other threads.
    muster_compute::child_main();
    muster_compute_http::child_main();
    run()
}

/// Runs the command of the command line.
#[tokio::main]
async fn run() -> ExitCode {
    let (cli, matches) = match command_line::parse(std::env::args_os()) {
        Ok(parsed) => parsed,
        Err(error) if error.use_stderr() && std::env::args_os().any(|arg| arg == "--json") => {
            output::print_json_error(&error.to_string(), None);
            return ExitCode::from(2);
        }
        Err(error) => error.exit(),
    };
    let mut json = cli.globals.json;
    let result = match logs::init(cli.command.log_level())
        .and_then(|()| Aliases::check())
        .and_then(|()| config::resolve(cli.globals, &matches))
    {
        Ok(config) => {
            json = config.globals.json;
            // The futures of all commands together are too large for the stack of a thread.
            Box::pin(command_tree::run(&Context::new(config), cli.command)).await
        }
        Err(error) => Err(error),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_closed_pipe() => ExitCode::SUCCESS,
        // Not 2: clap reports a wrong command line itself.
        Err(error) => {
            output::print_error(&error, json);
            ExitCode::from(error.exit_code())
        }
    }
}
