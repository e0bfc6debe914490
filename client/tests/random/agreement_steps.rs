//! Random steps of agreements: orders, and the next call to an agreement.

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

use crate::env::DifferentialEnv;
use crate::rng::SeededRng;
use crate::steps::{agreement_call, dispatcher_call};
use crate::values::random_application;

/// A receipt that was signed: agreement, worker, session, windows, signature.
pub(crate) type SignedReceipt = (Address, Address, (Address, B256), u32, (B256, B256));

impl DifferentialEnv {
    /// A purchase.
    pub(crate) fn purchase_step(&self, rng: &mut SeededRng) -> (Address, ModelCall, u128) {
        let from = self.random_account(rng);
        let order = self.random_order(rng);
        let (call, quote) = match rng.below(5) {
            0 => {
                let (redundancy, length) = (order.redundancy, order.length);
                let quote = self.model.quote_default(redundancy, length);
                (dispatcher_call(&buyContract_0Call { redundancy, length }), quote)
            }
            1 | 2 => {
                let workers = self.random_workers(rng, &order);
                let redundancy = U256::from(workers.len());
                let order = if rng.one_in(10) { order } else { Order { redundancy, ..order } };
                let quote = self.model.quote_for(&order, Some(&workers));
                (dispatcher_call(&hireCall { order, workers }), quote)
            }
            _ => {
                (dispatcher_call(&buyContract_1Call { order }), self.model.quote_for(&order, None))
            }
        };
        let Quote { price, .. } = quote;
        let value = match rng.below(10) {
            0 => price.saturating_sub(1),
            1 | 2 => price + u128::from(rng.between(1, 1_000)),
            3 if price == 0 => 5,
            _ => price,
        };
        (from, call, value)
    }

    /// An order, sensible or not.
    pub(crate) fn random_order(&self, rng: &mut SeededRng) -> Order {
        let s = self.model.settings();
        let tested = self.model.tester_count(self.model.epoch()) >= s.minPool && !rng.one_in(8);
        let windows = if tested { rng.pick(&[1, 2, 3, 4, 4, 7, 21]) } else { 1 };
        let testers = if tested { if rng.one_in(6) { rng.pick(&[5, 9]) } else { 3 } } else { 0 };
        let least = (u32::from(windows) * s.minWindow).max(s.minLength);
        let length = least + u32::try_from(rng.below(12)).unwrap();
        let sure: Vec<u16> =
            (1..=self.model.count()).filter_map(|n| self.stable_score(n)).collect();
        let application = random_application(rng);
        let found = u64::try_from(self.model.book(application).len()).unwrap().clamp(1, 4);
        let mut order = Order {
            application,
            redundancy: U256::from(if rng.one_in(10) { 8 } else { rng.between(1, found) }),
            length: U256::from(length),
            windows,
            testers,
            minScore: 0,
            minUptime: rng.pick(&[0, 0, 0, 9_000, 9_500, 10_000]),
            expiry: 0,
            start: if rng.one_in(3) { self.random_number(rng) } else { 0 },
        };
        match rng.below(30) {
            0 => order.redundancy = rng.pick(&[U256::ZERO, U256::from(9), U256::MAX]),
            1 => {
                let lengths = [u64::from(s.minLength) - 1, u64::from(u32::MAX), 1 << 32];
                order.length = U256::from(rng.pick(&lengths));
            }
            2 => order.windows = rng.pick(&[0, 2, 22, 255]),
            3 => order.testers = rng.pick(&[1, 2, 4, 15, 17, 255]),
            4..8 => order.expiry = self.model.tick() + rng.below(3) - 1,
            8..14 => order.minScore = rng.pick_any(&sure).unwrap_or(1) + u16::from(rng.one_in(2)),
            _ => {}
        }
        order
    }

    /// The score of a number, if no rounding error can change it.
    fn stable_score(&self, number: u32) -> Option<u16> {
        let score = self.model.precise_score(number);
        let fraction = score & u64::from(u32::MAX);
        let clear = (1 << 20..(1 << 32) - (1 << 20)).contains(&fraction);
        clear.then(|| u16::try_from(score >> 32).unwrap())
    }

    /// Some workers by number, mostly in order and listed.
    fn random_workers(&self, rng: &mut SeededRng, order: &Order) -> Vec<u32> {
        let mut workers = self.model.book(order.application).to_vec();
        workers.retain(|_| !rng.one_in(3));
        workers.sort_unstable();
        workers.truncate(usize::try_from(rng.between(1, 4)).unwrap());
        match rng.below(20) {
            0 => workers.push(self.random_number(rng)),
            1 => workers.reverse(),
            2 => workers.extend(vec![u32::MAX; 8]),
            _ => {}
        }
        workers
    }

