//! Versions of ArbOS. Each rule that differs between them is a method of [`ArbosVersion`], or of
//! [`StylusVersion`] if it is about programs.

use std::fmt;

use stylus_engine::StylusVersion;

/// A version of ArbOS that this chain can run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[non_exhaustive]
pub enum ArbosVersion {
    /// ArbOS 51, with Stylus version 2.
    #[cfg_attr(feature = "cli", value(name = "51"))]
    V51,
    /// ArbOS 60, with Stylus version 3.
    #[cfg_attr(feature = "cli", value(name = "60"))]
    V60,
    /// ArbOS 61, that of Arbitrum One since August 2026.
    #[default]
    #[cfg_attr(feature = "cli", value(name = "61"))]
    V61,
}

impl ArbosVersion {
    /// All versions, oldest first.
    const ALL: [Self; 3] = [Self::V51, Self::V60, Self::V61];

    /// The number that ArbOS stores and block headers show.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::V51 => 51,
            Self::V60 => 60,
            Self::V61 => 61,
        }
    }

    /// The version of Stylus that programs are activated for.
    pub(crate) const fn stylus(self) -> StylusVersion {
        match self {
            Self::V51 => StylusVersion::V2,
            Self::V60 | Self::V61 => StylusVersion::V3,
        }
    }

    /// Whether precompiles have the functions of ArbOS 60, and `ArbFilteredTransactionsManager`
    /// exists.
    pub(crate) const fn has_functions_of_60(self) -> bool {
        self.is_at_least_60()
    }

    /// Whether an activation costs what the chain's owner sets, besides its own price.
    pub(crate) const fn has_activation_gas(self) -> bool {
        self.is_at_least_60()
    }

    /// Whether the activation of code that is no program fails with an error of Solidity.
    pub(crate) const fn names_code_without_program(self) -> bool {
        self.is_at_least_60()
    }

    /// Whether changes of owners are logged.
    pub(crate) const fn logs_owners(self) -> bool {
        self.is_at_least_60()
    }

    /// Whether a program that a block has entered before costs as much as a cached one.
    pub(crate) const fn keeps_recent_programs(self) -> bool {
        self.is_at_least_60()
    }

    /// Whether senders get money back that they should not, even without constraints on resources.
    pub(crate) const fn pays_differences(self) -> bool {
        matches!(self, Self::V60)
    }

    /// Whether this is ArbOS 60 or later.
    const fn is_at_least_60(self) -> bool {
        matches!(self, Self::V60 | Self::V61)
    }

    /// The version with this number; `None` if this chain cannot run it.
    pub(crate) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.number() == number)
    }
}

impl fmt::Display for ArbosVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number())
    }
}
