//! The settings of the chain that its owner may change, each one word of ArbOS.

use alloy::primitives::U256;

use super::arbos::{ArbosStorage, Substorage};

/// Gas that the transactions of one second may take before the base fee would begin to move.
pub(crate) const SPEED_LIMIT: u64 = 7_000_000;

/// Wei per gas while the chain is not overloaded.
pub(crate) const MIN_BASE_FEE: u64 = 100_000_000;

/// One setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    /// Who receives the fees.
    NetworkFeeAccount,
    /// Who receives the fees of the infrastructure.
    InfraFeeAccount,
    /// Wei per unit of data on the parent chain.
    L1PricePerUnit,
    /// Wei per gas below which the base fee never falls.
    MinBaseFee,
    /// Wei per gas of the next block.
    BaseFee,
    /// Gas per second.
    SpeedLimit,
    /// Gas that one transaction may use.
    MaxTxGas,
    /// Gas that one block may use.
    MaxBlockGas,
    /// How slowly the base fee follows the load.
    PricingInertia,
    /// Seconds of load that do not move the base fee.
    BacklogTolerance,
    /// Level of the compression by which data for the parent chain is priced.
    BrotliLevel,
    /// How slowly the estimate of the parent chain's base fee follows.
    L1Inertia,
    /// Wei per unit that posting data is rewarded with.
    L1RewardRate,
    /// Who receives that.
    L1RewardRecipient,
    /// Gas that each batch of data is charged; signed.
    PerBatchGas,
    /// Part of the cost of data that is shared out, in basis points.
    AmortizedCostCap,
    /// Units over which the price of data is balanced.
    L1Equilibration,
    /// What the price of data has brought in too much; signed.
    L1Surplus,
    /// Version of ArbOS to change to.
    UpgradeVersion,
    /// Unix second at which to change.
    UpgradeTime,
}

impl Setting {
    /// Every setting.
    pub(crate) const ALL: [Self; 20] = [
        Self::NetworkFeeAccount,
        Self::InfraFeeAccount,
        Self::L1PricePerUnit,
        Self::MinBaseFee,
        Self::BaseFee,
        Self::SpeedLimit,
        Self::MaxTxGas,
        Self::MaxBlockGas,
        Self::PricingInertia,
        Self::BacklogTolerance,
        Self::BrotliLevel,
        Self::L1Inertia,
        Self::L1RewardRate,
        Self::L1RewardRecipient,
        Self::PerBatchGas,
        Self::AmortizedCostCap,
        Self::L1Equilibration,
        Self::L1Surplus,
        Self::UpgradeVersion,
        Self::UpgradeTime,
    ];

    /// What it is on a chain that nobody has touched.
    pub(crate) const fn initial(self) -> u64 {
        match self {
            Self::NetworkFeeAccount
            | Self::InfraFeeAccount
            | Self::L1PricePerUnit
            | Self::L1RewardRecipient
            | Self::AmortizedCostCap
            | Self::L1Surplus
            | Self::UpgradeVersion
            | Self::UpgradeTime => 0,
            Self::MinBaseFee | Self::BaseFee => MIN_BASE_FEE,
            Self::SpeedLimit => SPEED_LIMIT,
            Self::MaxTxGas | Self::MaxBlockGas => 32_000_000,
            Self::PricingInertia => 102,
            Self::BacklogTolerance | Self::L1Inertia | Self::L1RewardRate => 10,
            Self::PerBatchGas => 210_000,
            Self::L1Equilibration => 160_000_000,
            Self::BrotliLevel => 1,
        }
    }

    /// Its place in the storage of ArbOS.
    pub(crate) fn slot(self) -> U256 {
        let name: &[u8] = match self {
            Self::NetworkFeeAccount => b"network fee account",
            Self::InfraFeeAccount => b"infra fee account",
            Self::L1PricePerUnit => b"l1 price per unit",
            Self::MinBaseFee => b"minimum base fee",
            Self::BaseFee => b"base fee",
            Self::SpeedLimit => b"speed limit",
            Self::MaxTxGas => b"gas of a transaction",
            Self::MaxBlockGas => b"gas of a block",
            Self::PricingInertia => b"pricing inertia",
            Self::BacklogTolerance => b"backlog tolerance",
            Self::BrotliLevel => b"brotli level",
            Self::L1Inertia => b"l1 inertia",
            Self::L1RewardRate => b"l1 reward rate",
            Self::L1RewardRecipient => b"l1 reward recipient",
            Self::PerBatchGas => b"gas of a batch",
            Self::AmortizedCostCap => b"amortized cost cap",
            Self::L1Equilibration => b"l1 equilibration",
            Self::L1Surplus => b"l1 surplus",
            Self::UpgradeVersion => b"upgrade version",
            Self::UpgradeTime => b"upgrade time",
        };
        Substorage::ROOT.child(name).at(0)
    }

    /// Its value.
    pub(crate) fn get(self, words: &mut dyn ArbosStorage) -> U256 {
        words.word(self.slot())
    }

    /// Changes it.
    pub(crate) fn set(self, words: &mut dyn ArbosStorage, value: U256) {
        words.set_word(self.slot(), value);
    }
}
