//! The parameters that differ between networks.

use crate::state::l2_pricing::Constraint;

/// The network whose fees and parameters a dev chain has. The chain id and the accounts are always
/// those of a dev chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[non_exhaustive]
pub enum Network {
    /// A Nitro dev node after its usual set-up: 0.1 gwei, data on the parent chain is free, and the
    /// parent chain stands still
    #[default]
    Dev,
    /// Arbitrum One: 0.02 gwei and six gas targets, data at 0.1 gwei, a block of the parent chain every
    /// 12 seconds
    ArbitrumOne,
}

/// Gas targets of Arbitrum One: millions of gas per second, and the window in seconds.
///
/// Source: docs.arbitrum.io, "Chain parameters", read in December 2026.
const ARBITRUM_ONE_TARGETS: [(u64, u64); 6] =
    [(60, 9), (41, 52), (29, 329), (20, 2105), (14, 13_485), (10, 86_400)];

impl Network {
    /// Minimum base fee in wei per gas, which is also the initial base fee.
    ///
    /// Source: as [`ARBITRUM_ONE_TARGETS`]; for a dev node, recorded.
    pub(crate) const fn min_base_fee(self) -> u64 {
        match self {
            Self::Dev => 100_000_000,
            Self::ArbitrumOne => 20_000_000,
        }
    }

    /// Wei per unit of data on the parent chain. That of Arbitrum One follows Ethereum's fees; this is
    /// the price that Muster's budgets are made for.
    pub(crate) const fn l1_price(self) -> u64 {
        match self {
            Self::Dev => 0,
            Self::ArbitrumOne => 100_000_000,
        }
    }

    /// Seconds between blocks of the parent chain; `None` if it stands still.
    pub(crate) const fn l1_block_time(self) -> Option<u64> {
        match self {
            Self::Dev => None,
            Self::ArbitrumOne => Some(12),
        }
    }

    /// What the base fee follows; if there is none, it follows the speed limit.
    pub(crate) fn constraints(self) -> Vec<Constraint> {
        let constraint = |&(target, window): &(u64, u64)| Constraint {
            target: target.saturating_mul(1_000_000),
            window,
            backlog: 0,
        };
        match self {
            Self::Dev => Vec::new(),
            Self::ArbitrumOne => ARBITRUM_ONE_TARGETS.iter().map(constraint).collect(),
        }
    }
}
