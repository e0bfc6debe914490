//! The next step and its time: mostly sensible, often at the edge of what is allowed, sometimes
//! nonsense.

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

use crate::chain::BlockTime;
use crate::env::DifferentialEnv;
use crate::reports::Signatures;
use crate::rng::SeededRng;
use crate::values::{random_application, random_capacity, random_price, random_promise};

/// Half a year: no run lasts longer, or the programs would expire.
const MAX_TIME: u64 = 4_000_000_000 + 180 * 86_400;

/// The most ticks that are skipped at once.
const MAX_SKIP: u64 = 3_000;

/// Accounts that mostly are testers; those before them mostly are workers, those after them
/// clients.
pub(crate) const TESTERS: Range<usize> = 24..35;

/// A step.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// An account calls the market with a value.
    Call(Address, ModelCall, u128),
    /// Forces wei on an account, on both sides.
    ForceTransfer(Address, u128),
}

/// A call to the dispatcher.
pub(crate) fn dispatcher_call<T: SolCall>(call: &T) -> ModelCall {
    let decoded = <C as alloy::sol_types::SolInterface>::abi_decode(&call.abi_encode());
    ModelCall::Dispatcher(decoded.unwrap())
}

/// A call to an agreement.
pub(crate) fn agreement_call<T: SolCall>(to: Address, call: &T) -> ModelCall {
    use muster_client::protocol::abi::IWorkAgreement::IWorkAgreementCalls as C;
    let decoded = <C as alloy::sol_types::SolInterface>::abi_decode(&call.abi_encode());
    ModelCall::Agreement(to, decoded.unwrap())
}

impl DifferentialEnv {
    /// The time of the next step: often now, often around a transition of some agreement, give or
    /// take one tick, and now and then much later.
    pub(crate) fn next_block_time(&self, rng: &mut SeededRng) -> BlockTime {
        let now = BlockTime { blocks: 0, time: self.chain.time };
        let here = self.tick(now);
        // Agreements with many reports to come are given time.
        let busy = self.open_agreements.iter().any(|open| match self.model.state(*open) {
            Some(State::Reporting) => self.model.unreported_places(*open).len() > 1,
            state => state == Some(State::Offered),
        });
        let idle = !busy && !self.open_agreements.is_empty() && rng.one_in(2);
        let roll = if idle { rng.between(13, 19) } else { rng.below(if busy { 200 } else { 20 }) };
        let target = match roll {
            13..16 => here + rng.between(1, 3),
            16..19 => {
                let moments =
                    self.open_agreements.iter().flat_map(|open| self.model.transition_ticks(*open));
                let mut moments: Vec<_> = moments.filter(|moment| *moment > here).collect();
                moments.sort_unstable();
                // Mostly the next one, so that few agreements end without reports.
                let reach = rng.pick(&[1, 1, 1, 1, 1, 2, moments.len()]);
                let some = &moments[..reach.min(moments.len())];
                (rng.pick_any(some).unwrap_or(here) + rng.below(3)).saturating_sub(1)
            }
            19 if rng.one_in(if idle { 12 } else { 3 }) => {
                let far = [self.model.settings().epochLength.into(), 40_000, 1_300_000];
                let time = (self.chain.time + rng.pick(&far)).min(MAX_TIME.max(self.chain.time));
                return BlockTime { time, ..now };
            }
            19 => here + rng.between(4, 60),
            _ => here,
        };
        // The ends of some agreements are out of reach.
        let later = target.saturating_sub(here);
        let later = if later > MAX_SKIP { 0 } else { later };
        match self.model.settings().clock {
            muster_client::protocol::abi::Clock::Second => {
                BlockTime { time: now.time + later, ..now }
            }
            _ => BlockTime { blocks: later, time: now.time + rng.below(later + 2) },
        }
    }

