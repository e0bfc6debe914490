//! The terms of an agreement: everything that is fixed by its purchase, as bytes.
//!
//! They stand behind the minimal proxy in the agreement's own code, so they can neither change nor
//! be initialised twice, and they determine its CREATE2 address: whoever has the terms can tell a
//! genuine agreement from any other account.

use alloy_primitives::{Address, FixedBytes};

use crate::packed;
use crate::packed::Packed;
use crate::{MAX_REDUNDANCY, money};

packed! {
    /// What all workers of an agreement share.
    pub struct TermsHeader [111] {
        /// Where it was bought and where it settles.
        dispatcher: Address = 20,
        /// Who pays.
        client: Address = 20,
        /// Its number among the dispatcher's agreements, from 1 on; makes the terms unique.
        number: u32 = 4,
        /// What the work is.
        application: FixedBytes<8> = 8,
        /// Whether a tick is a second (else an L2 block).
        seconds: bool = 1,
        /// Tick of the purchase, below 2^40.
        purchased: u64 = 5,
        /// L2 block of the purchase, below 2^40.
        block: u64 = 5,
        /// Ticks from start to end.
        length: u32 = 4,
        /// Ticks after the purchase in which workers may accept.
        accept_window: u32 = 4,
        /// Ticks after the end in which testers may report.
        report_window: u32 = 4,
        /// Windows.
        windows: u8 = 1,
        /// Testers of each window.
        testers: u8 = 1,
        /// A bond as a share of the whole price, in basis points.
        bond_bps: u16 = 2,
        /// The least bond.
        min_bond: u128 = 12,
        /// The fee of a seat as a share of what the worker earns in a window, in basis points.
        tester_fee_bps: u16 = 2,
        /// The least fee.
        min_tester_fee: u128 = 8,
        /// The fewest windows that are paid when the client cancels.
        min_paid_windows: u8 = 1,
        /// The epoch whose list of testers is drawn from.
        epoch: u32 = 4,
        /// How many places of that list count.
        pool: u32 = 4,
        /// Number of workers.
        redundancy: u8 = 1,
    }
}

packed! {
    /// What one worker agreed to, without what follows from it and the head.
    struct PackedWorkerTerms [36] {
        /// The worker's account.
        account: Address = 20,
        /// Wei per tick.
        price: u128 = 12,
        /// Promised uptime in basis points.
        promise: u16 = 2,
        /// See [`WorkerTerms`].
        misses: u16 = 2,
    }
}

/// What one worker agreed to. Fee and bond follow from the rest and from the head, so they take no bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkerTerms {
    /// The worker's account.
    pub account: Address,
    /// Wei per tick; this and the other amounts are below [`crate::PRICE_LIMIT`].
    pub price: u128,
    /// Promised uptime in basis points.
    pub promise: u16,
    /// Wei for each (window, seat) that is paid for this worker.
    pub fee: u128,
    /// Wei of its stake that are locked until the settlement.
    pub bond: u128,
    /// How often it had not accepted before, at the purchase; the lowest 16 bits count.
    pub misses: u16,
}

impl WorkerTerms {
    /// Bytes of one worker in the terms.
    pub const BYTES: usize = PackedWorkerTerms::BYTES;

    /// The worker with this part in an agreement with this head.
    fn unpack(part: PackedWorkerTerms, head: &TermsHeader) -> Self {
        let PackedWorkerTerms { account, price, promise, misses } = part;
        let window_length = head.length.checked_div(head.windows.into()).unwrap_or(0);
        let fee = match head.testers {
            0 => 0,
            _ => money::fee(price, window_length, head.tester_fee_bps, head.min_tester_fee),
        };
        let bond = money::bond(price, head.length, head.bond_bps, head.min_bond);
        Self { account, price, promise, fee, bond, misses }
    }

    /// What of it is written down.
    const fn pack(&self) -> PackedWorkerTerms {
        let Self { account, price, promise, misses, .. } = *self;
        PackedWorkerTerms { account, price, promise, misses }
    }
}

/// The most bytes that terms take.
pub const MAX_TERMS: usize = TermsHeader::BYTES + MAX_REDUNDANCY * WorkerTerms::BYTES;

/// The terms of one agreement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// What all workers share.
    pub header: TermsHeader,
    /// The first `head.redundancy` entries count; the others are zero.
    worker_slots: [WorkerTerms; MAX_REDUNDANCY],
}

