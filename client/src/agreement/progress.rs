//! What has happened in an agreement so far.

use muster_protocol::MAX_REDUNDANCY;
use muster_protocol::abi::IWorkAgreement::progressReturn;
use muster_protocol::course::{Course, has};

/// What changes in an agreement before it is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Who took part until when.
    pub course: Course,
    /// The seed of the draw of testers; 0 before the first accept.
    pub seed: [u8; 16],
    /// Who was absent and is settled already: bit k stands for worker k.
    pub released: u8,
    /// Whether the slots of all workers are free again.
    pub freed: bool,
}

impl Progress {
    /// The tick of the first accept; 0 before it.
    #[must_use]
    pub const fn start(&self) -> u64 {
        self.course.start
    }

    /// Whether the worker at `index` accepted.
    #[must_use]
    pub fn has_accepted(&self, index: u8) -> bool {
        self.course.has_accepted(index)
    }

    /// Whether the worker at `index` resigned.
    #[must_use]
    pub fn has_resigned(&self, index: u8) -> bool {
        self.course.has_resigned(index)
    }

    /// Whether the worker at `index` was absent and is settled already.
    #[must_use]
    pub fn is_released(&self, index: u8) -> bool {
        has(self.released, index)
    }
}

impl From<progressReturn> for Progress {
    fn from(answer: progressReturn) -> Self {
        let progressReturn { start, seed, accepted, resigned, released, freed, length, left } =
            answer;
        let mut ticks = [0; MAX_REDUNDANCY];
        for (ticks, bytes) in ticks.iter_mut().zip(left.to_le_bytes::<32>().as_chunks().0) {
            *ticks = u32::from_le_bytes(*bytes);
        }
        let course = Course { start, accepted, resigned, left: ticks, planned: length };
        Self { course, seed: seed.0, released, freed }
    }
}
