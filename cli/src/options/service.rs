//! Options of services: where they are recorded, and what their components get.

use std::path::PathBuf;

use clap::Args;
use muster_compute_http::ServiceLimits;

use crate::options::{heading, mebibytes};
use crate::program_file;

/// Where services are recorded.
#[derive(Debug, Args)]
#[command(next_help_heading = heading::COMMAND)]
pub(crate) struct RecordArgs {
    /// File with the services and what runs where, which several processes can use; a folder beside it has the components
    /// [default: a file in the state folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) services: Option<PathBuf>,
}

/// What a component gets.
#[derive(Debug, Args)]
#[command(next_help_heading = heading::COMMAND)]
pub(crate) struct ComponentArgs {
    /// Environment variable of the component; there are no others. Workers see it
    #[arg(long, value_name = "NAME=VALUE", value_parser = program_file::parse_variable)]
    pub(crate) env: Vec<(String, String)>,

    /// Mebibytes of memory for one request, up to 1024
    #[arg(long, value_name = "MIB", default_value_t = 64)]
    memory: u64,

    /// Milliseconds of processor time for one request, up to 60000
    #[arg(long, value_name = "MS", default_value_t = 1_000)]
    cpu_time: u64,

    /// Milliseconds to the end of a response, up to 300000
    #[arg(long, value_name = "MS", default_value_t = 30_000)]
    wall_time: u64,

    /// Requests that a worker answers at once, up to 64; others wait
    #[arg(long, value_name = "N", default_value_t = 8)]
    at_once: u32,
}

/// What testers check a service by.
#[derive(Debug, Args)]
#[command(next_help_heading = heading::COMMAND)]
pub(crate) struct CheckArgs {
    /// File with requests by which testers check the service: a JSON list of {"path": "/", "method": "GET", "headers": {},
    /// "body": "", "status": 200, "sha256": "…"}, of which only the path must be given. Workers must answer as the component does
    /// here [default: a GET of /]
    #[arg(long, value_name = "FILE")]
    pub(crate) checks: Option<PathBuf>,
}

impl ComponentArgs {
    /// The limits as a service has them.
    pub(crate) const fn limits(&self) -> ServiceLimits {
        ServiceLimits {
            memory: mebibytes(self.memory),
            cpu_ms: self.cpu_time,
            wall_ms: self.wall_time,
            requests: self.at_once,
        }
    }
}
