//! Runs one service on this machine, without a market: `muster-compute-http COMPONENT.wasm [NAME=VALUE...]`.
//!
//! Prints the path of a Unix socket on which the service speaks HTTP, as for `curl --unix-socket PATH http://localhost/`,
//! and then its log, until it is ended.

use muster_compute::{Digest, Variable};
use muster_compute_http::{Service, ServiceDocument, Settings, Status, child_main};
use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
    thread,
    time::Duration,
};

fn main() -> ExitCode {
    child_main();
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("muster-compute-http: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the component that the arguments name, with the environment that they give.
fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: muster-compute-http COMPONENT.wasm [NAME=VALUE...]";
    let component = std::fs::read(arguments.next().ok_or(usage)?)?;
    let mut document = ServiceDocument::new(Digest::of(&component));
    for argument in arguments {
        let (name, value) = argument.split_once('=').ok_or(usage)?;
        document.environment.push(Variable { name: name.to_owned(), value: value.to_owned() });
    }
    let settings = Settings::new(std::env::temp_dir());
    let service = Service::start(&settings, document, &component)?;
    writeln!(io::stdout(), "{}", service.socket().display())?;
    let mut next = 0;
    loop {
        for line in service.log(next) {
            next = line.number.saturating_add(1);
            eprintln!("{:?}: {}", line.stream, line.text);
        }
        if let Status::Failed(failure) = service.status() {
            return Err(failure.into());
        }
        thread::sleep(Duration::from_millis(100));
    }
}
