//! Testers: their lists, and which of them hold the seats of a window.

use std::vec::Vec;

use alloy_primitives::{Address, B256, FixedBytes, keccak256};

use super::members::Member;
use super::{Model, Refusal, no};
use crate::TESTER;
use crate::abi::IWorkerDispatcher::{AlreadyCheckedIn, CheckedIn, StakeTooLow, WrongApplication};

impl Model {
    /// `registerTester(bytes32)`.
    pub(super) fn register_tester(
        &mut self,
        from: Address,
        value: u128,
        key: B256,
    ) -> Result<u32, Refusal> {
        let need = self.settings.testerBond;
        if value < need {
            return no(StakeTooLow { have: value, need });
        }
        self.register(from, value, Member { application: TESTER.into(), key, ..Member::default() })
    }

    /// `checkIn()`.
    pub(super) fn check_in(&mut self, from: Address) -> Result<(), Refusal> {
        let number = self.caller(from)?;
        let Member { application, stake, last_epoch, .. } = *self.member(number);
        let (epoch, need) = (self.epoch(), self.settings.testerBond);
        if application.0 != TESTER {
            return no(WrongApplication { application });
        }
        if stake < need {
            return no(StakeTooLow { have: stake, need });
        }
        if last_epoch == epoch + 1 {
            return no(AlreadyCheckedIn { epoch: epoch + 1 });
        }
        if last_epoch < epoch && self.places(epoch) < self.settings.minPool {
            self.append(from, epoch);
        }
        self.append(from, epoch + 1);
        self.member_mut(number).last_epoch = epoch + 1;
        Ok(())
    }

    /// Gives a tester the next place of an epoch's list.
    fn append(&mut self, tester: Address, epoch: u32) {
        let place = self.places(epoch);
        self.lists.entry(epoch).or_default().push(tester);
        self.say(CheckedIn { tester, epoch, place });
    }

    /// How many places an epoch's list has.
    #[must_use]
    pub fn places(&self, epoch: u32) -> u32 {
        self.lists.get(&epoch).map_or(0, |list| u32::try_from(list.len()).unwrap_or(u32::MAX))
    }

    /// The account at a place of an epoch's list.
    #[must_use]
    pub fn tester_at(&self, epoch: u32, place: u32) -> Option<Address> {
        let place = usize::try_from(place).ok()?;
        self.lists.get(&epoch)?.get(place).copied()
    }
}

/// Places of the seats of a window, in order: of those that are free, seat j takes the one that the
/// hash of seed, window and j points at.
pub(super) fn draw(seed: FixedBytes<16>, window: u8, testers: u8, pool: u32) -> Vec<u32> {
    let mut free: Vec<u32> = (0..pool).collect();
    let seat = |seat: u8| {
        let words = [u32::from(window), u32::from(seat)].map(u32::to_be_bytes);
        let hash = keccak256([seed.as_slice(), words.as_flattened()].concat());
        let number = hash.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        let at = number % u64::try_from(free.len()).unwrap_or(u64::MAX);
        free.remove(usize::try_from(at).unwrap_or(usize::MAX))
    };
    (0..testers).map(seat).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_seats_among_seven_places() {
        let seed = FixedBytes(core::array::from_fn(|index| u8::try_from(index).unwrap()));
        assert_eq!(draw(seed, 2, 5, 7), [3, 0, 6, 4, 2]);
    }
}
