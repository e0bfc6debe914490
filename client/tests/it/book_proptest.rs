//! Random sequences of all steps that change a book, compared with a plain list after every step.

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

/// Workers in the market.
const WORKERS: u32 = 5;

/// One step. Every bond is the minimum.
#[derive(Clone, Debug)]
enum Step {
    /// Sets the price.
    Price(u128),
    /// Sets whether the worker is available.
    Available(bool),
    /// Stakes this many bonds.
    Stake(u128),
    /// Unstakes this many bonds.
    Unstake(u128),
    /// Another account lists the worker.
    List,
    /// A client buys with this redundancy.
    Buy(u8),
    /// The oldest agreement is settled, with hints for this many workers.
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

/// One worker, as the model has it.
struct ExpectedWorker {
    /// The price in wei per tick.
    price: u128,
    /// Its capacity.
    capacity: u16,
    /// Its active agreements; each locks one bond.
    active: u16,
    /// Whether it is available.
    available: bool,
    /// Its stake, in tenths of a bond.
    stake: u128,
    /// How often it did not accept.
    misses: u32,
}

impl ExpectedWorker {
    /// Its free stake, in tenths of a bond; no-shows can take what agreements have locked.
    fn free(&self) -> u128 {
        self.stake.saturating_sub(10 * u128::from(self.active))
    }

    /// Whether it may be listed.
    fn is_listable(&self) -> bool {
        self.available && self.active < self.capacity && self.free() >= 10
    }
}

/// A market, and the model of its book.
struct BookComparison {
    /// The market.
    env: TestEnv,
    /// Its workers, by number from 1.
    workers: Vec<Market>,
    /// The model of each worker.
    expected_workers: Vec<ExpectedWorker>,
    /// The expected book.
    expected_book: Vec<u32>,
    /// Agreements in progress, oldest first, with their workers and each one's misses at the
    /// purchase.
    agreements: Vec<(Address, Vec<(u32, u32)>)>,
}

impl BookComparison {
    /// A market whose workers have different capacities, and no stake.
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

    /// The model of a worker.
    fn expected_worker(&mut self, number: u32) -> &mut ExpectedWorker {
        &mut self.expected_workers[usize::try_from(number).unwrap() - 1]
    }

    /// Removes a number from the expected book, and inserts it again at its position if it is
    /// listable.
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

    /// Removes a number from the expected book if it is no longer listable.
    fn expect_unlisted(&mut self, number: u32) {
        if !self.expected_worker(number).is_listable() {
            self.expected_book.retain(|other| *other != number);
        }
    }

    /// Inserts a number into the expected book if it is not there.
    fn expect_listed(&mut self, number: u32) {
        if !self.expected_book.contains(&number) {
            self.expect_relisted(number);
        }
    }

    /// Applies one step to the chain and to the model.
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

    /// Buys from the first workers of the book.
    async fn buy(&mut self, who: &Market, redundancy: u8) {
        let request = OrderRequest::Default { redundancy, length: 12 };
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

    /// Settles the oldest agreement, which no worker accepted: a worker without a miss since its
    /// purchase loses a tenth of its bond, and is unavailable until it sets itself available.
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
