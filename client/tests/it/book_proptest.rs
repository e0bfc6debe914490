//! Any sequence of what moves workers in a book, compared with a plain list after every step.

use alloy::primitives::Address;
use muster_client::protocol::abi::IWorkAgreement::settleCall;
use muster_client::protocol::abi::IWorkerDispatcher::{
    listCall, registerWorkerCall, setAvailableCall, setPriceCall, stakeCall, unstakeCall,
};
use muster_client::{Market, OrderRequest};
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use tokio::runtime::Runtime;

use crate::book::book;
use crate::harness::TestEnv;
use crate::workers::registration;

/// Workers of the story.
const WORKERS: u32 = 5;

/// One step. Every bond is the smallest.
#[derive(Clone, Debug)]
enum Step {
    /// A new price.
    Price(u128),
    /// Work is wanted, or no longer.
    Available(bool),
    /// So many bonds more.
    Stake(u128),
    /// So many bonds fewer.
    Unstake(u128),
    /// Somebody wants the worker listed.
    List,
    /// Somebody buys this redundancy.
    Buy(u8),
    /// The oldest agreement ends; so many workers get a hint.
    Settle(usize),
}

/// A step of any kind.
fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1..4_u128).prop_map(Step::Price),
        2 => any::<bool>().prop_map(Step::Available),
        2 => (0..3_u128).prop_map(Step::Stake),
        2 => (0..3_u128).prop_map(Step::Unstake),
        1 => Just(Step::List),
        3 => (1..4_u8).prop_map(Step::Buy),
        3 => (0..4_usize).prop_map(Step::Settle),
    ]
}

/// One worker as the list has it.
struct ExpectedWorker {
    /// Wei per tick.
    price: u128,
    /// Agreements at once.
    capacity: u16,
    /// Agreements now; each holds one bond.
    active: u16,
    /// Whether it wants work.
    available: bool,
    /// Tenths of a bond staked.
    stake: u128,
    /// How often it did not accept.
    misses: u32,
}

impl ExpectedWorker {
    /// Tenths of a bond that are free; absences can cost what agreements have locked.
    fn free(&self) -> u128 {
        self.stake.saturating_sub(10 * u128::from(self.active))
    }

    /// Whether it may stand in the book.
    fn is_listable(&self) -> bool {
        self.available && self.active < self.capacity && self.free() >= 10
    }
}

/// The story's market, and what is expected of it.
struct BookComparison {
    /// The market.
    env: TestEnv,
    /// Its workers, by number from 1.
    workers: Vec<Market>,
    /// What is expected of each.
    expected_workers: Vec<ExpectedWorker>,
    /// The expected book.
    expected_book: Vec<u32>,
    /// Agreements that run, oldest first, with their workers and how often each had not accepted before.
    agreements: Vec<(Address, Vec<(u32, u32)>)>,
}

impl BookComparison {
    /// A market whose workers have different capacities, and no stake yet.
    async fn new() -> Self {
        let env = TestEnv::new().await;
        let (mut workers, mut expected_workers) = (Vec::new(), Vec::new());
        for number in 1..=WORKERS {
            let who = env.new_account().await;
            let capacity = u16::try_from(number % 3 + 1).unwrap();
            let call = registerWorkerCall { price: 2, capacity, ..registration(&who) };
            env.send_to_dispatcher(&who, &call).await.unwrap();
            expected_workers.push(ExpectedWorker {
                price: 2,
                capacity,
                active: 0,
                available: true,
                stake: 0,
                misses: 0,
            });
            workers.push(who);
        }
        Self { env, workers, expected_workers, expected_book: Vec::new(), agreements: Vec::new() }
    }

    /// What is expected of a number.
    fn expected_worker(&mut self, number: u32) -> &mut ExpectedWorker {
        &mut self.expected_workers[usize::try_from(number).unwrap() - 1]
    }

    /// Takes a number out of the list, and puts it in again where it belongs if it fits.
    fn expect_relisted(&mut self, number: u32) {
        self.expected_book.retain(|other| *other != number);
        let (price, fits) =
            (self.expected_worker(number).price, self.expected_worker(number).is_listable());
        if fits {
            let cheaper = self
                .expected_book
                .clone()
                .into_iter()
                .filter(|n| self.expected_worker(*n).price <= price);
            let at = cheaper.count();
            self.expected_book.insert(at, number);
        }
    }

