//! The encoding of reports: entries, and batches of signed reports. Numbers are big-endian.

use alloy_primitives::B256;

/// Bytes of an entry without a receipt.
const ENTRY_HEAD: usize = 8;

/// Bytes of a compact signature (EIP-2098).
const SIGNATURE: usize = 64;

/// Bytes of a signed report before its entries.
const REPORT_HEAD: usize = 102;

/// The most bytes of an encoded entry.
pub const MAX_ENTRY: usize = ENTRY_HEAD + SIGNATURE;

/// What a seat measured of one worker in its window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Index of the worker in the agreement.
    pub index: u8,
    /// The window.
    pub window: u8,
    /// Probes made.
    pub made: u8,
    /// Probes served.
    pub served: u8,
    /// The parts of the window in the worker's receipt; 0 if no probe was served.
    pub parts: u32,
    /// The receipt, as a compact signature (EIP-2098); zero if no probe was served.
    pub r: B256,
    /// See `r`.
    pub vs: B256,
}

impl Entry {
    /// The four bytes of the entry in the event `Reported`: index, window, made, served.
    #[must_use]
    pub const fn finding(&self) -> [u8; 4] {
        [self.index, self.window, self.made, self.served]
    }

    /// Encodes the entry at the start of `bytes` and returns its length.
    pub fn encode(&self, bytes: &mut [u8; MAX_ENTRY]) -> usize {
        let head = self.finding().into_iter().chain(self.parts.to_be_bytes());
        for (to, from) in bytes.iter_mut().zip(head.chain(self.r.0).chain(self.vs.0)) {
            *to = from;
        }
        if self.served == 0 { ENTRY_HEAD } else { MAX_ENTRY }
    }

    /// Decodes the entry at the start of `bytes`, and returns the bytes after it; `None` if it is truncated.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let ([index, window, made, served, parts @ ..], rest) =
            bytes.split_first_chunk::<ENTRY_HEAD>()?;
        let (r, vs, rest) = if *served == 0 {
            (B256::ZERO, B256::ZERO, rest)
        } else {
            let (r, rest) = rest.split_first_chunk()?;
            let (vs, rest) = rest.split_first_chunk()?;
            (B256::new(*r), B256::new(*vs), rest)
        };
        let (index, window, made, served) = (*index, *window, *made, *served);
        let parts = u32::from_be_bytes(*parts);
        Some((Self { index, window, made, served, parts, r, vs }, rest))
    }
}

/// The entries of a report, an iterator. `None` is an entry that is truncated; it is the last one.
#[derive(Clone, Debug)]
pub struct Entries<'a>(pub &'a [u8]);

impl Iterator for Entries<'_> {
    type Item = Option<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let decoded = Entry::decode(self.0);
        self.0 = decoded.map_or(&[], |(_, rest)| rest);
        Some(decoded.map(|(entry, _)| entry))
    }
}

/// A report that its tester signed, so that anyone can post it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedReport<'a> {
    /// The tester's place in the agreement's tester list.
    pub place: u32,
    /// The salt of the tester's sessions.
    pub salt: B256,
    /// The tester's compact signature of [`report_hash`](crate::receipt::report_hash).
    pub r: B256,
    /// See `r`.
    pub vs: B256,
    /// The encoded entries.
    pub entries: &'a [u8],
}

impl<'a> SignedReport<'a> {
    /// The bytes of the report before its entries: the length of those first.
    #[must_use]
    pub fn head(&self) -> [u8; REPORT_HEAD] {
        let mut head = [0; REPORT_HEAD];
        let len = u16::try_from(self.entries.len()).unwrap_or(u16::MAX).to_be_bytes();
        let numbers = len.into_iter().chain(self.place.to_be_bytes());
        let words = self.salt.0.into_iter().chain(self.r.0).chain(self.vs.0);
        for (to, from) in head.iter_mut().zip(numbers.chain(words)) {
            *to = from;
        }
        head
    }

    /// Decodes the report at the start of `batch`, and returns the bytes after it; `None` if it is truncated.
    #[must_use]
    pub fn decode(batch: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (len, rest) = batch.split_first_chunk()?;
        let (place, rest) = rest.split_first_chunk()?;
        let (salt, rest) = rest.split_first_chunk()?;
        let (r, rest) = rest.split_first_chunk()?;
        let (vs, rest) = rest.split_first_chunk()?;
        let (entries, rest) = rest.split_at_checked(u16::from_be_bytes(*len).into())?;
        let place = u32::from_be_bytes(*place);
        let (salt, r, vs) = (B256::new(*salt), B256::new(*r), B256::new(*vs));
        Some((Self { place, salt, r, vs, entries }, rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An entry with a receipt.
    fn served() -> Entry {
        let (r, vs) = (B256::repeat_byte(3), B256::repeat_byte(4));
        Entry { index: 1, window: 2, made: 12, served: 11, parts: 0x0102_0304, r, vs }
    }

    #[test]
    fn an_entry_has_eight_bytes_and_a_receipt_if_it_was_served() {
        let mut bytes = [0; MAX_ENTRY];
        assert_eq!(served().encode(&mut bytes), 72);
        assert_eq!(bytes[..9], [1, 2, 12, 11, 1, 2, 3, 4, 3]);
        assert_eq!(Entry::decode(&bytes), Some((served(), &[][..])));
        let failed = Entry { index: 1, window: 3, made: 12, ..Entry::default() };
        assert_eq!(failed.encode(&mut bytes), 8);
        assert_eq!(Entry::decode(&bytes[..9]), Some((failed, &bytes[8..9])));
    }

    #[test]
    fn a_truncated_entry_is_the_last() {
        let mut bytes = [0; MAX_ENTRY + 8];
        assert_eq!(served().encode(bytes.first_chunk_mut().unwrap()), 72);
        let mut whole = Entries(&bytes);
        assert_eq!(whole.next(), Some(Some(served())));
        assert_eq!(whole.next(), Some(Some(Entry::default())));
        assert_eq!(whole.next(), None);
        let mut cut = Entries(&bytes[..71]);
        assert_eq!((cut.next(), cut.next()), (Some(None), None));
        assert_eq!(Entries(&[0; 7]).next(), Some(None));
    }

    #[test]
    fn a_batch_is_reports_with_their_lengths() {
        let (salt, r, vs) = (B256::repeat_byte(1), B256::repeat_byte(2), B256::repeat_byte(3));
        let report = SignedReport { place: 9, salt, r, vs, entries: &[7; 8] };
        let mut batch = [0; 102 + 8 + 1];
        batch[..102].copy_from_slice(&report.head());
        batch[102..110].copy_from_slice(report.entries);
        assert_eq!(batch[..6], [0, 8, 0, 0, 0, 9]);
        assert_eq!(SignedReport::decode(&batch), Some((report, &[0][..])));
        assert_eq!(SignedReport::decode(&batch[..109]), None);
        assert_eq!(SignedReport::decode(&[0; 101]), None);
    }
}
