//! Random steps of agreements: orders, and the next call to an agreement.

use alloy::primitives::{Address, U256};
use muster_client::protocol::abi::IWorkAgreement::{
    acceptCall, cancelCall, releaseCall, resignCall, settleCall,
};
use muster_client::protocol::abi::IWorkerDispatcher::{
    buyContract_0Call, buyContract_1Call, hireCall,
};
use muster_client::protocol::abi::{Order, Quote, State};
use muster_client::protocol::model::ModelCall;

use crate::env::DifferentialEnv;
use crate::reports::Signatures;
use crate::rng::SeededRng;
use crate::steps::{agreement_call, dispatcher_call};
use crate::values::random_application;

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
        let windows = if tested { rng.pick(&[1, 2, 4, 4, 5, 7, 21]) } else { 1 };
        let testers = if tested { if rng.one_in(6) { rng.pick(&[5, 9]) } else { 3 } } else { 0 };
        let least = (u32::from(windows) * s.minWindow).max(s.minLength);
        let mut length = least + u32::try_from(rng.below(12)).unwrap();
        if tested && windows < 4 && !rng.one_in(8) {
            // Fewer windows than four are for short agreements only.
            length = length.min(2 * s.minLength - 1);
        }
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
                let lengths = [s.minLength - 1, s.maxAgreement, s.maxAgreement + 1, u32::MAX];
                let lengths =
                    lengths.map(u64::from).into_iter().chain([1 << 32]).collect::<Vec<_>>();
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
    pub(crate) fn agreement_step(
        &self,
        rng: &mut SeededRng,
        signed: &mut Signatures,
    ) -> (Address, ModelCall, u128) {
        let wanted = rng.pick(&[
            State::Reporting,
            State::Reporting,
            State::Reporting,
            State::Running,
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
        let action = if rng.one_in(8) { rng.below(14) } else { 14 };
        let (from, call) = match (action, state) {
            (0, _) => (party, agreement_call(to, &acceptCall {})),
            (1, _) | (14, State::Offered) => (late, agreement_call(to, &acceptCall {})),
            (14, State::Running) if late != party && !rng.one_in(4) => {
                let hints = self.random_hints(rng);
                match rng.below(3) {
                    0 => (party, agreement_call(to, &releaseCall { hints })),
                    _ => (late, agreement_call(to, &acceptCall {})),
                }
            }
            (2, _) => (party, agreement_call(to, &resignCall {})),
            (14, State::Running) if rng.one_in(5) => (party, agreement_call(to, &resignCall {})),
            (14, State::Running) if !rng.one_in(4) => return self.offer_step(rng),
            (14, State::Reporting) if head.pool == 0 && !rng.one_in(8) => {
                return self.offer_step(rng);
            }
            (3 | 4, _) | (14, State::Running) => {
                let from = if rng.one_in(10) { party } else { head.client };
                (from, agreement_call(to, &cancelCall {}))
            }
            (5 | 6, _) => {
                let hints = self.random_hints(rng);
                (self.random_account(rng), agreement_call(to, &releaseCall { hints }))
            }
            (14, State::Reporting) if rng.one_in(12) => {
                let hints = self.random_hints(rng);
                (self.random_account(rng), agreement_call(to, &releaseCall { hints }))
            }
            (7 | 8, _) => {
                let batch = self.random_batch(rng, to, signed);
                (self.random_account(rng), agreement_call(to, &batch))
            }
            (14, State::Reporting) if rng.one_in(8) => {
                let batch = self.random_batch(rng, to, signed);
                (self.random_account(rng), agreement_call(to, &batch))
            }
            (9 | 10, _) | (14, State::Reporting) => {
                let silent = rng.pick_any(&self.model.unreported_places(to)).unwrap_or(head.pool);
                let any = u32::try_from(rng.below(u64::from(head.pool) + 1)).unwrap();
                let place = if rng.one_in(10) { any } else { silent };
                let from = self.model.tester_at(head.epoch, place).unwrap_or(party);
                let from = if rng.one_in(20) { party } else { from };
                let report = self.random_report(rng, (to, place, from), signed);
                (from, agreement_call(to, &report))
            }
            _ => {
                let hints = self.random_hints(rng);
                (self.random_account(rng), agreement_call(to, &settleCall { hints }))
            }
        };
        (from, call, 0)
    }

    /// Up to four hints, sometimes too many.
    fn random_hints(&self, rng: &mut SeededRng) -> Vec<u32> {
        let count = if rng.one_in(40) { 9 } else { rng.below(5) };
        (0..count).map(|_| self.random_number(rng)).collect()
    }
}
