//! Tester lists, and the draw of seats.

use std::vec::Vec;

use alloy_primitives::{Address, B256, FixedBytes, keccak256};

use super::members::Member;
use super::{Model, ModelRevert, dispatcher_revert};
use crate::TESTER_APPLICATION;
use crate::abi::IWorkerDispatcher::{AlreadyCheckedIn, CheckedIn, StakeTooLow, WrongApplication};

impl Model {
    /// `registerTester(bytes32)`.
    pub(super) fn register_tester(
        &mut self,
        from: Address,
        value: u128,
        key: B256,
    ) -> Result<u32, ModelRevert> {
        let need = self.settings.testerBond;
        if value < need {
            return dispatcher_revert(StakeTooLow { have: value, need });
        }
        self.register(
            from,
            value,
            Member { application: TESTER_APPLICATION.into(), key, ..Member::default() },
        )
    }

    /// `checkIn()`.
    pub(super) fn check_in(&mut self, from: Address) -> Result<(), ModelRevert> {
        let number = self.require_registered(from)?;
        let Member { application, stake, last_epoch, .. } = *self.member(number);
        let (epoch, need) = (self.epoch(), self.settings.testerBond);
        if application.0 != TESTER_APPLICATION {
            return dispatcher_revert(WrongApplication { application });
        }
        if stake < need {
            return dispatcher_revert(StakeTooLow { have: stake, need });
        }
        if last_epoch == epoch + 1 {
            return dispatcher_revert(AlreadyCheckedIn { epoch: epoch + 1 });
        }
        let is_listed = self.tester_lists.get(&epoch).is_some_and(|list| list.contains(&from));
        if !is_listed && self.tester_count(epoch) < self.settings.minPool {
            self.append_tester(from, epoch);
        }
        self.append_tester(from, epoch + 1);
        self.member_mut(number).last_epoch = epoch + 1;
        Ok(())
    }

    /// Appends a tester to an epoch's list.
    fn append_tester(&mut self, tester: Address, epoch: u32) {
        let place = self.tester_count(epoch);
        self.tester_lists.entry(epoch).or_default().push(tester);
        self.emit(CheckedIn { tester, epoch, place });
    }

    /// The length of an epoch's list.
    #[must_use]
    pub fn tester_count(&self, epoch: u32) -> u32 {
        self.tester_lists
            .get(&epoch)
            .map_or(0, |list| u32::try_from(list.len()).unwrap_or(u32::MAX))
    }

    /// The account at a place of an epoch's list.
    #[must_use]
    pub fn tester_at(&self, epoch: u32, place: u32) -> Option<Address> {
        let place = usize::try_from(place).ok()?;
        self.tester_lists.get(&epoch)?.get(place).copied()
    }
}

/// Draws the places of the seats of a window: seat j takes place number h mod n of the n free places, where
/// h is the hash of seed, window and j.
pub(super) fn draw_seats(seed: FixedBytes<16>, window: u8, testers: u8, pool: u32) -> Vec<u32> {
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
        assert_eq!(draw_seats(seed, 2, 5, 7), [3, 0, 6, 4, 2]);
    }
}
