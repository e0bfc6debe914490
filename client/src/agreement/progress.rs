//! What has happened in an agreement so far.

/// What changes in an agreement before it is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The tick of the first accept; 0 before it.
    pub start: u64,
    /// The seed of the draw of testers; 0 before the first accept.
    pub seed: [u8; 16],
    /// Who accepted: bit k stands for worker k.
    pub accepted: u8,
    /// How many windows are judged: all of them, unless the client cancelled.
    pub windows: u8,
    /// Who resigned: 5 bits for each worker, 0 if it did not, else the windows it had finished + 1.
    pub resigned: u64,
}

impl Progress {
    /// Whether the worker at `index` accepted.
    #[must_use]
    pub fn has_accepted(&self, index: u8) -> bool {
        self.accepted.checked_shr(index.into()).is_some_and(|bits| bits & 1 == 1)
    }

    /// How many windows the worker at `index` had finished when it resigned; `None` if it did not.
    #[must_use]
    pub fn resigned(&self, index: u8) -> Option<u8> {
        let bits = self.resigned.checked_shr(u32::from(index).saturating_mul(5)).unwrap_or(0);
        u8::try_from(bits & 0b1_1111).ok()?.checked_sub(1)
    }

    /// For how many windows the worker at `index` is judged.
    #[must_use]
    pub fn judged(&self, index: u8) -> u8 {
        self.resigned(index).unwrap_or(u8::MAX).min(self.windows)
    }
}
