//! Options of a job: what its program gets.

use std::path::PathBuf;

use clap::Args;
use muster_compute::Limits;

use crate::clock;
use crate::options::{heading, mebibytes};
use crate::program_file::{self, ProgramFile};

/// What a program gets beside its arguments.
#[derive(Debug, Args)]
#[command(next_help_heading = heading::COMMAND)]
pub(crate) struct ProgramArgs {
    /// File or folder that the program finds below /in, or where :/PATH after it says
    #[arg(long = "in", value_name = "PATH[:/PATH]", value_parser = program_file::parse_file)]
    pub(crate) inputs: Vec<ProgramFile>,

    /// File that the program reads from standard input; - is what this command gets there
    #[arg(long, value_name = "FILE")]
    pub(crate) stdin: Option<PathBuf>,

    /// Name by which the program is called [default: that of the module's file]
    #[arg(long, value_name = "NAME")]
    pub(crate) argv0: Option<String>,

    /// Environment variable of the program; there are no others
    #[arg(long, value_name = "NAME=VALUE", value_parser = program_file::parse_variable)]
    pub(crate) env: Vec<(String, String)>,

    /// Mebibytes of memory that the program may use, up to 4096
    #[arg(long, value_name = "MIB", default_value_t = 1024)]
    memory: u64,

    /// Mebibytes of files that the program may write, up to 4096
    #[arg(long, value_name = "MIB", default_value_t = 256)]
    storage: u64,

    /// Seconds of processor time that the program may take
    #[arg(long, value_name = "SECONDS|TIME", value_parser = clock::seconds, default_value_t = 60)]
    time: u64,
}

impl ProgramArgs {
    /// The limits as a job has them.
    pub(crate) const fn limits(&self) -> Limits {
        Limits {
            memory: mebibytes(self.memory),
            storage: mebibytes(self.storage),
            time: self.time.saturating_mul(1_000),
        }
    }
}
