//! Serves the API of jobs without a market, for those who write clients: `muster-job-server FOLDER [ADDRESS]`.
//!
//! Prints the server's URL to standard output. Results are not signed: their signature is the text `unsigned`. Whoever
//! reaches the address can run jobs, so leave it on this machine.

use muster_compute::{Digest, Settings, child_main};
use muster_job_api::{HostOptions, JobHost, JobServer, ResultSigner, SignError};
use std::{
    error::Error,
    io::{self, Write},
    num::NonZeroU32,
    path::Path,
    process::ExitCode,
};
use tokio::net::TcpListener;

/// Signs nothing.
struct Unsigned;

impl ResultSigner for Unsigned {
    fn sign(&self, _: &Digest, _: &Digest) -> Result<String, SignError> {
        Ok("unsigned".to_owned())
    }
}

fn main() -> ExitCode {
    child_main();
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("muster-job-server: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until the process is ended.
#[tokio::main]
async fn run() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (folder, address) = match arguments.as_slice() {
        [folder] => (folder, "127.0.0.1:0"),
        [folder, address] => (folder, address.as_str()),
        _ => return Err("usage: muster-job-server FOLDER [ADDRESS]".into()),
    };
    let folder = Path::new(folder);
    let host = JobHost::new(HostOptions {
        settings: Settings::new(folder.join("cache")),
        running: NonZeroU32::MIN,
        waiting: 1_000,
        blobs: 16 << 30,
    })?;
    for missing in host.missing_protections() {
        eprintln!("muster-job-server: this kernel has no {missing}");
    }
    let server = JobServer::open(&host, &folder.join("agreement"), Unsigned).await?;
    let listener = TcpListener::bind(address).await?;
    let mut stdout = io::stdout();
    writeln!(stdout, "http://{}", listener.local_addr()?)?;
    stdout.flush()?;
    axum::serve(listener, server.router()).await?;
    Ok(())
}
