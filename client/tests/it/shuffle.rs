//! Any sequence of what moves workers in a book, compared with a plain list after every step.

use alloy::primitives::Address;
use muster_client::protocol::abi::IWorkAgreement::settleCall;
use muster_client::protocol::abi::IWorkerDispatcher::{
    listCall, registerWorkerCall, setAvailableCall, setPriceCall, stakeCall, unstakeCall,
};
use muster_client::{Market, Want};
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use tokio::runtime::Runtime;

use crate::book::book;
use crate::harness::World;
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
fn step() -> impl Strategy<Value = Step> {
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
struct Model {
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

impl Model {
    /// Tenths of a bond that are free; absences can cost what agreements have locked.
    fn free(&self) -> u128 {
        self.stake.saturating_sub(10 * u128::from(self.active))
    }

    /// Whether it may stand in the book.
    fn fits(&self) -> bool {
        self.available && self.active < self.capacity && self.free() >= 10
    }
}

/// The story's market, and what is expected of it.
struct Shuffle {
    /// The market.
    world: World,
    /// Its workers, by number from 1.
    workers: Vec<Market>,
    /// What is expected of each.
    models: Vec<Model>,
    /// The expected book.
    book: Vec<u32>,
    /// Agreements that run, oldest first, with their workers and how often each had not accepted before.
    agreements: Vec<(Address, Vec<(u32, u32)>)>,
}

impl Shuffle {
    /// A market whose workers have different capacities, and no stake yet.
    async fn new() -> Self {
        let world = World::new().await;
        let (mut workers, mut models) = (Vec::new(), Vec::new());
        for number in 1..=WORKERS {
            let who = world.person().await;
            let capacity = u16::try_from(number % 3 + 1).unwrap();
            let call = registerWorkerCall { price: 2, capacity, ..registration(&who) };
            world.tell(&who, &call).await.unwrap();
            models.push(Model {
                price: 2,
                capacity,
                active: 0,
                available: true,
                stake: 0,
                misses: 0,
            });
            workers.push(who);
        }
        Self { world, workers, models, book: Vec::new(), agreements: Vec::new() }
    }

    /// What is expected of a number.
    fn model(&mut self, number: u32) -> &mut Model {
        &mut self.models[usize::try_from(number).unwrap() - 1]
    }

    /// Takes a number out of the list, and puts it in again where it belongs if it fits.
    fn place(&mut self, number: u32) {
        self.book.retain(|other| *other != number);
        let (price, fits) = (self.model(number).price, self.model(number).fits());
        if fits {
            let cheaper = self.book.clone().into_iter().filter(|n| self.model(*n).price <= price);
            let at = cheaper.count();
            self.book.insert(at, number);
        }
    }

    /// Takes a number out of the list if it no longer fits.
    fn leave(&mut self, number: u32) {
        if !self.model(number).fits() {
            self.book.retain(|other| *other != number);
        }
    }

    /// Puts a number into the list if it is not there.
    fn join(&mut self, number: u32) {
        if !self.book.contains(&number) {
            self.place(number);
        }
    }

    /// Takes one step, on the chain and in the list.
    async fn take(&mut self, number: u32, hint: u32, step: Step) {
        let bond = self.world.settings.minBond;
        let who = self.workers[usize::try_from(number).unwrap() - 1].clone();
        match step {
            Step::Price(price) => {
                self.world.tell(&who, &setPriceCall { price, hint }).await.unwrap();
                self.model(number).price = price;
                self.place(number);
            }
            Step::Available(available) => {
                let call = setAvailableCall { available, hint };
                self.world.tell(&who, &call).await.unwrap();
                self.model(number).available = available;
                self.place(number);
            }
            Step::Stake(bonds) => {
                let call = stakeCall { hint };
                self.world.send(&who, self.world.dispatcher, &call, bonds * bond).await.unwrap();
                self.model(number).stake += 10 * bonds;
                self.join(number);
            }
            Step::Unstake(bonds) => {
                let answer = self.world.tell(&who, &unstakeCall { amount: bonds * bond }).await;
                assert_eq!(answer.is_ok(), self.model(number).free() >= 10 * bonds);
                if answer.is_ok() {
                    self.model(number).stake -= 10 * bonds;
                    self.leave(number);
                }
            }
            Step::List => {
                let worker = who.account().unwrap();
                let answer = self.world.tell(&who, &listCall { worker, hint }).await;
                let able = !self.book.contains(&number) && self.model(number).fits();
                assert_eq!(answer.is_ok(), able);
                self.join(number);
            }
            Step::Buy(redundancy) => self.buy(&who, redundancy).await,
            Step::Settle(hints) => self.settle(&who, hints, hint).await,
        }
    }

    /// Buys the first workers of the list.
    async fn buy(&mut self, who: &Market, redundancy: u8) {
        let want = Want::Usual { redundancy, length: 8 };
        if usize::from(redundancy) > self.book.len() {
            let quote = who.quote(&want).await.unwrap();
            assert_eq!(quote.reason, muster_client::protocol::abi::Reason::NotEnoughWorkers);
            return;
        }
        let bought = self.world.buy(who, want).await;
        let chosen = self.book[..usize::from(redundancy)].to_vec();
        for number in &chosen {
            self.model(*number).active += 1;
            self.leave(*number);
        }
        let misses: Vec<_> = chosen.iter().map(|number| self.model(*number).misses).collect();
        self.agreements.push((bought.agreement, chosen.into_iter().zip(misses).collect()));
    }

    /// Ends the oldest agreement, which nobody accepted: whoever was not absent since costs a tenth of its
    /// bond, and is not available until it says so.
    async fn settle(&mut self, who: &Market, hints: usize, hint: u32) {
        if self.agreements.is_empty() {
            return;
        }
        let (agreement, workers) = self.agreements.remove(0);
        self.world.pass(self.world.settings.acceptWindow + 1).await;
        let hints = hints.min(workers.len());
        let call = settleCall { hints: vec![hint; hints] };
        self.world.send(who, agreement, &call, 0).await.unwrap();
        for (index, (number, misses)) in workers.into_iter().enumerate() {
            let model = self.model(number);
            model.active -= 1;
            if model.misses == misses {
                model.misses += 1;
                model.stake -= 1;
                model.available = false;
            }
            self.leave(number);
            if index < hints {
                self.join(number);
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
        steps in vec((1..=WORKERS, 0..=WORKERS + 1, step()), 60)
    ) {
        Runtime::new().unwrap().block_on(async {
            let mut shuffle = Shuffle::new().await;
            for (number, hint, step) in steps {
                shuffle.take(number, hint, step).await;
                assert_eq!(book(&shuffle.workers[0]).await, shuffle.book);
            }
        });
    }
}
