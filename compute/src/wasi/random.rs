//! Random bytes that depend on nothing but the job.

use crate::{Digest, profile::RANDOM_DOMAIN};
use sha2::Digest as _;

/// A stream: block `n` is SHA-256(`"wasm1 random"`, the job's id, `n` as eight bytes, lowest first).
#[derive(Debug)]
pub(super) struct Random {
    /// The job's id.
    job: Digest,
    /// The number of the next block.
    next: u64,
    /// What is left of the last block.
    rest: Vec<u8>,
}

impl Random {
    /// The stream of a job.
    pub(super) const fn new(job: Digest) -> Self {
        Self { job, next: 0, rest: Vec::new() }
    }

    /// Takes the next bytes.
    pub(super) fn fill(&mut self, mut place: &mut [u8]) {
        while !place.is_empty() {
            if self.rest.is_empty() {
                self.rest = self.block();
            }
            let len = place.len().min(self.rest.len());
            let (now, later) = place.split_at_mut(len);
            for (to, from) in now.iter_mut().zip(self.rest.drain(..len)) {
                *to = from;
            }
            place = later;
        }
    }

    /// The next block.
    fn block(&mut self) -> Vec<u8> {
        let mut hasher = sha2::Sha256::new();
        hasher.update(RANDOM_DOMAIN);
        hasher.update(self.job.as_bytes());
        hasher.update(self.next.to_le_bytes());
        self.next = self.next.wrapping_add(1);
        hasher.finalize().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stream_is_the_same_however_it_is_taken() {
        let job = Digest::of(b"job");
        let mut whole = [0; 100];
        Random::new(job).fill(&mut whole);
        let mut random = Random::new(job);
        let mut parts = [0; 100];
        for part in parts.chunks_mut(7) {
            random.fill(part);
        }
        assert_eq!(whole, parts);
        let first = [RANDOM_DOMAIN, job.as_bytes(), &[0; 8]].concat();
        assert_eq!(whole[..32], *Digest::of(&first).as_bytes());
        let second = [RANDOM_DOMAIN, job.as_bytes(), &[1, 0, 0, 0, 0, 0, 0, 0]].concat();
        assert_eq!(whole[32..64], *Digest::of(&second).as_bytes());
    }
}