    /// The next step, at the model's time; adds what is signed for it.
    pub(crate) fn next_step(&self, rng: &mut SeededRng, signed: &mut Signatures) -> Step {
        let settings = self.model.settings();
        let thin = self.model.book(FixedBytes::ZERO).len() < self.target_listed;
        let short = self.model.tester_count(self.model.epoch()) < settings.minPool;
        let lacking = rng.pick_any(&self.lacking_testers()).filter(|_| short);
        let few = usize::try_from(self.model.count()).unwrap() < TESTERS.len() + 8;
        let (from, call, value) = match rng.below(100) {
            0..60 if few => self.registration_step(rng, 0..self.actors.len()),
            0..35 if let Some(place) = lacking => self.registration_step(rng, place..place + 1),
            0..25 if thin => self.relisting_step(rng),
            0..55 if !self.open_agreements.is_empty() => self.agreement_step(rng, signed),
            0..66 if self.open_agreements.len() < 4 || rng.one_in(5) => self.purchase_step(rng),
            0..78 => self.offer_step(rng),
            78..90 => self.registration_step(rng, 0..self.actors.len()),
            90..94 => self.withdrawal_step(rng),
            94..98 => self.unauthorized_step(rng),
            _ => {
                let to = rng.pick_any(&self.open_agreements).unwrap_or(self.dispatcher);
                return Step::ForceTransfer(to, rng.between(1, 1_000_000).into());
            }
        };
        // Value with a call that takes none.
        Step::Call(from, call, if rng.one_in(60) { value + 1 } else { value })
    }

    /// Any account.
    pub(crate) fn random_account(&self, rng: &mut SeededRng) -> Address {
        rng.pick(&self.actors)
    }

    /// Any number, of an account or of none; often 0.
    pub(crate) fn random_number(&self, rng: &mut SeededRng) -> u32 {
        if rng.one_in(2) {
            return 0;
        }
        let count = u64::from(self.model.count());
        u32::try_from(rng.below(count + 2)).unwrap()
    }

    /// One of these accounts registers, or checks in.
    fn registration_step(
        &self,
        rng: &mut SeededRng,
        who: Range<usize>,
    ) -> (Address, ModelCall, u128) {
        let place = who.start + usize::try_from(rng.below(who.len().try_into().unwrap())).unwrap();
        let from = self.actors[place];
        let key = if rng.one_in(30) { B256::ZERO } else { rng.word().into() };
        let known = self.model.worker_view(from).ok();
        if known.is_some_and(|known| known.application.0 == TESTER_APPLICATION) || rng.one_in(20) {
            return (from, dispatcher_call(&checkInCall {}), 0);
        }
        if known.is_some() && !rng.one_in(8) {
            return self.offer_step(rng);
        }
        if TESTERS.contains(&place) != rng.one_in(12) {
            let bond = self.model.settings().testerBond;
            let value = rng.pick(&[bond, bond, bond + 5, bond.saturating_sub(1)]);
            return (from, dispatcher_call(&registerTesterCall { key }), value);
        }
        let call = registerWorkerCall {
            price: random_price(rng),
            maxLength: self.random_max_length(rng),
            application: random_application(rng),
            promised: random_promise(rng),
            key,
            capacity: random_capacity(rng),
            hint: self.random_number(rng),
        };
        let value = self.random_stake(rng, call.price, call.maxLength);
        (from, dispatcher_call(&call), value)
    }

    /// An account that can makes the book longer.
    fn relisting_step(&self, rng: &mut SeededRng) -> (Address, ModelCall, u128) {
        let rows = self.actors.iter().filter_map(|actor| self.model.worker_view(*actor).ok());
        let out: Vec<_> = rows.filter(|row| !row.listed && row.application.is_zero()).collect();
        let Some(row) = rng.pick_any(&out) else {
            return self.registration_step(rng, 0..TESTERS.start);
        };
        let (from, hint) = (row.account, self.random_number(rng));
        if !row.available {
            return (from, dispatcher_call(&setAvailableCall { available: true, hint }), 0);
        }
        if row.active >= row.capacity {
            let Worker { price, maxLength, promised: promise, .. } = row;
            let capacity = row.active + 2;
            let call = updateWorkerCall { price, maxLength, promised: promise, capacity, hint };
            return (from, dispatcher_call(&call), 0);
        }
        let value = self.random_stake(rng, row.price, row.maxLength);
        (from, dispatcher_call(&stakeCall { hint }), value)
    }

    /// A stake that is just enough for a worker, nearly enough, or enough for several agreements.
    fn random_stake(&self, rng: &mut SeededRng, price: u128, max_length: u32) -> u128 {
        let s = self.model.settings();
        let full = price.saturating_mul(max_length.into()).saturating_mul(s.bondBps.into());
        let bond = s.minBond.max(full.div_ceil(10_000));
        let stake = match rng.below(8) {
            0 => bond,
            1 => bond.saturating_sub(1),
            2 if rng.one_in(8) => PRICE_LIMIT - u128::from(rng.below(2)),
            _ => bond.saturating_mul(rng.between(2, 9).into()),
        };
        stake.min(PRICE_LIMIT)
    }

