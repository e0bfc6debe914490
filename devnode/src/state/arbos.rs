//! ArbOS's storage: the storage of one account, divided into nested substorages.

use alloy::primitives::{Address, B256, U256, address, keccak256};

/// The account whose storage holds the state of ArbOS.
pub(crate) const ARBOS: Address = address!("A4B05FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF");

/// Access to ArbOS's storage words. Gas is the caller's concern.
pub(crate) trait ArbosStorage {
    /// Reads a word.
    fn word(&mut self, slot: U256) -> U256;

    /// Writes a word.
    fn set_word(&mut self, slot: U256, value: U256);
}

/// A part of ArbOS's storage, with a prefix that is hashed into every key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Substorage(Option<B256>);

impl Substorage {
    /// The outermost substorage.
    pub(crate) const ROOT: Self = Self(None);

    /// The price of data on the parent chain.
    pub(crate) fn l1_pricing() -> Self {
        Self::ROOT.child(&[0])
    }

    /// The base fee, and the limits of gas.
    pub(crate) fn l2_pricing() -> Self {
        Self::ROOT.child(&[1])
    }

    /// The table of addresses.
    pub(crate) fn address_table() -> Self {
        Self::ROOT.child(&[3])
    }

    /// The accumulator of messages to the parent chain.
    pub(crate) fn send_accumulator() -> Self {
        Self::ROOT.child(&[5])
    }

    /// The blocks of the parent chain.
    pub(crate) fn l1_blocks() -> Self {
        Self::ROOT.child(&[6])
    }

    /// Everything about programs.
    pub(crate) fn programs() -> Self {
        Self::ROOT.child(&[8])
    }

    /// The substorage `id` within this one.
    pub(crate) fn child(self, id: &[u8]) -> Self {
        Self(Some(keccak256([self.prefix(), id].concat())))
    }

    /// The slot of `key`; keys that differ only in the last byte have adjacent slots.
    pub(crate) fn slot(self, key: B256) -> U256 {
        let [head @ .., last] = key.0;
        let mut slot = keccak256([self.prefix(), &head].concat());
        slot.0[31] = last;
        slot.into()
    }

    /// The slot of a number.
    pub(crate) fn at(self, index: u64) -> U256 {
        self.slot(B256::from(U256::from(index)))
    }

    /// The prefix of keys.
    fn prefix(&self) -> &[u8] {
        self.0.as_ref().map_or(&[], B256::as_slice)
    }
}

/// A set of addresses: size in word 0, members from word 1, positions by member in a child.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AddressSet(Substorage);

impl AddressSet {
    /// Owners of the chain, who may change its settings.
    pub(crate) fn owners() -> Self {
        Self(Substorage::ROOT.child(&[4]))
    }

    /// Accounts that post batches.
    pub(crate) fn batch_posters() -> Self {
        Self(Substorage::l1_pricing().child(&[0]).child(&[0]))
    }

    /// Accounts that may cache programs.
    pub(crate) fn cache_managers() -> Self {
        Self(Substorage::programs().child(&[4]))
    }

    /// Accounts that may mint and burn the native token.
    pub(crate) fn native_token_owners() -> Self {
        Self(Substorage::ROOT.child(&[10]))
    }

    /// Accounts that may filter transactions.
    pub(crate) fn transaction_filterers() -> Self {
        Self(Substorage::ROOT.child(&[11]))
    }

    /// Whether `member` is in the set.
    pub(crate) fn contains(self, words: &mut dyn ArbosStorage, member: Address) -> bool {
        !words.word(self.index_slot(member)).is_zero()
    }

    /// Number of members.
    pub(crate) fn len(self, words: &mut dyn ArbosStorage) -> u64 {
        words.word(self.0.at(0)).saturating_to()
    }

    /// All members.
    pub(crate) fn members(self, words: &mut dyn ArbosStorage) -> Vec<Address> {
        let len = self.len(words);
        (1..=len).map(|index| to_address(words.word(self.0.at(index)))).collect()
    }

    /// Adds `member`; false if it is a member already.
    pub(crate) fn add(self, words: &mut dyn ArbosStorage, member: Address) -> bool {
        if self.contains(words, member) {
            return false;
        }
        let index = self.len(words).saturating_add(1);
        words.set_word(self.index_slot(member), U256::from(index));
        words.set_word(self.0.at(index), from_address(member));
        // Nitro reads the size again to increment it; callers pay for that read.
        let size = self.len(words).saturating_add(1);
        words.set_word(self.0.at(0), U256::from(size));
        true
    }

    /// Removes `member` and moves the last one to its position; false if it is not a member.
    pub(crate) fn remove(self, words: &mut dyn ArbosStorage, member: Address) -> bool {
        let index: u64 = words.word(self.index_slot(member)).saturating_to();
        if index == 0 {
            return false;
        }
        let last = self.len(words);
        words.set_word(self.index_slot(member), U256::ZERO);
        if index != last {
            let moved = words.word(self.0.at(last));
            words.set_word(self.0.at(index), moved);
            words.set_word(self.index_slot(to_address(moved)), U256::from(index));
        }
        words.set_word(self.0.at(last), U256::ZERO);
        words.set_word(self.0.at(0), U256::from(last.saturating_sub(1)));
        true
    }

    /// Slot of the index of `member`.
    fn index_slot(self, member: Address) -> U256 {
        self.0.child(&[0]).slot(member.into_word())
    }
}

/// An address as a word.
pub(crate) fn from_address(address: Address) -> U256 {
    address.into_word().into()
}

/// The address in the low 20 bytes of a word.
pub(crate) fn to_address(word: U256) -> Address {
    Address::from_word(B256::from(word))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    impl ArbosStorage for HashMap<U256, U256> {
        fn word(&mut self, slot: U256) -> U256 {
            self.get(&slot).copied().unwrap_or_default()
        }

        fn set_word(&mut self, slot: U256, value: U256) {
            self.insert(slot, value);
        }
    }

    #[test]
    fn removing_a_member_keeps_the_others() {
        let mut words = HashMap::new();
        let [a, b, c] = [1, 2, 3].map(Address::with_last_byte);
        let set = AddressSet::owners();
        assert!(set.add(&mut words, a) && set.add(&mut words, b) && set.add(&mut words, c));
        assert!(!set.add(&mut words, b), "twice");
        assert!(set.remove(&mut words, a) && !set.remove(&mut words, a));
        assert_eq!(set.members(&mut words), [c, b]);
        assert!(set.contains(&mut words, c) && !set.contains(&mut words, a));
    }
}
