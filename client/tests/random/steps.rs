//! What somebody does next, and when: mostly something that makes sense, often at the edge of what is
//! allowed, sometimes nonsense.

use std::ops::Range;

use alloy::primitives::{Address, B256, FixedBytes};
use alloy::sol_types::SolCall;
use muster_client::protocol::abi::IWorkAgreement::{acceptCall, settleCall};
use muster_client::protocol::abi::IWorkerDispatcher::{
    IWorkerDispatcherCalls as C, checkInCall, concludeCall, listCall, registerTesterCall,
    registerWorkerCall, setAvailableCall, setKeyCall, setPriceCall, stakeCall, unstakeCall,
    updateWorkerCall, withdrawCall,
};
use muster_client::protocol::abi::{State, Worker};
use muster_client::protocol::model::ModelCall;
use muster_client::protocol::{PRICE_LIMIT, TESTER_APPLICATION};

use crate::chain::When;
use crate::dice::Dice;
use crate::world::World;

/// Half a year: no story becomes older, or the programs would expire.
const OLDEST: u64 = 4_000_000_000 + 180 * 86_400;

/// The most ticks that are passed over at once.
const FAR: u64 = 3_000;

/// Actors who mostly are testers; those before them mostly are workers, those behind them clients.
const TESTERS: Range<usize> = 24..35;

/// What happens next.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Somebody calls the market with wei.
    Call(Address, ModelCall, u128),
    /// Somebody forces wei upon an account.
    Force(Address, u128),
}

/// A call to the dispatcher.
pub(crate) fn market<T: SolCall>(call: &T) -> ModelCall {
    let decoded = <C as alloy::sol_types::SolInterface>::abi_decode(&call.abi_encode());
    ModelCall::Dispatcher(decoded.unwrap())
}

/// A call to an agreement.
pub(crate) fn contract<T: SolCall>(to: Address, call: &T) -> ModelCall {
    use muster_client::protocol::abi::IWorkAgreement::IWorkAgreementCalls as C;
    let decoded = <C as alloy::sol_types::SolInterface>::abi_decode(&call.abi_encode());
    ModelCall::Agreement(to, decoded.unwrap())
}

impl World {
    /// When the next step happens: often at once, often at a moment of some agreement, give or take one
    /// tick, and now and then much later.
    pub(crate) fn when(&self, dice: &mut Dice) -> When {
        let now = When { blocks: 0, time: self.chain.time };
        let here = self.tick(now);
        // Who still has much to say is given time.
        let busy = self.open.iter().any(|open| match self.model.state(*open) {
            Some(State::Reporting) => self.model.unreported_places(*open).len() > 1,
            state => state == Some(State::Offered),
        });
        let idle = !busy && !self.open.is_empty() && dice.once_in(2);
        let throw =
            if idle { dice.between(13, 19) } else { dice.below(if busy { 200 } else { 20 }) };
        let target = match throw {
            13..16 => here + dice.between(1, 3),
            16..19 => {
                let moments = self.open.iter().flat_map(|open| self.model.transition_ticks(*open));
                let mut moments: Vec<_> = moments.filter(|moment| *moment > here).collect();
                moments.sort_unstable();
                let near = moments.iter().take(2).copied().collect::<Vec<_>>();
                let some = if dice.once_in(4) { &moments } else { &near };
                (dice.any(some).unwrap_or(here) + dice.below(3)).saturating_sub(1)
            }
            19 if dice.once_in(3) => {
                let far = [self.model.settings().epochLength.into(), 40_000, 1_300_000];
                let time = (self.chain.time + dice.pick(&far)).min(OLDEST.max(self.chain.time));
                return When { time, ..now };
            }
            19 => here + dice.between(4, 60),
            _ => here,
        };
        // The ends of some agreements are out of reach.
        let later = target.saturating_sub(here);
        let later = if later > FAR { 0 } else { later };
        match self.model.settings().clock {
            muster_client::protocol::abi::Clock::Second => When { time: now.time + later, ..now },
            _ => When { blocks: later, time: now.time + dice.below(later + 2) },
        }
    }

