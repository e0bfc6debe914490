//! What an agreement for jobs is looked for with.

use alloy::primitives::Address;
use muster_compute::Limits;

/// The replicas of a job, unless somebody or the market says otherwise.
pub(super) const REPLICAS: u8 = 2;

/// The agreement for some jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hired {
    /// Its address.
    pub agreement: Address,
    /// How many workers must sign the same result of a job.
    pub replicas: u8,
}

/// What an agreement is looked for with.
#[derive(Clone, Copy, Debug)]
pub struct HireRequest {
    /// The agreement that is named, if one is.
    pub agreement: Option<Address>,
    /// How many workers must do the same.
    pub replicas: Option<u8>,
    /// How many workers an agreement has at least.
    pub workers: Option<u8>,
    /// How large the jobs are that a worker must take. One that takes none, or does not answer, is not bought in any case.
    pub limits: Limits,
    /// The length in ticks of an agreement that is bought; without it, the market's shortest.
    pub length: Option<u32>,
    /// The testers of an agreement that is bought; without them, the market's.
    pub testers: Option<u8>,
    /// The first block in which to look for agreements.
    pub first_block: u64,
}

impl HireRequest {
    /// The number of workers that an agreement must have.
    #[must_use]
    pub fn wanted(&self) -> u8 {
        self.replicas.max(self.workers).unwrap_or(1)
    }

    /// An agreement that has so many workers.
    #[must_use]
    pub fn hired(&self, agreement: Address, workers: u8) -> Hired {
        Hired { agreement, replicas: self.replicas.unwrap_or(REPLICAS.min(workers)) }
    }
}
