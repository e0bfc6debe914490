//! The terms of an agreement and their encoding: everything that its purchase fixes.
//!
//! The encoded terms follow the minimal proxy in the agreement's code. So they are immutable, they
//! cannot be initialised twice, and they determine the CREATE2 address: anyone who has the terms can
//! tell a genuine agreement from any other account.

use core::ops::Range;

use alloy_primitives::{Address, FixedBytes};

use crate::packed;
use crate::packed::Packed;
use crate::{MAX_REDUNDANCY, money};

packed! {
    /// The part of the terms that is common to all workers.
    pub struct TermsHeader [115] {
        /// The dispatcher that sold the agreement and settles it.
        dispatcher: Address = 20,
        /// The client, who pays.
        client: Address = 20,
        /// Number of the agreement, from 1; makes the terms unique.
        number: u32 = 4,
        /// The application of the work.
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
        /// Number of windows.
        windows: u8 = 1,
        /// Number of testers of each window.
        testers: u8 = 1,
        /// Bond as a share of the whole price, in basis points.
        bond_bps: u16 = 2,
        /// The lowest bond in wei.
        min_bond: u128 = 12,
        /// Fee of a seat as a share of what the worker earns in a window, in basis points.
        tester_fee_bps: u16 = 2,
        /// The lowest fee in wei.
        min_tester_fee: u128 = 8,
        /// The shortest agreement in ticks, which a client that cancels pays for at least.
        min_length: u32 = 4,
        /// Probes that a seat makes of a worker in its window.
        probes: u8 = 1,
        /// The epoch whose tester list is drawn from.
        epoch: u32 = 4,
        /// Number of places of that list that take part.
        pool: u32 = 4,
        /// Number of workers.
        redundancy: u8 = 1,
    }
}

packed! {
    /// The encoded terms of one worker: without bond and fee, which are computed.
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

/// The terms of one worker. Fee and bond are computed from the other fields and the header, so they are
/// not encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkerTerms {
    /// The worker's account.
    pub account: Address,
    /// Wei per tick; this and the other amounts are below [`crate::PRICE_LIMIT`].
    pub price: u128,
    /// Promised uptime in basis points.
    pub promise: u16,
    /// Fee in wei of one seat in one window, for reporting on this worker.
    pub fee: u128,
    /// Wei of its stake that stay locked until the settlement.
    pub bond: u128,
    /// Its count of absences at the purchase, modulo 2^16.
    pub misses: u16,
}

impl WorkerTerms {
    /// Encoded bytes of one worker.
    pub const BYTES: usize = PackedWorkerTerms::BYTES;

    /// Decodes a worker's terms: computes fee and bond.
    fn unpack(packed: PackedWorkerTerms, header: &TermsHeader) -> Self {
        let PackedWorkerTerms { account, price, promise, misses } = packed;
        let window_length = header.length.checked_div(header.windows.into()).unwrap_or(0);
        let fee = match header.testers {
            0 => 0,
            _ => money::fee(price, window_length, header.tester_fee_bps, header.min_tester_fee),
        };
        let bond = money::bond(price, header.length, header.bond_bps, header.min_bond);
        Self { account, price, promise, fee, bond, misses }
    }

    /// The encoded fields.
    const fn pack(&self) -> PackedWorkerTerms {
        let Self { account, price, promise, misses, .. } = *self;
        PackedWorkerTerms { account, price, promise, misses }
    }
}

/// The most bytes of encoded terms.
pub const MAX_TERMS: usize = TermsHeader::BYTES + MAX_REDUNDANCY * WorkerTerms::BYTES;

/// The terms of one agreement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// The part that is common to all workers.
    pub header: TermsHeader,
    /// The first `header.redundancy` entries are used; the others are zero.
    worker_slots: [WorkerTerms; MAX_REDUNDANCY],
}

impl Terms {
    /// Terms for these workers; ignores all after the eighth. Sets `header.redundancy` to their number.
    #[must_use]
    pub fn new(mut header: TermsHeader, workers: impl IntoIterator<Item = WorkerTerms>) -> Self {
        let mut worker_slots = [WorkerTerms::default(); MAX_REDUNDANCY];
        header.redundancy = 0;
        for (to, from) in worker_slots.iter_mut().zip(workers) {
            *to = from;
            header.redundancy = header.redundancy.wrapping_add(1); // at most eight times
        }
        Self { header, worker_slots }
    }

    /// The workers, by index.
    pub fn workers(&self) -> impl Iterator<Item = &WorkerTerms> + Clone {
        self.worker_slots.iter().take(usize::from(self.header.redundancy))
    }

    /// The worker at `index`.
    #[must_use]
    pub fn worker(&self, index: u8) -> Option<&WorkerTerms> {
        self.workers().nth(usize::from(index))
    }

    /// Ticks of one window, rounded down; the last window also takes the remainder. 0 without windows.
    #[must_use]
    pub fn window_length(&self) -> u32 {
        self.header.length.checked_div(self.header.windows.into()).unwrap_or(0)
    }

    /// The windows of an agreement that ends `length` ticks after its start.
    #[must_use]
    pub fn windows_in(&self, length: u32) -> u8 {
        let windows = self.header.windows;
        let finished = length.div_ceil(self.window_length().max(1));
        u8::try_from(finished).unwrap_or(u8::MAX).min(windows)
    }

    /// The ticks of `window` in an agreement that ends `length` ticks after its start, counted from there; the
    /// last window of the terms also has the remainder. Empty for a window that the terms do not have.
    #[must_use]
    pub fn window_ticks(&self, window: u8, length: u32) -> Range<u32> {
        if window >= self.header.windows {
            return length..length;
        }
        let first = self.window_length().saturating_mul(window.into());
        let last = window.saturating_add(1) == self.header.windows;
        let end = if last { u32::MAX } else { first.saturating_add(self.window_length()) };
        first.min(length)..end.min(length)
    }

    /// Decodes terms; `None` if the length does not match the redundancy in the header.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (header, rest) = bytes.split_first_chunk()?;
        let header = TermsHeader::read(header);
        let (chunks, tail) = rest.as_chunks();
        let fits = chunks.len() == usize::from(header.redundancy) && chunks.len() <= MAX_REDUNDANCY;
        let workers =
            chunks.iter().map(|chunk| WorkerTerms::unpack(PackedWorkerTerms::read(chunk), &header));
        (fits && tail.is_empty()).then(|| Self::new(header, workers))
    }

    /// Encodes the terms at the start of `bytes` and returns their length.
    pub fn encode(&self, bytes: &mut [u8; MAX_TERMS]) -> usize {
        let Some((header, rest)) = bytes.split_first_chunk_mut() else { return 0 };
        self.header.write(header);
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

    /// Nine workers; terms hold eight.
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
        let window_length = |length, windows| {
            Terms {
                header: TermsHeader { length, windows, ..TermsHeader::default() },
                ..Terms::default()
            }
            .window_length()
        };
        assert_eq!(window_length(11, 4), 2);
        assert_eq!(window_length(3, 4), 0);
        assert_eq!(window_length(11, 0), 0);
    }

    #[test]
    fn nothing_and_nine_workers_are_no_terms() {
        assert_eq!(Terms::decode(&[]), None);
        let mut bytes = [0; MAX_TERMS + WorkerTerms::BYTES];
        bytes[TermsHeader::BYTES - 1] = 9;
        assert_eq!(Terms::decode(&bytes), None);
    }
}