    /// What happens next, at the model's time.
    pub(crate) fn next(&self, dice: &mut Dice) -> Step {
        let settings = self.model.settings();
        let thin = self.model.book(FixedBytes::ZERO).len() < self.crowd;
        let short = self.model.tester_count(self.model.epoch()) < settings.minPool;
        let few = usize::try_from(self.model.count()).unwrap() < TESTERS.len() + 8;
        let (from, call, value) = match dice.below(100) {
            0..60 if few => self.joining(dice, 0..self.actors.len()),
            0..35 if short && !dice.once_in(3) => self.joining(dice, TESTERS),
            0..25 if thin => self.mending(dice),
            0..55 if !self.open.is_empty() => self.living(dice),
            0..66 if self.open.len() < 4 || dice.once_in(5) => self.buying(dice),
            0..78 => self.offering(dice),
            78..90 => self.joining(dice, 0..self.actors.len()),
            90..94 => self.withdrawing(dice),
            94..98 => self.intruding(dice),
            _ => {
                let to = dice.any(&self.open).unwrap_or(self.dispatcher);
                return Step::Force(to, dice.between(1, 1_000_000).into());
            }
        };
        // Wei where none are taken.
        Step::Call(from, call, if dice.once_in(60) { value + 1 } else { value })
    }

    /// Anybody.
    pub(crate) fn anybody(&self, dice: &mut Dice) -> Address {
        dice.pick(&self.actors)
    }

    /// Any number, of somebody or nobody; often none.
    pub(crate) fn number(&self, dice: &mut Dice) -> u32 {
        if dice.once_in(2) {
            return 0;
        }
        let count = u64::from(self.model.count());
        u32::try_from(dice.below(count + 2)).unwrap()
    }

    /// One of these registers, or checks in.
    fn joining(&self, dice: &mut Dice, who: Range<usize>) -> (Address, ModelCall, u128) {
        let place = who.start + usize::try_from(dice.below(who.len().try_into().unwrap())).unwrap();
        let from = self.actors[place];
        let key = if dice.once_in(30) { B256::ZERO } else { dice.word().into() };
        let known = self.model.worker_view(from).ok();
        if known.is_some_and(|known| known.application.0 == TESTER_APPLICATION) || dice.once_in(20)
        {
            return (from, market(&checkInCall {}), 0);
        }
        if known.is_some() && !dice.once_in(8) {
            return self.offering(dice);
        }
        if TESTERS.contains(&place) != dice.once_in(12) {
            let bond = self.model.settings().testerBond;
            let value = dice.pick(&[bond, bond, bond + 5, bond.saturating_sub(1)]);
            return (from, market(&registerTesterCall { key }), value);
        }
        let call = registerWorkerCall {
            price: price(dice),
            maxLength: self.max_length(dice),
            application: application(dice),
            promised: promise(dice),
            key,
            capacity: capacity(dice),
            hint: self.number(dice),
        };
        let value = self.stake_for(dice, call.price, call.maxLength);
        (from, market(&call), value)
    }

    /// Somebody who might do so makes the book longer.
    fn mending(&self, dice: &mut Dice) -> (Address, ModelCall, u128) {
        let rows = self.actors.iter().filter_map(|actor| self.model.worker_view(*actor).ok());
        let out: Vec<_> = rows.filter(|row| !row.listed && row.application.is_zero()).collect();
        let Some(row) = dice.any(&out) else { return self.joining(dice, 0..TESTERS.start) };
        let (from, hint) = (row.account, self.number(dice));
        if !row.available {
            return (from, market(&setAvailableCall { available: true, hint }), 0);
        }
        if row.active >= row.capacity {
            let Worker { price, maxLength, promised: promise, .. } = row;
            let capacity = row.active + 2;
            let call = updateWorkerCall { price, maxLength, promised: promise, capacity, hint };
            return (from, market(&call), 0);
        }
        let value = self.stake_for(dice, row.price, row.maxLength);
        (from, market(&stakeCall { hint }), value)
    }

    /// A stake that is just enough for a worker, nearly enough, or enough for several agreements.
    fn stake_for(&self, dice: &mut Dice, price: u128, max_length: u32) -> u128 {
        let s = self.model.settings();
        let full = price.saturating_mul(max_length.into()).saturating_mul(s.bondBps.into());
        let bond = s.minBond.max(full.div_ceil(10_000));
        let stake = match dice.below(8) {
            0 => bond,
            1 => bond.saturating_sub(1),
            2 if dice.once_in(8) => PRICE_LIMIT - u128::from(dice.below(2)),
            _ => bond.saturating_mul(dice.between(2, 9).into()),
        };
        stake.min(PRICE_LIMIT)
    }

    /// The longest agreement of somebody.
    fn max_length(&self, dice: &mut Dice) -> u32 {
        let shortest = self.model.settings().minLength;
        let usual = dice.pick(&[2_000, 2_000, 2_000, 5_000, 200, shortest]);
        let edge = dice.pick(&[shortest - 1, u32::MAX, 0]);
        if dice.once_in(15) { edge } else { usual }
    }