    /// Takes a number out of the list if it no longer fits.
    fn expect_unlisted(&mut self, number: u32) {
        if !self.expected_worker(number).is_listable() {
            self.expected_book.retain(|other| *other != number);
        }
    }

    /// Puts a number into the list if it is not there.
    fn expect_listed(&mut self, number: u32) {
        if !self.expected_book.contains(&number) {
            self.expect_relisted(number);
        }
    }

    /// Takes one step, on the chain and in the list.
    async fn apply(&mut self, number: u32, hint: u32, step: Step) {
        let bond = self.env.settings.minBond;
        let who = self.workers[usize::try_from(number).unwrap() - 1].clone();
        match step {
            Step::Price(price) => {
                self.env.send_to_dispatcher(&who, &setPriceCall { price, hint }).await.unwrap();
                self.expected_worker(number).price = price;
                self.expect_relisted(number);
            }
            Step::Available(available) => {
                let call = setAvailableCall { available, hint };
                self.env.send_to_dispatcher(&who, &call).await.unwrap();
                self.expected_worker(number).available = available;
                self.expect_relisted(number);
            }
            Step::Stake(bonds) => {
                let call = stakeCall { hint };
                self.env.send(&who, self.env.dispatcher, &call, bonds * bond).await.unwrap();
                self.expected_worker(number).stake += 10 * bonds;
                self.expect_listed(number);
            }
            Step::Unstake(bonds) => {
                let answer =
                    self.env.send_to_dispatcher(&who, &unstakeCall { amount: bonds * bond }).await;
                assert_eq!(answer.is_ok(), self.expected_worker(number).free() >= 10 * bonds);
                if answer.is_ok() {
                    self.expected_worker(number).stake -= 10 * bonds;
                    self.expect_unlisted(number);
                }
            }
            Step::List => {
                let worker = who.account().unwrap();
                let answer = self.env.send_to_dispatcher(&who, &listCall { worker, hint }).await;
                let able = !self.expected_book.contains(&number)
                    && self.expected_worker(number).is_listable();
                assert_eq!(answer.is_ok(), able);
                self.expect_listed(number);
            }
            Step::Buy(redundancy) => self.buy(&who, redundancy).await,
            Step::Settle(hints) => self.settle(&who, hints, hint).await,
        }
    }

    /// Buys the first workers of the list.
    async fn buy(&mut self, who: &Market, redundancy: u8) {
        let request = OrderRequest::Default { redundancy, length: 8 };
        if usize::from(redundancy) > self.expected_book.len() {
            let quote = who.quote(&request).await.unwrap();
            assert_eq!(quote.reason, muster_client::protocol::abi::Reason::NotEnoughWorkers);
            return;
        }
        let bought = self.env.buy(who, request).await;
        let chosen = self.expected_book[..usize::from(redundancy)].to_vec();
        for number in &chosen {
            self.expected_worker(*number).active += 1;
            self.expect_unlisted(*number);
        }
        let misses: Vec<_> =
            chosen.iter().map(|number| self.expected_worker(*number).misses).collect();
        self.agreements.push((bought.agreement, chosen.into_iter().zip(misses).collect()));
    }

    /// Ends the oldest agreement, which nobody accepted: whoever was not absent since costs a tenth of its
    /// bond, and is not available until it says so.
    async fn settle(&mut self, who: &Market, hints: usize, hint: u32) {
        if self.agreements.is_empty() {
            return;
        }
        let (agreement, workers) = self.agreements.remove(0);
        self.env.advance(self.env.settings.acceptWindow + 1).await;
        let hints = hints.min(workers.len());
        let call = settleCall { hints: vec![hint; hints] };
        self.env.send(who, agreement, &call, 0).await.unwrap();
        for (index, (number, misses)) in workers.into_iter().enumerate() {
            let model = self.expected_worker(number);
            model.active -= 1;
            if model.misses == misses {
                model.misses += 1;
                model.stake -= 1;
                model.available = false;
            }
            self.expect_unlisted(number);
            if index < hints {
                self.expect_listed(number);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 3,
        max_shrink_iters: 30,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_book_is_right_after_any_sequence_of_steps(
        steps in vec((1..=WORKERS, 0..=WORKERS + 1, any_step()), 60)
    ) {
        Runtime::new().unwrap().block_on(async {
            let mut shuffle = BookComparison::new().await;
            for (number, hint, step) in steps {
                shuffle.apply(number, hint, step).await;
                assert_eq!(book(&shuffle.workers[0]).await, shuffle.expected_book);
            }
        });
    }
}
