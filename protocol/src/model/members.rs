//! Members: registered workers and testers.

use alloy_primitives::{Address, B256, FixedBytes};

use super::reputation::Reputation;
use super::{Model, ModelRevert, dispatcher_revert};
use crate::abi::IWorkerDispatcher::{
    AlreadyRegistered, AvailabilityChanged, CapacityZero, KeyChanged, KeyZero, MaxLengthTooShort,
    NotRegistered, PriceOutOfRange, PromiseOutOfRange, StakeChanged, StakeTooHigh, StakeTooLow,
    StillListed, WorkerRegistered, WorkerUpdated, WrongApplication, registerWorkerCall,
    updateWorkerCall,
};
use crate::{BPS, PRICE_LIMIT, TESTER_APPLICATION};

/// One registration. The fields of an offer are zero for a tester.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Member {
    /// The account.
    pub(super) account: Address,
    /// The application.
    pub(super) application: FixedBytes<8>,
    /// The message key.
    pub(super) key: B256,
    /// Wei per tick.
    pub(super) price: u128,
    /// Longest agreement in ticks.
    pub(super) max_length: u32,
    /// Promised uptime.
    pub(super) promise: u16,
    /// The most agreements at once.
    pub(super) capacity: u16,
    /// Current agreements.
    pub(super) active: u16,
    /// Whether it accepts new work.
    pub(super) available: bool,
    /// Wei staked.
    pub(super) stake: u128,
    /// Wei of the stake that are locked as bonds.
    pub(super) locked: u128,
    /// The last epoch whose list it is in; 0 = none.
    pub(super) last_epoch: u32,
    /// Absences, modulo 2^16.
    pub(super) misses: u16,
    /// The reputation.
    pub(super) reputation: Reputation,
}

impl Member {
    /// Wei of the stake that are not locked.
    pub(super) const fn free_stake(&self) -> u128 {
        self.stake - self.locked
    }
}

impl Model {
    /// The number of an account, if it is registered.
    pub(super) fn find_number(&self, account: Address) -> Option<u32> {
        self.numbers.get(&account).copied()
    }

    /// The number of a registered account; panics for others.
    pub(super) fn number(&self, account: Address) -> u32 {
        self.numbers[&account]
    }

    /// The registration with a number.
    pub(super) fn member(&self, number: u32) -> &Member {
        &self.members[index_of(number)]
    }

    /// The registration with a number, mutable.
    pub(super) fn member_mut(&mut self, number: u32) -> &mut Member {
        &mut self.members[index_of(number)]
    }

    /// The caller's number; reverts if it is not registered.
    pub(super) fn require_registered(&self, from: Address) -> Result<u32, ModelRevert> {
        self.find_number(from)
            .map_or_else(|| dispatcher_revert(NotRegistered { account: from }), Ok)
    }

    /// The caller's number; reverts if it is not a worker.
    fn require_worker(&self, from: Address) -> Result<u32, ModelRevert> {
        let number = self.require_registered(from)?;
        let application = self.member(number).application;
        if application.0 == TESTER_APPLICATION {
            dispatcher_revert(WrongApplication { application })
        } else {
            Ok(number)
        }
    }

    /// Registers `from` with the wei sent as its stake. Returns its number.
    pub(super) fn register(
        &mut self,
        from: Address,
        value: u128,
        new: Member,
    ) -> Result<u32, ModelRevert> {
        if self.find_number(from).is_some() {
            return dispatcher_revert(AlreadyRegistered { account: from });
        }
        check_stake(value)?;
        if new.key.is_zero() {
            return dispatcher_revert(KeyZero {});
        }
        self.transfer(from, self.dispatcher, value);
        self.members.push(Member { account: from, stake: value, ..new });
        let number = u32::try_from(self.members.len()).unwrap_or(u32::MAX);
        self.numbers.insert(from, number);
        let Member { application, key, .. } = new;
        self.books.entry(application).or_default().registered += 1;
        self.emit(WorkerRegistered { worker: from, number, application, key, stake: value });
        Ok(number)
    }

    /// `registerWorker(...)`.
    pub(super) fn register_worker(
        &mut self,
        from: Address,
        value: u128,
        call: &registerWorkerCall,
    ) -> Result<u32, ModelRevert> {
        let registerWorkerCall { application, key, hint, .. } = *call;
        if application.0 == TESTER_APPLICATION {
            return dispatcher_revert(WrongApplication { application });
        }
        let new = Member {
            application,
            key,
            price: call.price,
            max_length: call.maxLength,
            promise: call.promised,
            capacity: call.capacity,
            available: true,
            ..Member::default()
        };
        self.check_offer(&new)?;
        let number = self.register(from, value, new)?;
        self.publish_offer(number, hint);
        Ok(number)
    }

