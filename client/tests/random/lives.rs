//! Lives of agreements: orders for them, and what somebody does to one of them next.

use alloy::primitives::{Address, B256, U256, keccak256};
use alloy::signers::SignerSync;
use muster_client::protocol::abi::IWorkAgreement::{
    acceptCall, cancelCall, reportCall, resignCall, settleCall,
};
use muster_client::protocol::abi::IWorkerDispatcher::{
    buyContract_0Call, buyContract_1Call, hireCall,
};
use muster_client::protocol::abi::{Entry, Order, Quote, State};
use muster_client::protocol::model::ModelCall;
use muster_client::protocol::receipt;
use stylus_devnode::CHAIN_ID;

use crate::dice::Dice;
use crate::steps::{application, contract, market};
use crate::world::World;

/// A receipt that somebody asked for: agreement, worker, session, windows, signature.
pub(crate) type Signed = (Address, Address, (Address, B256), u32, (B256, B256));

impl World {
    /// Somebody buys.
    pub(crate) fn buying(&self, dice: &mut Dice) -> (Address, ModelCall, u128) {
        let from = self.anybody(dice);
        let order = self.order(dice);
        let (call, quote) = match dice.below(5) {
            0 => {
                let (redundancy, length) = (order.redundancy, order.length);
                let quote = self.model.quote_default(redundancy, length);
                (market(&buyContract_0Call { redundancy, length }), quote)
            }
            1 | 2 => {
                let workers = self.team(dice, &order);
                let redundancy = U256::from(workers.len());
                let order = if dice.once_in(10) { order } else { Order { redundancy, ..order } };
                let quote = self.model.quote_for(&order, Some(&workers));
                (market(&hireCall { order, workers }), quote)
            }
            _ => (market(&buyContract_1Call { order }), self.model.quote_for(&order, None)),
        };
        let Quote { price, .. } = quote;
        let value = match dice.below(10) {
            0 => price.saturating_sub(1),
            1 | 2 => price + u128::from(dice.between(1, 1_000)),
            3 if price == 0 => 5,
            _ => price,
        };
        (from, call, value)
    }

    /// An order: the dice decide how far from a sensible one.
    pub(crate) fn order(&self, dice: &mut Dice) -> Order {
        let s = self.model.settings();
        let tested = self.model.tester_count(self.model.epoch()) >= s.minPool && !dice.once_in(8);
        let windows = if tested { dice.pick(&[1, 2, 3, 4, 4, 7, 21]) } else { 1 };
        let testers = if tested { if dice.once_in(6) { dice.pick(&[5, 9]) } else { 3 } } else { 0 };
        let least = (u32::from(windows) * s.minWindow).max(s.minLength);
        let length = least + u32::try_from(dice.below(12)).unwrap();
        let sure: Vec<u16> = (1..=self.model.count()).filter_map(|n| self.score(n)).collect();
        let application = application(dice);
        let found = u64::try_from(self.model.book(application).len()).unwrap().clamp(1, 4);
        let mut order = Order {
            application,
            redundancy: U256::from(if dice.once_in(10) { 8 } else { dice.between(1, found) }),
            length: U256::from(length),
            windows,
            testers,
            minScore: 0,
            minUptime: dice.pick(&[0, 0, 0, 9_000, 9_500, 10_000]),
            expiry: 0,
            start: if dice.once_in(3) { self.number(dice) } else { 0 },
        };
        match dice.below(30) {
            0 => order.redundancy = dice.pick(&[U256::ZERO, U256::from(9), U256::MAX]),
            1 => {
                let lengths = [u64::from(s.minLength) - 1, u64::from(u32::MAX), 1 << 32];
                order.length = U256::from(dice.pick(&lengths));
            }
            2 => order.windows = dice.pick(&[0, 2, 22, 255]),
            3 => order.testers = dice.pick(&[1, 2, 4, 15, 17, 255]),
            4..8 => order.expiry = self.model.tick() + dice.below(3) - 1,
            8..14 => order.minScore = dice.any(&sure).unwrap_or(1) + u16::from(dice.once_in(2)),
            _ => {}
        }
        order
    }

    /// The score of a number, if a rounding error could not change it.
    fn score(&self, number: u32) -> Option<u16> {
        let score = self.model.precise_score(number);
        let fraction = score & u64::from(u32::MAX);
        let clear = (1 << 20..(1 << 32) - (1 << 20)).contains(&fraction);
        clear.then(|| u16::try_from(score >> 32).unwrap())
    }

    /// Some workers by number, mostly in order and listed.
    fn team(&self, dice: &mut Dice, order: &Order) -> Vec<u32> {
        let mut team = self.model.book(order.application).to_vec();
        team.retain(|_| !dice.once_in(3));
        team.sort_unstable();
        team.truncate(usize::try_from(dice.between(1, 4)).unwrap());
        match dice.below(20) {
            0 => team.push(self.number(dice)),
            1 => team.reverse(),
            2 => team.extend(vec![u32::MAX; 8]),
            _ => {}
        }
        team
    }

