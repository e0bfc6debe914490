//! Options for the jobs that a tester runs itself, to compare workers' results with its own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use muster_daemons::tester::ReferenceOptions;

use crate::clock;
use crate::options::{heading, job_folder, mebibytes};

/// What a tester grants to jobs. Those of workers for `wasm1` need no other option.
#[derive(Debug, Args)]
#[command(next_help_heading = heading::REFERENCE)]
pub(crate) struct ReferenceArgs {
    /// Private folder for jobs that are run here; its blobs are deleted [default: the name of the
    /// state file and `.jobs`]
    #[arg(long, value_name = "FOLDER")]
    job_folder: Option<PathBuf>,

    /// Mebibytes of memory that a job may ask for; one that asks for more is not used as a probe
    #[arg(long, value_name = "MIB", default_value_t = 1_024, value_parser = clap::value_parser!(u64).range(64..=4_096))]
    job_memory: u64,

    /// Seconds after which a job is ended and not used as a probe
    #[arg(long, value_name = "SECONDS|TIME", default_value_t = 10, value_parser = clock::seconds_within(1..=3_600))]
    job_time: u64,

    /// Seconds of processor time to compile a module
    #[arg(long, value_name = "SECONDS|TIME", default_value_t = 5, value_parser = clock::seconds_within(1..=3_600))]
    compile_time: u64,

    /// Mebibytes of memory to compile a module
    #[arg(long, value_name = "MIB", default_value_t = 1_024, value_parser = clap::value_parser!(u64).range(64..=65_536))]
    compile_memory: u64,
}

impl ReferenceArgs {
    /// As the tester takes it, which has this state file.
    pub(crate) fn reference_options(&self, state: &Path) -> ReferenceOptions {
        let folder = self.job_folder.clone().unwrap_or_else(|| job_folder(state));
        let mut options = ReferenceOptions::new(&folder);
        options.settings.limits.memory = mebibytes(self.job_memory);
        options.settings.compile.memory = mebibytes(self.compile_memory);
        options.settings.compile.time = Duration::from_secs(self.compile_time);
        options.time = Duration::from_secs(self.job_time);
        options
    }
}
