//! The storage of the dispatcher: maps and records, without behaviour.
//!
//! Every record is one storage word. A word never written is a record of zeros, which is a valid initial
//! state. [`muster_contract_kit::storage`] describes the slots.

use muster_contract_kit::StorageMap;
use muster_protocol::packed;
use stylus_sdk::alloy_primitives::{Address, B256, FixedBytes};

/// Deployment constants for settlements.
pub(crate) const DEPLOYMENT: StorageMap<0, (), Deployment> = StorageMap::new();
/// Deployment constants for offers and orders.
pub(crate) const ORDER_RULES: StorageMap<1, (), OrderRules> = StorageMap::new();
/// Deployment constants for testers.
pub(crate) const TESTER_RULES: StorageMap<2, (), TesterRules> = StorageMap::new();
/// Registrations by account.
pub(crate) const ACCOUNTS: StorageMap<3, Address, Account> = StorageMap::new();
/// Identities by number.
pub(crate) const IDENTITIES: StorageMap<4, u32, Identity> = StorageMap::new();
/// Offers by number.
pub(crate) const OFFERS: StorageMap<5, u32, Offer> = StorageMap::new();
/// Message keys by number.
pub(crate) const MESSAGE_KEYS: StorageMap<6, u32, MessageKey> = StorageMap::new();
/// Books by application.
pub(crate) const BOOKS: StorageMap<7, FixedBytes<8>, Book> = StorageMap::new();
/// Lengths of tester lists by epoch.
pub(crate) const TESTER_LISTS: StorageMap<8, u32, TesterList> = StorageMap::new();
/// Tester lists by epoch and place.
pub(crate) const TESTER_PLACES: StorageMap<9, (u32, u32), TesterPlace> = StorageMap::new();
/// Reputations by number.
pub(crate) const REPUTATIONS: StorageMap<11, u32, Reputation> = StorageMap::new();
/// Counters of registrations and agreements.
pub(crate) const COUNTERS: StorageMap<12, (), Counters> = StorageMap::new();
/// When the market was created.
pub(crate) const CREATION: StorageMap<13, (), Creation> = StorageMap::new();
/// Credits by account.
pub(crate) const CREDITS: StorageMap<10, Address, Credit> = StorageMap::new();

packed! {
    /// The deployment constants that a settlement needs.
    pub(crate) struct Deployment [32] {
        /// The implementation of agreements; zero = not deployed.
        agreement: Address = 20,
        /// `reputationUnit`.
        reputation_unit: u128 = 12,
    }
}

packed! {
    /// Registrations and agreements so far.
    pub(crate) struct Counters [32] {
        /// A copy of the field in [`Deployment`]: a purchase writes this word anyway, so it saves a read.
        agreement: Address = 20,
        /// Registrations so far: the last number in use.
        workers: u32 = 4,
        /// Agreements so far.
        agreements: u32 = 4,
    }
}

packed! {
    /// When the market was created.
    pub(crate) struct Creation [32] {
        /// The L2 block.
        block: u64 = 8,
    }
}

packed! {
    /// The deployment constants for offers and orders. This record and the next one hold the `Settings` of
    /// [`muster_protocol::abi`], grouped by use.
    pub(crate) struct OrderRules [32] {
        /// `minBond`.
        min_bond: u128 = 9,
        /// `bondBps`.
        bond_bps: u16 = 2,
        /// `minPromise`.
        min_promise: u16 = 2,
        /// `minLength`.
        min_length: u32 = 4,
        /// `maxAgreement`.
        max_agreement: u32 = 4,
        /// `minWindow`.
        min_window: u32 = 4,
        /// `acceptWindow`.
        accept_window: u32 = 3,
        /// `reportWindow`.
        report_window: u32 = 4,
    }
}

packed! {
    /// The deployment constants for testers, and the clock.
    pub(crate) struct TesterRules [32] {
        /// `testerBond`.
        tester_bond: u128 = 10,
        /// `minTesterFee`.
        min_tester_fee: u128 = 8,
        /// `testerFeeBps`.
        tester_fee_bps: u16 = 2,
        /// `epochLength`.
        epoch_length: u32 = 4,
        /// `minPool`.
        min_pool: u32 = 4,
        /// `probes`.
        probes: u8 = 1,
        /// `lockEpochs`.
        lock_epochs: u8 = 1,
        /// Whether a tick is a second (else an L2 block).
        seconds: bool = 1,
    }
}

packed! {
    /// One account's registration.
    pub(crate) struct Account [32] {
        /// Its number, from 1 on; 0 = not registered.
        number: u32 = 4,
        /// How often it was selected and did not accept, modulo 2^16.
        misses: u16 = 2,
        /// Current agreements.
        active: u16 = 2,
        /// Wei staked.
        stake: u128 = 12,
        /// Wei of the stake that are locked as bonds of unsettled agreements.
        locked: u128 = 12,
    }
}

packed! {
    /// Account and application of a number. Only the last field changes.
    pub(crate) struct Identity [32] {
        /// The account.
        account: Address = 20,
        /// The application.
        application: FixedBytes<8> = 8,
        /// For testers: the last epoch whose list it is in; 0 = none.
        last_epoch: u32 = 4,
    }
}

packed! {
    /// A worker's offer and its links in the book of its application. All zero for testers.
    pub(crate) struct Offer [32] {
        /// Wei per tick.
        price: u128 = 12,
        /// The next listed worker; 0 = last.
        next: u32 = 4,
        /// The previous listed worker; 0 = first.
        prev: u32 = 4,
        /// Longest agreement in ticks.
        max_length: u32 = 4,
        /// Promised uptime in basis points.
        promise: u16 = 2,
        /// The most agreements at once.
        capacity: u16 = 2,
        /// Whether it accepts new work.
        available: bool = 1,
        /// Whether it is listed in the book.
        listed: bool = 1,
    }
}

packed! {
    /// An x-only secp256k1 key.
    pub(crate) struct MessageKey [32] {
        /// The key.
        key: B256 = 32,
    }
}

packed! {
    /// The book of one application.
    pub(crate) struct Book [32] {
        /// The first listed worker; 0 = none.
        head: u32 = 4,
        /// Number of listed workers.
        listed: u32 = 4,
        /// Number of accounts ever registered.
        registered: u32 = 4,
    }
}

packed! {
    /// An epoch's tester list, which is append-only.
    pub(crate) struct TesterList [32] {
        /// Number of places.
        len: u32 = 4,
    }
}

packed! {
    /// One place of a tester list.
    pub(crate) struct TesterPlace [32] {
        /// The tester.
        account: Address = 20,
    }
}

packed! {
    /// A worker's reputation: weights with 32 fractional bits.
    pub(crate) struct Reputation [32] {
        /// Good weight at the time `updated`.
        good: u64 = 8,
        /// Bad weight at the time `updated`.
        bad: u64 = 8,
        /// When both were written, in unix seconds; weights decay from then on.
        updated: u64 = 5,
    }
}

packed! {
    /// The credit of an account.
    pub(crate) struct Credit [32] {
        /// Wei.
        wei: u128 = 16,
    }
}
