//! Settings that an owner of the chain may change, and counters of ArbOS, each one word, at the slots
//! that they have on every Arbitrum chain.

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
    /// Unix second at which costs of posted data were last reported.
    L1LastUpdate,
    /// Rewards in wei that are due.
    L1RewardsDue,
    /// Least gas per token of posted data.
    ParentGasFloor,
    /// Gas charged per batch; signed, in 64 bits.
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
    /// Height of the first block of Nitro.
    GenesisBlock,
}

impl Setting {
    /// Every setting.
    pub(crate) const ALL: [Self; 33] = [
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
        Self::GenesisBlock,
        Self::L1LastUpdate,
        Self::L1RewardsDue,
        Self::ParentGasFloor,
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
            | Self::FilteredFundsRecipient
            | Self::GenesisBlock
            | Self::L1LastUpdate
            | Self::L1RewardsDue
            | Self::ParentGasFloor => 0,
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
        let root = Substorage::ROOT;
        let [l1, l2] = [Substorage::l1_pricing(), Substorage::l2_pricing()];
        let (substorage, index) = match self {
            Self::UpgradeVersion => (root, 1),
            Self::UpgradeTime => (root, 2),
            Self::NetworkFeeAccount => (root, 3),
            Self::GenesisBlock => (root, 5),
            Self::InfraFeeAccount => (root, 6),
            Self::BrotliLevel => (root, 7),
            Self::NativeTokenFrom => (root, 8),
            Self::FilteringFrom => (root, 9),
            Self::FilteredFundsRecipient => (root, 10),
            Self::CollectTips => (root, 11),
            Self::L1RewardRecipient => (l1, 0),
            Self::L1Equilibration => (l1, 1),
            Self::L1Inertia => (l1, 2),
            Self::L1RewardRate => (l1, 3),
            Self::L1LastUpdate => (l1, 4),
            Self::L1RewardsDue => (l1, 5),
            Self::L1UnitsSinceUpdate => (l1, 6),
            Self::L1PricePerUnit => (l1, 7),
            Self::L1Surplus => (l1, 8),
            Self::PerBatchGas => (l1, 9),
            Self::AmortizedCostCap => (l1, 10),
            Self::L1FeesAvailable => (l1, 11),
            Self::ParentGasFloor => (l1, 12),
            Self::SpeedLimit => (l2, 0),
            Self::MaxBlockGas => (l2, 1),
            Self::BaseFee => (l2, 2),
            Self::MinBaseFee => (l2, 3),
            Self::GasBacklog => (l2, 4),
            Self::PricingInertia => (l2, 5),
            Self::BacklogTolerance => (l2, 6),
            Self::MaxTxGas => (l2, 7),
            Self::L1BlockNumber => (Substorage::l1_blocks(), 0),
            Self::ActivationGas => (Substorage::programs().child(&[5]), 0),
        };
        substorage.at(index)
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

#[cfg(test)]
mod tests {
    use alloy::primitives::hex;

    use super::*;

    #[test]
    fn slots_are_those_of_every_arbitrum_chain() {
        let known = [
            // Of a node.
            (
                Setting::L1BlockNumber,
                hex!("3c79da47f96b0f39664f73c0a1f350580be90742947dddfa21ba64d578dfe600"),
            ),
            // By Nitro's rule, computed apart from this code.
            (
                Setting::NetworkFeeAccount,
                hex!("15fed0451499512d95f3ec5a41c878b9de55f21878b5b4e190d4667ec709b403"),
            ),
            (
                Setting::L1PricePerUnit,
                hex!("a9f6f085d78d1d37c5819e5c16c9e03198bd14e08cd1f6f8191bc6207b9e9707"),
            ),
            (
                Setting::BaseFee,
                hex!("e54de2a4cdacc0a0059d2b6e16348103df8c4aff409c31e40ec73d11926c8202"),
            ),
            (
                Setting::ActivationGas,
                hex!("d6e0f573b510103b170857a1dc1215a71f2b5b33dd994da95b2667a3119eb600"),
            ),
        ];
        for (setting, slot) in known {
            assert_eq!(setting.slot(), U256::from_be_bytes(slot), "{setting:?}");
        }
        for (index, slot) in SLOTS.iter().enumerate() {
            assert!(!SLOTS[..index].contains(slot), "{:?} is alone", Setting::ALL[index]);
        }
    }
}