    /// A longest agreement.
    fn random_max_length(&self, rng: &mut SeededRng) -> u32 {
        let shortest = self.model.settings().minLength;
        let usual = rng.pick(&[2_000, 2_000, 2_000, 5_000, 200, shortest]);
        let edge = rng.pick(&[shortest - 1, u32::MAX, 0]);
        if rng.one_in(15) { edge } else { usual }
    }

    /// A worker changes its offer, or its stake.
    pub(crate) fn offer_step(&self, rng: &mut SeededRng) -> (Address, ModelCall, u128) {
        let hint = self.random_number(rng);
        let members = self.actors.iter().filter(|actor| self.model.worker_view(**actor).is_ok());
        let workers: Vec<_> = members.take(TESTERS.start).copied().collect();
        let from = rng.pick_any(&workers).filter(|_| !rng.one_in(15));
        let from = from.unwrap_or_else(|| self.random_account(rng));
        let call = match rng.below(9) {
            0 => dispatcher_call(&setPriceCall { price: random_price(rng), hint }),
            1 => dispatcher_call(&updateWorkerCall {
                price: random_price(rng),
                maxLength: self.random_max_length(rng),
                promised: random_promise(rng),
                capacity: random_capacity(rng),
                hint,
            }),
            2 => dispatcher_call(&setKeyCall { key: rng.word().into() }),
            3 | 4 => dispatcher_call(&setAvailableCall { available: !rng.one_in(4), hint }),
            5 => {
                let known = self.model.worker_view(from).ok();
                let free = known.map_or(0, |known| known.stake - known.locked);
                let amount = rng.pick(&[free, free + 1, free / 2, 0, free / 5]);
                dispatcher_call(&unstakeCall { amount })
            }
            6 => dispatcher_call(&listCall { worker: self.random_account(rng), hint }),
            _ => {
                let known = self.model.worker_view(from).ok();
                let (price, length) = known.map_or((1, 1), |known| (known.price, known.maxLength));
                let value = self.random_stake(rng, price, length);
                return (from, dispatcher_call(&stakeCall { hint }), value);
            }
        };
        (from, call, 0)
    }

    /// An account withdraws its credit, if it has any, to any account.
    fn withdrawal_step(&self, rng: &mut SeededRng) -> (Address, ModelCall, u128) {
        let rich: Vec<_> =
            self.actors.iter().copied().filter(|actor| self.model.credit(*actor) > 0).collect();
        let from = rng.pick_any(&rich).unwrap_or(self.actors[0]);
        let agreement = rng.pick_any(&self.open_agreements).unwrap_or(self.implementation);
        let others = [
            from,
            from,
            self.random_account(rng),
            self.reentrant_contract,
            self.dispatcher,
            agreement,
        ];
        (from, dispatcher_call(&withdrawCall { to: rng.pick(&others) }), 0)
    }

    /// An account makes a call that it may not make.
    fn unauthorized_step(&self, rng: &mut SeededRng) -> (Address, ModelCall, u128) {
        let from = self.random_account(rng);
        let call = match rng.below(4) {
            0 => agreement_call(self.implementation, &acceptCall {}),
            1 => agreement_call(self.implementation, &settleCall { hints: vec![0; 9] }),
            2 => match rng.pick_any(&self.open_agreements) {
                // An agreement's own call, with value, from another account.
                Some(agreement) => {
                    let terms = self.model.terms(agreement).unwrap();
                    let mut bytes = [0; muster_client::protocol::layout::MAX_TERMS];
                    let len = terms.encode(&mut bytes);
                    let terms = bytes[..len].to_vec().into();
                    let (workers, fees, hints) = (vec![], vec![], vec![]);
                    let (settled, freed, last) = (1, 1, rng.one_in(2));
                    let call = concludeCall { terms, settled, freed, last, workers, fees, hints };
                    return (from, dispatcher_call(&call), 7);
                }
                None => dispatcher_call(&checkInCall {}),
            },
            _ => agreement_call(self.implementation, &settleCall { hints: vec![] }),
        };
        (from, call, 0)
    }
}