    /// A worker changes what it offers, or what it stakes.
    pub(crate) fn offering(&self, dice: &mut Dice) -> (Address, ModelCall, u128) {
        let hint = self.number(dice);
        let members = self.actors.iter().filter(|actor| self.model.worker_view(**actor).is_ok());
        let workers: Vec<_> = members.take(TESTERS.start).copied().collect();
        let from = dice.any(&workers).filter(|_| !dice.once_in(15));
        let from = from.unwrap_or_else(|| self.anybody(dice));
        let call = match dice.below(9) {
            0 => market(&setPriceCall { price: price(dice), hint }),
            1 => market(&updateWorkerCall {
                price: price(dice),
                maxLength: self.max_length(dice),
                promised: promise(dice),
                capacity: capacity(dice),
                hint,
            }),
            2 => market(&setKeyCall { key: dice.word().into() }),
            3 | 4 => market(&setAvailableCall { available: !dice.once_in(4), hint }),
            5 => {
                let known = self.model.worker_view(from).ok();
                let free = known.map_or(0, |known| known.stake - known.locked);
                let amount = dice.pick(&[free, free + 1, free / 2, 0, free / 5]);
                market(&unstakeCall { amount })
            }
            6 => market(&listCall { worker: self.anybody(dice), hint }),
            _ => {
                let known = self.model.worker_view(from).ok();
                let (price, length) = known.map_or((1, 1), |known| (known.price, known.maxLength));
                let value = self.stake_for(dice, price, length);
                return (from, market(&stakeCall { hint }), value);
            }
        };
        (from, call, 0)
    }

    /// Somebody takes its credit, if it has any, to somebody.
    fn withdrawing(&self, dice: &mut Dice) -> (Address, ModelCall, u128) {
        let rich: Vec<_> =
            self.actors.iter().copied().filter(|actor| self.model.credit(*actor) > 0).collect();
        let from = dice.any(&rich).unwrap_or(self.actors[0]);
        let agreement = dice.any(&self.open).unwrap_or(self.implementation);
        let others = [from, from, self.anybody(dice), self.intruder, self.dispatcher, agreement];
        (from, market(&withdrawCall { to: dice.pick(&others) }), 0)
    }

    /// Somebody does what is nobody's business.
    fn intruding(&self, dice: &mut Dice) -> (Address, ModelCall, u128) {
        let from = self.anybody(dice);
        let call = match dice.below(4) {
            0 => contract(self.implementation, &acceptCall {}),
            1 => contract(self.implementation, &settleCall { hints: vec![0; 9] }),
            2 => match dice.any(&self.open) {
                // An agreement's own words, and wei, from somebody else.
                Some(agreement) => {
                    let terms = self.model.terms(agreement).unwrap();
                    let mut bytes = [0; muster_client::protocol::layout::MAX_TERMS];
                    let len = terms.encode(&mut bytes);
                    let terms = bytes[..len].to_vec().into();
                    let call = concludeCall { terms, workers: vec![], fees: vec![], hints: vec![] };
                    return (from, market(&call), 7);
                }
                None => market(&checkInCall {}),
            },
            _ => contract(self.implementation, &settleCall { hints: vec![] }),
        };
        (from, call, 0)
    }
}

/// A price: often the same as others', rarely one that is none.
fn price(dice: &mut Dice) -> u128 {
    let usual = [5, 5, 7, 10, 10, 1, 1_000_000_007, 12_345_678_901_234];
    match dice.below(40) {
        0 => dice.pick(&[0, PRICE_LIMIT, u128::MAX]),
        1 | 2 => PRICE_LIMIT - 1,
        3..10 => dice.between(1, 30).into(),
        _ => dice.pick(&usual),
    }
}

/// A promised uptime.
fn promise(dice: &mut Dice) -> u16 {
    let edge = dice.pick(&[10_001, 8_999, 4_999, 1, 0]);
    if dice.once_in(8) { edge } else { dice.pick(&[9_000, 9_000, 9_500, 10_000, 7_500, 6_667]) }
}

/// An application; most ask for the first.
pub(crate) fn application(dice: &mut Dice) -> FixedBytes<8> {
    let one = if dice.once_in(5) { *b"factor\0\0" } else { [0; 8] };
    if dice.once_in(40) { TESTER_APPLICATION.into() } else { one.into() }
}

/// How many agreements at once.
fn capacity(dice: &mut Dice) -> u16 {
    if dice.once_in(30) { 0 } else { dice.pick(&[1, 2, 2, 3, 5, 65_535]) }
}