impl Terms {
    /// Terms for these workers, at most eight of them. `head.redundancy` is set to their number.
    #[must_use]
    pub fn new(mut head: TermsHeader, workers: impl IntoIterator<Item = WorkerTerms>) -> Self {
        let mut all = [WorkerTerms::default(); MAX_REDUNDANCY];
        head.redundancy = 0;
        for (to, from) in all.iter_mut().zip(workers) {
            *to = from;
            head.redundancy = head.redundancy.wrapping_add(1); // at most eight times
        }
        Self { header: head, worker_slots: all }
    }

    /// The workers, in their order in the agreement.
    pub fn workers(&self) -> impl Iterator<Item = &WorkerTerms> + Clone {
        self.worker_slots.iter().take(usize::from(self.header.redundancy))
    }

    /// The worker at `index`.
    #[must_use]
    pub fn worker(&self, index: u8) -> Option<&WorkerTerms> {
        self.workers().nth(usize::from(index))
    }

    /// Ticks of one window, rounded down; the last window also has the rest. 0 without windows.
    #[must_use]
    pub fn window_length(&self) -> u32 {
        self.header.length.checked_div(self.header.windows.into()).unwrap_or(0)
    }

    /// Ticks of the first `windows` windows; of all of them, the whole length.
    #[must_use]
    pub fn ticks(&self, windows: u8) -> u32 {
        if windows >= self.header.windows {
            return self.header.length;
        }
        self.window_length().saturating_mul(windows.into())
    }

    /// The terms in these bytes; `None` if their length is not that of terms.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk()?;
        let head = TermsHeader::read(head);
        let (chunks, tail) = rest.as_chunks();
        let fits = chunks.len() == usize::from(head.redundancy) && chunks.len() <= MAX_REDUNDANCY;
        let workers =
            chunks.iter().map(|chunk| WorkerTerms::unpack(PackedWorkerTerms::read(chunk), &head));
        (fits && tail.is_empty()).then(|| Self::new(head, workers))
    }

    /// Writes the terms to the front of `bytes` and returns how many bytes they take.
    pub fn encode(&self, bytes: &mut [u8; MAX_TERMS]) -> usize {
        let Some((head, rest)) = bytes.split_first_chunk_mut() else { return 0 };
        self.header.write(head);
        let mut len = TermsHeader::BYTES;
        for (worker, chunk) in self.workers().zip(rest.as_chunks_mut().0) {
            worker.pack().write(chunk);
            len = len.wrapping_add(WorkerTerms::BYTES); // at most MAX_TERMS
        }
        len
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nine workers, of which an agreement takes eight.
    fn nine_workers() -> [WorkerTerms; 9] {
        [1, 2, 3, 4, 5, 6, 7, 8, 9].map(|price| WorkerTerms { price, ..WorkerTerms::default() })
    }

    #[test]
    fn the_number_of_workers_is_counted_not_believed() {
        let head = TermsHeader { redundancy: 7, ..TermsHeader::default() };
        assert_eq!(Terms::new(head, nine_workers()[..2].iter().copied()).header.redundancy, 2);
        assert_eq!(Terms::new(head, nine_workers()).header.redundancy, 8);
    }

    #[test]
    fn workers_keep_their_places() {
        let terms = Terms::new(TermsHeader::default(), nine_workers()[..2].iter().copied());
        assert_eq!(terms.worker(1).map(|worker| worker.price), Some(2));
        assert_eq!(terms.worker(2), None);
        assert_eq!(terms.workers().count(), 2);
    }

    #[test]
    fn a_window_length_rounds_down_and_is_zero_without_windows() {
        let quantum = |length, windows| {
            Terms {
                header: TermsHeader { length, windows, ..TermsHeader::default() },
                ..Terms::default()
            }
            .window_length()
        };
        assert_eq!(quantum(11, 4), 2);
        assert_eq!(quantum(3, 4), 0);
        assert_eq!(quantum(11, 0), 0);
    }

    #[test]
    fn nothing_and_nine_workers_are_no_terms() {
        assert_eq!(Terms::decode(&[]), None);
        let mut bytes = [0; MAX_TERMS + WorkerTerms::BYTES];
        bytes[TermsHeader::BYTES - 1] = 9;
        assert_eq!(Terms::decode(&bytes), None);
    }
}
