//! Options of a worker that runs jobs: their limits, and where they are.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use muster_compute::{Limits, Settings};
use muster_job_api::{HostError, HostOptions, JobHost};

use crate::clock;
use crate::options::{heading, job_folder, mebibytes};

/// What jobs may take. Clients read most of it from `GET /limits`.
#[derive(Debug, Args)]
#[command(next_help_heading = heading::JOBS)]
pub(crate) struct ComputeOptions {
    /// Jobs that run at once, over all agreements [default: one for each processor]
    #[arg(long, value_name = "COUNT")]
    jobs: Option<NonZeroU32>,

    /// Jobs of an agreement that may wait
    #[arg(long, value_name = "COUNT", default_value_t = 1_000)]
    job_queue: u32,

    /// Mebibytes of memory for each job
    #[arg(long, value_name = "MIB", default_value_t = 1_024)]
    job_memory: u64,

    /// Seconds of processor time for each job
    #[arg(long, value_name = "SECONDS|TIME", value_parser = clock::seconds, default_value_t = 600)]
    job_time: u64,

    /// Mebibytes that each job may write
    #[arg(long, value_name = "MIB", default_value_t = 1_024)]
    job_output: u64,

    /// Mebibytes of disk for the inputs and outputs of an agreement
    #[arg(long, value_name = "MIB", default_value_t = 8_192)]
    job_space: u64,

    /// Mebibytes of disk for compiled modules
    #[arg(long, value_name = "MIB", default_value_t = 4_096)]
    job_cache: u64,

    /// Folder of inputs, outputs and compiled modules; what belongs to an agreement is deleted when it is over
    /// [default: the name of the state file and `.jobs`]
    #[arg(long, value_name = "FOLDER")]
    job_folder: Option<PathBuf>,
}

impl ComputeOptions {
    /// The folder: the chosen one, or the one beside this state file.
    pub(crate) fn folder(&self, state: &Path) -> PathBuf {
        self.job_folder.clone().unwrap_or_else(|| job_folder(state))
    }

    /// What runs the jobs in this folder. Blocks while a process is started.
    ///
    /// # Errors
    /// [`HostError`]
    pub(crate) fn host(&self, folder: &Path) -> Result<JobHost, HostError> {
        let mut settings = Settings::new(folder.join("cache"));
        settings.cache_size = mebibytes(self.job_cache);
        settings.limits = Limits {
            memory: mebibytes(self.job_memory),
            storage: mebibytes(self.job_output),
            time: u64::try_from(Duration::from_secs(self.job_time).as_millis()).unwrap_or(u64::MAX),
        };
        let processors = || {
            let count = std::thread::available_parallelism().map_or(1, usize::from);
            u32::try_from(count).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN)
        };
        JobHost::new(HostOptions {
            settings,
            running: self.jobs.unwrap_or_else(processors),
            waiting: self.job_queue,
            blobs: mebibytes(self.job_space),
        })
    }
}