    /// A call to an agreement, which mostly is one that its state allows.
    pub(crate) fn agreement_step(&self, rng: &mut SeededRng) -> (Address, ModelCall, u128) {
        let wanted = rng.pick(&[
            State::Reporting,
            State::Reporting,
            State::Reporting,
            State::Due,
            State::Offered,
        ]);
        let mut open = self.open_agreements.clone();
        open.retain(|to| {
            let all_reported =
                wanted == State::Reporting && self.model.unreported_places(*to).is_empty();
            self.model.state(*to) == Some(wanted) && !all_reported
        });
        let to = rng.pick_any(&open).unwrap_or_else(|| rng.pick(&self.open_agreements));
        let state = self.model.state(to).unwrap();
        let terms = self.model.terms(to).unwrap();
        let head = terms.header;
        let workers: Vec<_> = terms.workers().map(|worker| worker.account).collect();
        let party = if rng.one_in(15) { self.random_account(rng) } else { rng.pick(&workers) };
        let late = rng.pick_any(&self.model.unaccepted_workers(to)).unwrap_or(party);
        let action = if rng.one_in(8) { rng.below(10) } else { 10 };
        let (from, call) = match (action, state) {
            (0, _) => (party, agreement_call(to, &acceptCall {})),
            (1, _) | (10, State::Offered) => (late, agreement_call(to, &acceptCall {})),
            (10, State::Running) if late != party && !rng.one_in(4) => {
                (late, agreement_call(to, &acceptCall {}))
            }
            (2, _) => (party, agreement_call(to, &resignCall {})),
            (10, State::Running) if rng.one_in(6) => (party, agreement_call(to, &resignCall {})),
            (10, State::Running) if !rng.one_in(5) => return self.offer_step(rng),
            (10, State::Reporting) if head.pool == 0 && !rng.one_in(8) => {
                return self.offer_step(rng);
            }
            (3 | 4, _) | (10, State::Running) => {
                let from = if rng.one_in(10) { party } else { head.client };
                (from, agreement_call(to, &cancelCall {}))
            }
            (5 | 6, _) | (10, State::Reporting) => {
                let silent = rng.pick_any(&self.model.unreported_places(to)).unwrap_or(head.pool);
                let any = u32::try_from(rng.below(u64::from(head.pool) + 1)).unwrap();
                let place = if rng.one_in(10) { any } else { silent };
                let from = self.model.tester_at(head.epoch, place).unwrap_or(party);
                let from = if rng.one_in(20) { party } else { from };
                (from, agreement_call(to, &self.random_report(rng, to, place)))
            }
            _ => {
                let count = usize::try_from(rng.below(5)).unwrap();
                let hints = (0..count).map(|_| self.random_number(rng)).collect();
                (self.random_account(rng), agreement_call(to, &settleCall { hints }))
            }
        };
        (from, call, 0)
    }

    /// A report whose receipts are not signed yet: where one is needed, `r` is 1.
    fn random_report(&self, rng: &mut SeededRng, to: Address, place: u32) -> reportCall {
        let head = self.model.terms(to).unwrap().header;
        let all = u32::try_from((1_u64 << head.windows) - 1).unwrap();
        let mut entries = Vec::new();
        for index in 0..head.redundancy {
            if rng.one_in(8) {
                continue;
            }
            let chance = u32::from_be_bytes(*rng.word().first_chunk().unwrap());
            let checked = if rng.one_in(4) { all & chance } else { all };
            // Some workers serve, some fail, and on some the reports disagree.
            let fate = (to.0[19] >> index) % 3;
            let served = match (rng.below(4), fate) {
                (0, 1) | (1..4, 0) => 0,
                (1, 1) | (_, 2) => checked & chance.rotate_left(7),
                _ => checked,
            };
            let r = if served == 0 { B256::ZERO } else { B256::with_last_byte(1) };
            entries.push(Entry { index, checked, served, r, vs: B256::ZERO });
        }
        match (rng.below(40), entries.last_mut()) {
            (0, Some(entry)) => entry.index = rng.pick(&[0, 1, head.redundancy, 255]),
            (1, Some(entry)) => entry.checked = 1 << (head.windows % 32),
            (2, Some(entry)) => entry.served |= !entry.checked & all,
            (3, Some(entry)) => entry.checked = 0,
            (4, _) => entries.clear(),
            (5, _) => entries.resize(9, Entry { index: 9, ..EMPTY_ENTRY }),
            _ => {}
        }
        reportCall { place, salt: rng.word().into(), entries }
    }

    /// Signs the receipts of a report by `tester`, mostly correctly, and returns what was signed.
    pub(crate) fn sign_receipts(
        &self,
        rng: &mut SeededRng,
        to: Address,
        tester: Address,
        report: &mut reportCall,
    ) -> Vec<SignedReceipt> {
        let terms = *self.model.terms(to).unwrap();
        let mut signed = Vec::new();
        for entry in report.entries.iter_mut().filter(|entry| !entry.r.is_zero()) {
            let worker = terms.worker(entry.index).map_or(tester, |worker| worker.account);
            let (mut who, mut served, mut salt, mut at) = (worker, entry.served, report.salt, to);
            match rng.below(80) {
                0 => who = self.random_account(rng),
                1 => served ^= 1,
                2 => salt = rng.word().into(),
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
            if rng.one_in(80) {
                entry.vs.0[31] ^= 1;
            } else {
                signed.push((at, who, (tester, salt), served, (entry.r, entry.vs)));
            }
        }
        signed
    }
}

/// An entry without a claim of service.
const EMPTY_ENTRY: Entry = Entry { index: 0, checked: 1, served: 0, r: B256::ZERO, vs: B256::ZERO };
