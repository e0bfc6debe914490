//! Versions of Stylus. Each rule that differs between them is a method of [`StylusVersion`].

/// A version of Stylus, for which a program is activated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum StylusVersion {
    /// Stylus of ArbOS 40 to 58.
    V2,
    /// Stylus of ArbOS 59 and later.
    #[default]
    V3,
}

impl StylusVersion {
    /// Whether functions and blocks may have several results, and blocks parameters.
    pub(crate) const fn has_multi_value(self) -> bool {
        matches!(self, Self::V2)
    }

    /// Whether the page limit holds for all frames of a transaction together, while they run.
    pub(crate) const fn limits_open_pages(self) -> bool {
        matches!(self, Self::V3)
    }

    /// The number that the chain stores.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::V2 => 2,
            Self::V3 => 3,
        }
    }

    /// The version with this number; `None` if this crate does not know it.
    #[must_use]
    pub const fn from_number(number: u16) -> Option<Self> {
        match number {
            2 => Some(Self::V2),
            3 => Some(Self::V3),
            _ => None,
        }
    }
}
