//! Which workers could run a job: those for sale that say that they take jobs as large as it.

use muster_client::protocol::abi::{Order, Worker};
use muster_compute::Limits;
use muster_messaging::JobLimits;

use super::error::HireError;
use crate::client::job_limits::{JobCapacity, ask_job_capacity};
use crate::client::purchase_document::MAX_ASKED;
use crate::context::DaemonContext;

/// Bytes of a mebibyte.
const MEBIBYTE: u64 = 1 << 20;

/// Workers that an order could buy, cheapest first, and what they take.
#[derive(Debug)]
pub(super) struct Candidates(Vec<(Worker, JobCapacity)>);

impl Candidates {
    /// Asks the cheapest workers for sale that satisfy the order.
    pub(super) async fn ask(context: &DaemonContext, order: &Order) -> Result<Self, HireError> {
        let workers = context.market().cheapest_workers(order, MAX_ASKED).await?;
        let capacities = ask_job_capacity(context, &workers).await?;
        Ok(Self(workers.into_iter().zip(capacities).collect()))
    }

    /// Whether none of them has answered.
    pub(super) fn are_silent(&self) -> bool {
        self.0.iter().all(|(_, capacity)| *capacity == JobCapacity::Silent)
    }

    /// The numbers of those that take jobs of these limits, or do not know whether they do; cheapest first.
    pub(super) fn fitting(&self, job: &Limits) -> Vec<u32> {
        let fitting = self.0.iter().filter(|(_, capacity)| match capacity {
            JobCapacity::Silent => false,
            JobCapacity::Unknown => true,
            JobCapacity::Limits(JobLimits { memory, storage, time, .. }) => {
                *memory >= job.memory && *storage >= job.storage && *time >= job.time
            }
        });
        fitting.map(|(worker, _)| worker.number).collect()
    }

    /// Why they are not enough.
    pub(super) fn too_few(&self, wanted: usize, job: &Limits) -> HireError {
        let (for_sale, fitting) = (self.0.len(), self.fitting(job).len());
        if fitting == for_sale {
            return HireError::TooFewForSale { wanted, for_sale };
        }
        let said = self.0.iter().map(|(worker, capacity)| {
            let number = worker.number;
            match capacity {
                JobCapacity::Silent => format!("; worker {number} does not answer"),
                JobCapacity::Unknown => format!("; worker {number} knows no limits"),
                JobCapacity::Limits(JobLimits { memory, storage, time, .. }) => {
                    format!("; worker {number} takes {}", limits_text(*memory, *storage, *time))
                }
            }
        });
        let needs = limits_text(job.memory, job.storage, job.time);
        HireError::TooFewWorkersFit { wanted, fitting, needs, said: said.collect() }
    }
}

/// Limits in words.
fn limits_text(memory: u64, storage: u64, time: u64) -> String {
    let (memory, storage) = (memory.div_euclid(MEBIBYTE), storage.div_euclid(MEBIBYTE));
    format!("{memory} MiB of memory, {storage} MiB of files and {} s", time.div_euclid(1_000))
}