    /// Checks the ranges of an offer.
    fn check_offer(&self, offer: &Member) -> Result<(), ModelRevert> {
        let Member { price, max_length, promise, capacity, .. } = *offer;
        let (shortest, lowest) = (self.settings.minLength, self.settings.minPromise);
        if !(1..PRICE_LIMIT).contains(&price) {
            dispatcher_revert(PriceOutOfRange { price, limit: PRICE_LIMIT })
        } else if max_length < shortest {
            dispatcher_revert(MaxLengthTooShort { maxLength: max_length, minimum: shortest })
        } else if !(lowest..=BPS).contains(&promise) {
            dispatcher_revert(PromiseOutOfRange { promised: promise, minimum: lowest })
        } else if capacity == 0 {
            dispatcher_revert(CapacityZero {})
        } else {
            Ok(())
        }
    }

    /// Moves a worker to the position of its new offer and emits `WorkerUpdated`.
    fn publish_offer(&mut self, number: u32, hint: u32) {
        self.relist(number, hint);
        let Member { account, price, max_length, promise, capacity, .. } = *self.member(number);
        let offer = WorkerUpdated {
            worker: account,
            price,
            maxLength: max_length,
            promised: promise,
            capacity,
        };
        self.emit(offer);
    }

    /// `updateWorker(...)`.
    pub(super) fn update(
        &mut self,
        from: Address,
        call: &updateWorkerCall,
    ) -> Result<(), ModelRevert> {
        let number = self.require_worker(from)?;
        let new = Member {
            price: call.price,
            max_length: call.maxLength,
            promise: call.promised,
            capacity: call.capacity,
            ..*self.member(number)
        };
        self.check_offer(&new)?;
        *self.member_mut(number) = new;
        self.publish_offer(number, call.hint);
        Ok(())
    }

    /// `setPrice(uint128,uint32)`.
    pub(super) fn set_price(
        &mut self,
        from: Address,
        price: u128,
        hint: u32,
    ) -> Result<(), ModelRevert> {
        let Member { max_length, promise, capacity, .. } = *self.member(self.require_worker(from)?);
        let call =
            updateWorkerCall { price, maxLength: max_length, promised: promise, capacity, hint };
        self.update(from, &call)
    }

    /// `setKey(bytes32)`.
    pub(super) fn set_key(&mut self, from: Address, key: B256) -> Result<(), ModelRevert> {
        let number = self.require_registered(from)?;
        if key.is_zero() {
            return dispatcher_revert(KeyZero {});
        }
        self.member_mut(number).key = key;
        self.emit(KeyChanged { worker: from, key });
        Ok(())
    }

    /// `setAvailable(bool,uint32)`.
    pub(super) fn set_available(
        &mut self,
        from: Address,
        available: bool,
        hint: u32,
    ) -> Result<(), ModelRevert> {
        let number = self.require_worker(from)?;
        self.member_mut(number).available = available;
        self.emit(AvailabilityChanged { worker: from, available });
        self.relist(number, hint);
        Ok(())
    }

    /// `stake(uint32)`.
    pub(super) fn stake(
        &mut self,
        from: Address,
        value: u128,
        hint: u32,
    ) -> Result<(), ModelRevert> {
        let number = self.require_registered(from)?;
        let stake = self.member(number).stake + value;
        check_stake(stake)?;
        self.transfer(from, self.dispatcher, value);
        self.member_mut(number).stake = stake;
        self.emit(StakeChanged { worker: from, stake });
        self.list_if_absent(number, hint);
        Ok(())
    }

    /// `unstake(uint128)`.
    pub(super) fn unstake(&mut self, from: Address, amount: u128) -> Result<(), ModelRevert> {
        let number = self.require_registered(from)?;
        let member = *self.member(number);
        let free = member.last_epoch + 1 + u32::from(self.settings.lockEpochs);
        if member.last_epoch > 0 && self.epoch() < free {
            return dispatcher_revert(StillListed { free });
        }
        if amount > member.free_stake() {
            return dispatcher_revert(StakeTooLow { have: member.free_stake(), need: amount });
        }
        let stake = member.stake - amount;
        self.member_mut(number).stake = stake;
        self.add_credit(from, amount);
        self.emit(StakeChanged { worker: from, stake });
        self.drop_unfit(number);
        Ok(())
    }
}

/// Checks that a stake is below the limit.
fn check_stake(stake: u128) -> Result<(), ModelRevert> {
    if stake < PRICE_LIMIT {
        Ok(())
    } else {
        dispatcher_revert(StakeTooHigh { stake, limit: PRICE_LIMIT })
    }
}

/// The index of a number in `members`.
fn index_of(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX) - 1
}
