//! Settings that an owner of the chain may change, and counters of ArbOS, each one word.

use std::sync::LazyLock;

use alloy::primitives::U256;

use super::arbos::{ArbosStorage, Substorage};
use crate::Network;

/// Gas per second that Nitro's base fee tolerates.
pub(crate) const SPEED_LIMIT: u64 = 7_000_000;

/// Slots of [`Setting::ALL`]; each takes two hashes to compute.
static SLOTS: LazyLock<[U256; Setting::ALL.len()]> =
    LazyLock::new(|| Setting::ALL.map(Setting::compute_slot));

/// One setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    /// Recipient of network fees.
    NetworkFeeAccount,
    /// Recipient of infrastructure fees.
    InfraFeeAccount,
    /// Wei per unit of data for the parent chain.
    L1PricePerUnit,
    /// Minimum base fee in wei per gas.
    MinBaseFee,
    /// Base fee of the next block in wei per gas.
    BaseFee,
    /// Gas per second.
    SpeedLimit,
    /// Gas limit of a transaction.
    MaxTxGas,
    /// Gas limit of a block.
    MaxBlockGas,
    /// Inertia of the base fee.
    PricingInertia,
    /// Seconds of backlog that the base fee tolerates.
    BacklogTolerance,
    /// Gas above the speed limit that has not been paid off by time.
    GasBacklog,
    /// Compression level by which data for the parent chain is priced.
    BrotliLevel,
    /// Inertia of the parent chain's estimated base fee.
    L1Inertia,
    /// Reward per unit of posted data in wei.
    L1RewardRate,
    /// Recipient of that reward.
    L1RewardRecipient,
    /// Gas charged per batch; signed.
    PerBatchGas,
    /// Cap of amortised data costs in basis points.
    AmortizedCostCap,
    /// Units over which the data price is balanced.
    L1Equilibration,
    /// Surplus of data fees in wei; signed.
    L1Surplus,
    /// Units of data since the batch poster was last paid.
    L1UnitsSinceUpdate,
    /// Data fees in wei that the batch poster can be paid from.
    L1FeesAvailable,
    /// Height of the parent chain.
    L1BlockNumber,
    /// ArbOS version of the scheduled upgrade.
    UpgradeVersion,
    /// Unix second of the scheduled upgrade.
    UpgradeTime,
    /// Gas that every activation costs besides; since ArbOS 60.
    ActivationGas,
    /// Whether tips are paid; since ArbOS 60.
    CollectTips,
    /// Unix second from which the native token may be minted; zero if it may not.
    NativeTokenFrom,
    /// Unix second from which transactions may be filtered; zero if they may not. Since ArbOS 60.
    FilteringFrom,
    /// Recipient of the funds of filtered transactions; since ArbOS 60.
    FilteredFundsRecipient,
}

impl Setting {
    /// Every setting.
    pub(crate) const ALL: [Self; 29] = [
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
        Self::GasBacklog,
        Self::BrotliLevel,
        Self::L1Inertia,
        Self::L1RewardRate,
        Self::L1RewardRecipient,
        Self::PerBatchGas,
        Self::AmortizedCostCap,
        Self::L1Equilibration,
        Self::L1Surplus,
        Self::L1UnitsSinceUpdate,
        Self::L1FeesAvailable,
        Self::L1BlockNumber,
        Self::UpgradeVersion,
        Self::UpgradeTime,
        Self::ActivationGas,
        Self::CollectTips,
        Self::NativeTokenFrom,
        Self::FilteringFrom,
        Self::FilteredFundsRecipient,
    ];

    /// The initial value on a network.
    pub(crate) const fn initial(self, network: Network) -> u64 {
        match self {
            Self::NetworkFeeAccount
            | Self::InfraFeeAccount
            | Self::L1PricePerUnit
            | Self::GasBacklog
            | Self::L1RewardRecipient
            | Self::AmortizedCostCap
            | Self::L1Surplus
            | Self::L1UnitsSinceUpdate
            | Self::L1FeesAvailable
            | Self::L1BlockNumber
            | Self::UpgradeVersion
            | Self::UpgradeTime
            | Self::ActivationGas
            | Self::CollectTips
            | Self::NativeTokenFrom
            | Self::FilteringFrom
            | Self::FilteredFundsRecipient => 0,
            Self::MinBaseFee | Self::BaseFee => network.min_base_fee(),
            Self::SpeedLimit => SPEED_LIMIT,
            Self::MaxTxGas | Self::MaxBlockGas => 32_000_000,
            Self::PricingInertia => 102,
            Self::BacklogTolerance | Self::L1Inertia | Self::L1RewardRate => 10,
            Self::PerBatchGas => 210_000,
            Self::L1Equilibration => 160_000_000,
            Self::BrotliLevel => 1,
        }
    }

    /// The storage slot.
    pub(crate) fn slot(self) -> U256 {
        let index = Self::ALL.iter().position(|&setting| setting == self);
        index.and_then(|index| SLOTS.get(index)).copied().unwrap_or_default()
    }

    /// Computes the storage slot.
    fn compute_slot(self) -> U256 {
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
            Self::GasBacklog => b"gas backlog",
            Self::BrotliLevel => b"brotli level",
            Self::L1Inertia => b"l1 inertia",
            Self::L1RewardRate => b"l1 reward rate",
            Self::L1RewardRecipient => b"l1 reward recipient",
            Self::PerBatchGas => b"gas of a batch",
            Self::AmortizedCostCap => b"amortized cost cap",
            Self::L1Equilibration => b"l1 equilibration",
            Self::L1Surplus => b"l1 surplus",
            Self::L1UnitsSinceUpdate => b"l1 units since update",
            Self::L1FeesAvailable => b"l1 fees available",
            Self::L1BlockNumber => b"l1 block number",
            Self::UpgradeVersion => b"upgrade version",
            Self::UpgradeTime => b"upgrade time",
            Self::ActivationGas => b"activation gas",
            Self::CollectTips => b"collect tips",
            Self::NativeTokenFrom => b"native token from",
            Self::FilteringFrom => b"filtering from",
            Self::FilteredFundsRecipient => b"filtered funds recipient",
        };
        Substorage::ROOT.child(name).at(0)
    }

    /// Reads the value.
    pub(crate) fn get(self, words: &mut dyn ArbosStorage) -> U256 {
        words.word(self.slot())
    }

    /// Writes the value.
    pub(crate) fn set(self, words: &mut dyn ArbosStorage, value: U256) {
        words.set_word(self.slot(), value);
    }
}
