//! The reported shares in storage: half a byte for each seat, and one for the best of each window.
//!
//! Half byte number i is in word ⌊i / 64⌋, the first one in the highest bits. A worker has windows × testers of
//! them, seat by seat, then one for each window; worker 1 follows worker 0. 0 stands for none, another value
//! for 1 + twelfths.

use muster_contract_kit::StorageMap;
use muster_protocol::draw::{Seats, WINDOW_CAPACITY};
use muster_protocol::layout::Terms;
use muster_protocol::{MAX_REDUNDANCY, MAX_SEATS, packed};
use stylus_sdk::alloy_primitives::B256;

/// The words, by number.
const WORDS: StorageMap<1, u32, ShareWord> = StorageMap::new();

/// The most words of an agreement.
const MAX_WORDS: usize = (MAX_REDUNDANCY * (MAX_SEATS + WINDOW_CAPACITY)).div_ceil(64);

packed! {
    /// 64 half bytes.
    pub(crate) struct ShareWord [32] {
        /// The bytes; the first half is the higher one.
        bytes: B256 = 32,
    }
}

/// The seats of every window of an agreement.
pub(crate) struct Drawn(pub(crate) [Seats; WINDOW_CAPACITY]);

impl Drawn {
    /// The seat of a place in a window.
    pub(crate) fn seat(&self, window: u8, place: u32) -> Option<u8> {
        let seats = self.0.get(usize::from(window))?;
        let seat = seats.places().position(|seated| seated == place)?;
        u8::try_from(seat).ok()
    }
}

/// The shares of one agreement.
pub(crate) struct Shares {
    /// The words in use, and whether each was changed.
    words: [(ShareWord, bool); MAX_WORDS],
    /// Number of windows.
    windows: u8,
    /// Number of testers of each window.
    testers: u8,
    /// Number of workers.
    redundancy: u8,
}

impl Shares {
    /// Loads the shares of an agreement.
    pub(crate) fn load(terms: &Terms) -> Self {
        let header = &terms.header;
        let mut shares = Self {
            words: [(ShareWord::default(), false); MAX_WORDS],
            windows: header.windows,
            testers: header.testers,
            redundancy: header.redundancy,
        };
        let count = shares.position(header.redundancy, 0).div_ceil(64);
        for (number, (word, _)) in (0..).zip(&mut shares.words).take(count) {
            *word = WORDS.get(number);
        }
        shares
    }

    /// Stores the words that were changed.
    pub(crate) fn save(&self) {
        for (number, (word, changed)) in (0..).zip(&self.words) {
            if *changed {
                WORDS.set(number, word);
            }
        }
    }

    /// The number of half byte `at` of a worker.
    fn position(&self, index: u8, at: usize) -> usize {
        let (windows, testers) = (usize::from(self.windows), usize::from(self.testers));
        let lane = windows.saturating_mul(testers).saturating_add(windows);
        usize::from(index).saturating_mul(lane).saturating_add(at)
    }

    /// The number of the half byte of a seat.
    fn seat_position(&self, index: u8, window: u8, seat: u8) -> usize {
        let row = usize::from(window).saturating_mul(self.testers.into());
        self.position(index, row.saturating_add(seat.into()))
    }

    /// The number of the half byte of the best share of a window.
    fn best_position(&self, index: u8, window: u8) -> usize {
        let seats = usize::from(self.windows).saturating_mul(self.testers.into());
        self.position(index, seats.saturating_add(window.into()))
    }

    /// Half byte number `position`.
    fn read(&self, position: usize) -> u8 {
        let word = self.words.get(position >> 6).map_or(&[][..], |(word, _)| word.bytes.as_slice());
        let byte = word.get((position & 63) >> 1).copied().unwrap_or(0);
        if position & 1 == 0 { byte >> 4 } else { byte & 15 }
    }

    /// Writes half byte number `position`.
    fn write(&mut self, position: usize, value: u8) {
        let Some((word, changed)) = self.words.get_mut(position >> 6) else { return };
        if let Some(byte) = word.bytes.get_mut((position & 63) >> 1) {
            let (high, low) = (*byte & 0xf0, *byte & 0x0f);
            *byte = if position & 1 == 0 { value.wrapping_shl(4) | low } else { high | value & 15 };
            *changed = true;
        }
    }

    /// The share of a seat as it is stored: 0 for none, else 1 + twelfths.
    pub(crate) fn stored(&self, index: u8, window: u8, seat: u8) -> u8 {
        self.read(self.seat_position(index, window, seat))
    }

    /// The share that a seat reported, in twelfths.
    pub(crate) fn get(&self, index: u8, window: u8, seat: u8) -> Option<u8> {
        self.stored(index, window, seat).checked_sub(1)
    }

    /// Sets the share of a seat.
    pub(crate) fn set(&mut self, index: u8, window: u8, seat: u8, share: u8) {
        self.write(self.seat_position(index, window, seat), share.saturating_add(1));
    }

    /// The best share of a window as it is stored: 0 for none, else 1 + twelfths.
    pub(crate) fn stored_best(&self, index: u8, window: u8) -> u8 {
        self.read(self.best_position(index, window))
    }

    /// Sets the best share of a window if it was lower.
    pub(crate) fn raise_best(&mut self, index: u8, window: u8, share: u8) {
        let position = self.best_position(index, window);
        self.write(position, self.read(position).max(share.saturating_add(1)));
    }

    /// Whether a place has reported on any worker in any of its seats.
    pub(crate) fn has_reported(&self, drawn: &Drawn, place: u32) -> bool {
        (0..self.windows).any(|window| {
            drawn.seat(window, place).is_some_and(|seat| {
                (0..self.redundancy).any(|index| self.stored(index, window, seat) != 0)
            })
        })
    }
}