    /// Somebody does something to an agreement, which mostly is what its state asks for.
    pub(crate) fn living(&self, dice: &mut Dice) -> (Address, ModelCall, u128) {
        let wanted = dice.pick(&[
            State::Reporting,
            State::Reporting,
            State::Reporting,
            State::Due,
            State::Offered,
        ]);
        let mut open = self.open.clone();
        open.retain(|to| {
            let talked = wanted == State::Reporting && self.model.unreported_places(*to).is_empty();
            self.model.state(*to) == Some(wanted) && !talked
        });
        let to = dice.any(&open).unwrap_or_else(|| dice.pick(&self.open));
        let state = self.model.state(to).unwrap();
        let terms = self.model.terms(to).unwrap();
        let head = terms.header;
        let workers: Vec<_> = terms.workers().map(|worker| worker.account).collect();
        let party = if dice.once_in(15) { self.anybody(dice) } else { dice.pick(&workers) };
        let late = dice.any(&self.model.unaccepted_workers(to)).unwrap_or(party);
        let deed = if dice.once_in(8) { dice.below(10) } else { 10 };
        let (from, call) = match (deed, state) {
            (0, _) => (party, contract(to, &acceptCall {})),
            (1, _) | (10, State::Offered) => (late, contract(to, &acceptCall {})),
            (10, State::Running) if late != party && !dice.once_in(4) => {
                (late, contract(to, &acceptCall {}))
            }
            (2, _) => (party, contract(to, &resignCall {})),
            (10, State::Running) if dice.once_in(6) => (party, contract(to, &resignCall {})),
            (10, State::Running) if !dice.once_in(5) => return self.offering(dice),
            (10, State::Reporting) if head.pool == 0 && !dice.once_in(8) => {
                return self.offering(dice);
            }
            (3 | 4, _) | (10, State::Running) => {
                let from = if dice.once_in(10) { party } else { head.client };
                (from, contract(to, &cancelCall {}))
            }
            (5 | 6, _) | (10, State::Reporting) => {
                let silent = dice.any(&self.model.unreported_places(to)).unwrap_or(head.pool);
                let any = u32::try_from(dice.below(u64::from(head.pool) + 1)).unwrap();
                let place = if dice.once_in(10) { any } else { silent };
                let from = self.model.tester_at(head.epoch, place).unwrap_or(party);
                let from = if dice.once_in(20) { party } else { from };
                (from, contract(to, &self.report(dice, to, place)))
            }
            _ => {
                let count = usize::try_from(dice.below(5)).unwrap();
                let hints = (0..count).map(|_| self.number(dice)).collect();
                (self.anybody(dice), contract(to, &settleCall { hints }))
            }
        };
        (from, call, 0)
    }

    /// A report, whose receipts are still to be signed: where one is due, `r` is 1.
    fn report(&self, dice: &mut Dice, to: Address, place: u32) -> reportCall {
        let head = self.model.terms(to).unwrap().header;
        let all = u32::try_from((1_u64 << head.windows) - 1).unwrap();
        let mut entries = Vec::new();
        for index in 0..head.redundancy {
            if dice.once_in(8) {
                continue;
            }
            let chance = u32::from_be_bytes(*dice.word().first_chunk().unwrap());
            let checked = if dice.once_in(4) { all & chance } else { all };
            // Some workers are good, some are bad, and of some everybody says something else.
            let fate = (to.0[19] >> index) % 3;
            let served = match (dice.below(4), fate) {
                (0, 1) | (1..4, 0) => 0,
                (1, 1) | (_, 2) => checked & chance.rotate_left(7),
                _ => checked,
            };
            let r = if served == 0 { B256::ZERO } else { B256::with_last_byte(1) };
            entries.push(Entry { index, checked, served, r, vs: B256::ZERO });
        }
        match (dice.below(40), entries.last_mut()) {
            (0, Some(entry)) => entry.index = dice.pick(&[0, 1, head.redundancy, 255]),
            (1, Some(entry)) => entry.checked = 1 << (head.windows % 32),
            (2, Some(entry)) => entry.served |= !entry.checked & all,
            (3, Some(entry)) => entry.checked = 0,
            (4, _) => entries.clear(),
            (5, _) => entries.resize(9, Entry { index: 9, ..EMPTY }),
            _ => {}
        }
        reportCall { place, salt: dice.word().into(), entries }
    }

    /// Signs the receipts of a report by `tester`, mostly as they should be, and tells what was signed.
    pub(crate) fn sign(
        &self,
        dice: &mut Dice,
        to: Address,
        tester: Address,
        report: &mut reportCall,
    ) -> Vec<Signed> {
        let terms = *self.model.terms(to).unwrap();
        let mut signed = Vec::new();
        for entry in report.entries.iter_mut().filter(|entry| !entry.r.is_zero()) {
            let worker = terms.worker(entry.index).map_or(tester, |worker| worker.account);
            let (mut who, mut served, mut salt, mut at) = (worker, entry.served, report.salt, to);
            match dice.below(80) {
                0 => who = self.anybody(dice),
                1 => served ^= 1,
                2 => salt = dice.word().into(),
                3 => at = self.dispatcher,
                _ => {}
            }
            let Some(key) = self.signer(who) else { continue };
            let keccak = |bytes: &[u8]| keccak256(bytes).0;
            let session = receipt::session_id(tester, salt, keccak);
            let domain = receipt::domain_separator(CHAIN_ID, at, keccak);
            let digest = receipt::signing_hash(domain, session, served, keccak);
            let signature = key.sign_hash_sync(&digest).unwrap();
            entry.r = signature.r().into();
            let parity: U256 = U256::from(u8::from(signature.v())) << 255;
            entry.vs = (signature.s() | parity).into();
            if dice.once_in(80) {
                entry.vs.0[31] ^= 1;
            } else {
                signed.push((at, who, (tester, salt), served, (entry.r, entry.vs)));
            }
        }
        signed
    }
}

/// An entry that says nothing.
const EMPTY: Entry = Entry { index: 0, checked: 1, served: 0, r: B256::ZERO, vs: B256::ZERO };
