//! How many workers are missing, and which ones to hire: by numbers alone.

use std::fmt::Debug;

use alloy::primitives::{Address, U256};
use muster_client::Application;
use muster_client::protocol::abi::Worker;
use muster_client::protocol::order::satisfies;

use crate::error::DaemonError;

/// What a client keeps running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplicaTarget {
    /// What the workers serve.
    pub application: Application,
    /// How many different workers serve at any time.
    pub replicas: u8,
    /// The ticks of each agreement.
    pub length: u32,
    /// The most wei that all purchases together may cost. Refunds do not count.
    pub budget: u128,
    /// The tick from which on nothing is bought.
    pub until: u64,
    /// The lowest score of a worker.
    pub min_score: u16,
    /// The lowest promised uptime of a worker, in basis points.
    pub min_uptime: u16,
}

/// What uses the replicas, and sees which of them do what they are for.
pub trait ReplicaWatch: Debug + Send + Sync {
    /// The name under which they are bought, and no others.
    fn name(&self) -> String;

    /// Whether an agreement is for them. No other is attended to.
    fn is_ours(&self, agreement: Address) -> bool;

    /// Whether a worker of an agreement does not do what it is for, so that another one is hired.
    fn has_failed(&self, agreement: Address, worker: Address) -> bool;

    /// Notes an agreement that was bought for them, perhaps in an earlier run.
    ///
    /// # Errors
    /// If it cannot be kept.
    fn bought(&self, agreement: Address) -> Result<(), DaemonError>;
}

/// A worker's part in an agreement that is not settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Replica {
    /// The worker.
    pub(super) worker: Address,
    /// The first tick in which it does not serve any more; `None` if it did not accept in time, has left, was released or
    /// has failed.
    pub(super) serves_until: Option<u64>,
}

/// What there is at a tick.
#[derive(Debug)]
pub(super) struct Situation<'a> {
    /// What is to be kept running.
    pub(super) target: &'a ReplicaTarget,
    /// The workers of all agreements.
    pub(super) replicas: &'a [Replica],
    /// The tick from which on a worker must serve to count: its successor would have just enough time to accept.
    pub(super) needed_until: u64,
}

impl Situation<'_> {
    /// How many workers count.
    pub(super) fn serving(&self) -> usize {
        let mut serving: Vec<Address> = self.counting().map(|replica| replica.worker).collect();
        serving.sort_unstable();
        serving.dedup();
        serving.len()
    }

    /// How many workers are missing.
    pub(super) fn missing(&self) -> usize {
        usize::from(self.target.replicas).saturating_sub(self.serving())
    }

    /// The end that comes first of those that count.
    pub(super) fn first_end(&self) -> Option<u64> {
        self.counting().filter_map(|replica| replica.serves_until).min()
    }

    /// The workers that qualify for what is missing, cheapest first, however many are missing. No worker serves twice at a time, so that one which
    /// fails takes one replica with it; and none is hired again while an agreement in which it failed is not settled.
    pub(super) fn candidates(&self, workers: &[Worker]) -> Vec<Worker> {
        let ReplicaTarget { application, length, min_score, min_uptime, .. } = *self.target;
        let is_taken = |worker: &Worker| {
            let mut parts = self.replicas.iter().filter(|part| part.worker == worker.account);
            parts.any(|part| part.serves_until.is_none_or(|end| end > self.needed_until))
        };
        let qualifies = |worker: &&Worker| {
            worker.application == application.0
                && worker.listed
                && satisfies(worker, U256::from(length), min_score, min_uptime)
                && !is_taken(worker)
        };
        let mut candidates: Vec<Worker> = workers.iter().filter(qualifies).copied().collect();
        candidates.sort_by_key(|worker| (worker.price, worker.number));
        candidates
    }

    /// The workers that serve for long enough.
    fn counting(&self) -> impl Iterator<Item = &Replica> {
        let counts = |end: u64| end > self.needed_until;
        self.replicas.iter().filter(move |replica| replica.serves_until.is_some_and(counts))
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::FixedBytes;

    use super::*;

    const TARGET: ReplicaTarget = ReplicaTarget {
        application: Application(FixedBytes::ZERO),
        replicas: 2,
        length: 100,
        budget: 1_000,
        until: 1_000,
        min_score: 50,
        min_uptime: 9_000,
    };

    fn account(number: u8) -> Address {
        Address::repeat_byte(number)
    }

    /// A worker that qualifies.
    fn worker(number: u8, price: u128) -> Worker {
        Worker {
            account: account(number),
            number: number.into(),
            price,
            maxLength: 100,
            promised: 9_000,
            capacity: 1,
            available: true,
            listed: true,
            score: 50,
            ..Worker::default()
        }
    }

    fn replica(number: u8, serves_until: Option<u64>) -> Replica {
        Replica { worker: account(number), serves_until }
    }

    fn situation(replicas: &[Replica]) -> Situation<'_> {
        Situation { target: &TARGET, replicas, needed_until: 500 }
    }

    fn candidates(replicas: &[Replica], workers: &[Worker]) -> Vec<u32> {
        situation(replicas).candidates(workers).iter().map(|worker| worker.number).collect()
    }

    #[test]
    fn the_cheapest_come_first_and_what_is_missing_is_counted() {
        let workers = [worker(1, 9), worker(2, 7), worker(3, 8), worker(4, 7)];
        assert_eq!(candidates(&[], &workers), [2, 4, 3, 1]);
        let missing = |replicas: &[Replica]| situation(replicas).missing();
        assert_eq!(missing(&[]), 2);
        assert_eq!(missing(&[replica(9, Some(501))]), 1);
        assert_eq!(missing(&[replica(8, Some(501)), replica(9, Some(501))]), 0);
    }

    #[test]
    fn worker_that_ends_soon_counts_no_more_and_can_be_hired_again() {
        let replicas = [replica(1, Some(500)), replica(2, Some(501))];
        assert_eq!(situation(&replicas).missing(), 1);
        assert_eq!(situation(&replicas).first_end(), Some(501));
        assert_eq!(candidates(&replicas, &[worker(1, 7), worker(2, 7)]), [1]);
    }

    #[test]
    fn worker_that_failed_is_replaced_by_another() {
        let replicas = [replica(1, None), replica(2, Some(900))];
        assert_eq!(situation(&replicas).missing(), 1);
        assert_eq!(candidates(&replicas, &[worker(1, 1), worker(2, 1), worker(3, 9)]), [3]);
    }

    #[test]
    fn worker_that_serves_twice_is_one_replica() {
        let replicas = [replica(1, Some(600)), replica(1, Some(900))];
        assert_eq!(situation(&replicas).serving(), 1);
    }

    #[test]
    fn worker_that_does_not_qualify_is_not_hired() {
        let changes: [fn(&mut Worker); 5] = [
            |worker| worker.application = FixedBytes([1; 8]),
            |worker| worker.listed = false,
            |worker| worker.maxLength = 99,
            |worker| worker.score = 49,
            |worker| worker.promised = 8_999,
        ];
        assert_eq!(candidates(&[], &[worker(1, 1)]), [1]);
        for change in changes {
            let mut other = worker(1, 1);
            change(&mut other);
            assert!(candidates(&[], &[other]).is_empty());
        }
    }
}
