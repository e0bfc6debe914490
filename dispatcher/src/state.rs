//! What the dispatcher remembers, and where. No behaviour.
//!
//! Every record is one storage word; a word never written is a record of zeros, and that is always
//! the natural beginning. Slots: see [`muster_contract_kit::store`].

use muster_contract_kit::StorageMap;
use muster_protocol::packed;
use stylus_sdk::alloy_primitives::{Address, B256, FixedBytes};

/// What a deployment is made of.
pub(crate) const DEPLOYMENT: StorageMap<0, (), Deployment> = StorageMap::new();
/// Deployment constants for offers and orders.
pub(crate) const ORDER_RULES: StorageMap<1, (), OrderRules> = StorageMap::new();
/// Deployment constants for testers.
pub(crate) const TESTER_RULES: StorageMap<2, (), TesterRules> = StorageMap::new();
/// Registrations by account.
pub(crate) const ACCOUNTS: StorageMap<3, Address, Account> = StorageMap::new();
/// Who a number is.
pub(crate) const IDENTITIES: StorageMap<4, u32, Identity> = StorageMap::new();
/// What a number offers.
pub(crate) const OFFERS: StorageMap<5, u32, Offer> = StorageMap::new();
/// Message keys by number.
pub(crate) const MESSAGE_KEYS: StorageMap<6, u32, MessageKey> = StorageMap::new();
/// Books by application.
pub(crate) const BOOKS: StorageMap<7, FixedBytes<8>, Book> = StorageMap::new();
/// Lengths of tester lists by epoch.
pub(crate) const TESTER_LISTS: StorageMap<8, u32, TesterList> = StorageMap::new();
/// Places of tester lists by epoch and place.
pub(crate) const TESTER_PLACES: StorageMap<9, (u32, u32), TesterPlace> = StorageMap::new();
/// Reputations by number.
pub(crate) const REPUTATIONS: StorageMap<11, u32, Reputation> = StorageMap::new();
/// How far it has come.
pub(crate) const COUNTERS: StorageMap<12, (), Counters> = StorageMap::new();
/// Wei that wait for their owner.
pub(crate) const CREDITS: StorageMap<10, Address, Credit> = StorageMap::new();

packed! {
    /// What a settlement needs to know of the deployment.
    pub(crate) struct Deployment [32] {
        /// The implementation behind every agreement; zero = not deployed.
        agreement: Address = 20,
        /// `reputationUnit`.
        reputation_unit: u128 = 12,
    }
}

packed! {
    /// What was given out so far.
    pub(crate) struct Counters [32] {
        /// As in [`Deployment`]: a purchase writes this word anyway, and need not read the other.
        agreement: Address = 20,
        /// Registrations so far; the last number given.
        workers: u32 = 4,
        /// Agreements so far.
        agreements: u32 = 4,
    }
}

packed! {
    /// What offers and orders must satisfy, and what agreements begin with. This and the next record
    /// are `Settings` in [`muster_protocol::abi`], sorted by who needs what.
    pub(crate) struct OrderRules [32] {
        /// `minBond`.
        min_bond: u128 = 12,
        /// `bondBps`.
        bond_bps: u16 = 2,
        /// `minPromise`.
        min_promise: u16 = 2,
        /// `minLength`.
        min_length: u32 = 4,
        /// `minWindow`.
        min_window: u32 = 4,
        /// `acceptWindow`.
        accept_window: u32 = 4,
        /// `reportWindow`.
        report_window: u32 = 4,
    }
}

packed! {
    /// What testers are subject to, and the clock.
    pub(crate) struct TesterRules [32] {
        /// `testerBond`.
        tester_bond: u128 = 12,
        /// `minTesterFee`.
        min_tester_fee: u128 = 8,
        /// `testerFeeBps`.
        tester_fee_bps: u16 = 2,
        /// `epochLength`.
        epoch_length: u32 = 4,
        /// `minPool`.
        min_pool: u32 = 4,
        /// Whether a tick is a second (else an L2 block).
        seconds: bool = 1,
    }
}

packed! {
    /// One account's registration.
    pub(crate) struct Account [32] {
        /// Its number, from 1 on; 0 = not registered.
        number: u32 = 4,
        /// How often it was chosen and did not accept; what passes 16 bits is dropped.
        misses: u16 = 2,
        /// Agreements now.
        active: u16 = 2,
        /// Wei staked.
        stake: u128 = 12,
        /// Wei of the stake that are locked as bonds of unsettled agreements.
        locked: u128 = 12,
    }
}

packed! {
    /// Who a number is; all but the last field never change.
    pub(crate) struct Identity [32] {
        /// The account.
        account: Address = 20,
        /// What it registered for.
        application: FixedBytes<8> = 8,
        /// For testers: the last epoch whose list it is in; 0 = none.
        last_epoch: u32 = 4,
    }
}

packed! {
    /// What a worker offers, and its place in its application's book. All zero for testers.
    pub(crate) struct Offer [32] {
        /// Wei per tick.
        price: u128 = 12,
        /// The listed worker behind this one; 0 = last.
        next: u32 = 4,
        /// The listed worker in front of this one; 0 = first.
        prev: u32 = 4,
        /// Longest agreement in ticks.
        max_length: u32 = 4,
        /// Promised uptime in basis points.
        promise: u16 = 2,
        /// Agreements at once.
        capacity: u16 = 2,
        /// Whether it wants new work.
        available: bool = 1,
        /// Whether it stands in the book.
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
    /// The workers of one application, cheapest first; equal prices in the order of listing.
    pub(crate) struct Book [32] {
        /// The first listed worker; 0 = none.
        head: u32 = 4,
        /// How many are listed.
        listed: u32 = 4,
        /// How many ever registered.
        registered: u32 = 4,
    }
}

packed! {
    /// An epoch's list of testers; it only grows.
    pub(crate) struct TesterList [32] {
        /// Its places.
        len: u32 = 4,
    }
}

packed! {
    /// One place of a list.
    pub(crate) struct TesterPlace [32] {
        /// The tester.
        account: Address = 20,
    }
}

packed! {
    /// A worker's reputation: weights with 32 bits behind the point.
    pub(crate) struct Reputation [32] {
        /// What was good, at the time below.
        good: u64 = 8,
        /// What was bad.
        bad: u64 = 8,
        /// When it was written, in unix seconds; weights have decayed since.
        updated: u64 = 5,
    }
}

packed! {
    /// What an account can withdraw.
    pub(crate) struct Credit [32] {
        /// Wei.
        wei: u128 = 16,
    }
}
