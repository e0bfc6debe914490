//! What an order gets and at what price, and every reason why it gets nothing.

use alloy::primitives::{Address, FixedBytes, U256};
use alloy::sol_types::SolCall;
use muster_client::protocol::abi::IWorkerDispatcher::{
    PurchaseRefused, buyContract_0Call as BuyUsual, buyContract_1Call as BuyOrder,
    quote_0Call as QuoteUsual, quote_1Call as QuoteOrder,
};
use muster_client::protocol::abi::{Clock, Order, Quote, Reason, Settings};
use muster_client::protocol::{PRICE_LIMIT, TESTER_APPLICATION, settings};
use muster_client::{Application, Market, Offer};

use crate::harness::words::said;
use crate::harness::{ETHER, World, key, offer};

/// An untested order of application 0.
pub(crate) fn order(redundancy: u64, length: u64) -> Order {
    Order {
        application: FixedBytes::ZERO,
        redundancy: U256::from(redundancy),
        length: U256::from(length),
        windows: 1,
        testers: 0,
        minScore: 0,
        minUptime: 0,
        expiry: 0,
        start: 0,
    }
}

/// A quote's order.
pub(crate) async fn quote(world: &World, who: &Market, order: Order) -> Quote {
    let who = who.account().unwrap();
    world.ask(who, world.dispatcher, &QuoteOrder { order }, 0).await.unwrap()
}

/// Sends a purchase that is refused: zero is answered, the reason is an event, every wei comes back.
pub(crate) async fn turned_away<C>(
    world: &World,
    who: &Market,
    call: &C,
    sent: u128,
    (reason, required): (Reason, u128),
) where
    C: SolCall<Return = Address>,
{
    let client = who.account().unwrap();
    let answer = world.ask(client, world.dispatcher, call, sent).await;
    assert_eq!(answer, Ok(Address::ZERO), "{reason:?}");
    let before = world.wire.balance(client).await;
    let receipt = world.send(who, world.dispatcher, call, sent).await.unwrap();
    let event = said(PurchaseRefused { client, reason, required, sent });
    assert_eq!(world.events(&receipt), [event]);
    let after = world.wire.balance(client).await;
    assert_eq!(before - after, world.wire.fee(&receipt).await, "{reason:?}");
}

/// An order that cannot be bought at any price: its quote says so, and so does its purchase.
async fn impossible(world: &World, who: &Market, order: Order, reason: Reason) {
    let expected = Quote {
        reason,
        price: 0,
        start: 0,
        windows: order.windows,
        testers: order.testers,
        workers: vec![],
    };
    assert_eq!(quote(world, who, order).await, expected);
    turned_away(world, who, &BuyOrder { order }, ETHER, (reason, 0)).await;
}

/// The same for the usual order.
async fn impossible_usual(
    world: &World,
    who: &Market,
    (redundancy, length): (U256, U256),
    (windows, testers): (u8, u8),
    reason: Reason,
) {
    let call = QuoteUsual { redundancy, length };
    let quote = world.ask(who.account().unwrap(), world.dispatcher, &call, 0).await;
    let expected = Quote { reason, price: 0, start: 0, windows, testers, workers: vec![] };
    assert_eq!(quote, Ok(expected));
    turned_away(world, who, &BuyUsual { redundancy, length }, ETHER, (reason, 0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_out_of_range_is_refused_for_its_reason() {
    let world = World::new().await;
    world.worker(offer(5)).await;
    world.testers(3).await;
    let cleo = world.person().await;
    let huge = U256::ONE << 255;
    let wide = |windows, testers| Order { windows, testers, ..order(1, 1_000) };
    let tester = FixedBytes(TESTER_APPLICATION);
    let cases = [
        (order(0, 24), Reason::Redundancy),
        (order(9, 24), Reason::Redundancy),
        (order(256 + 1, 24), Reason::Redundancy),
        (Order { redundancy: huge, ..order(1, 24) }, Reason::Redundancy),
        (order(1, 0), Reason::Length),
        (order(1, 7), Reason::Length),
        (order(1, 1 << 32), Reason::Length),
        (order(1, (1 << 32) + 24), Reason::Length),
        (Order { length: huge, ..order(1, 24) }, Reason::Length),
        (wide(0, 3), Reason::Windows),
        (wide(22, 3), Reason::Windows),
        (wide(255, 3), Reason::Windows),
        (Order { windows: 5, testers: 3, ..order(1, 29) }, Reason::Windows),
        (wide(1, 1), Reason::Testers),
        (wide(1, 2), Reason::Testers),
        (wide(1, 4), Reason::Testers),
        (wide(1, 17), Reason::Testers),
        (wide(1, 255), Reason::Testers),
        (wide(5, 13), Reason::Testers),
        (wide(2, 0), Reason::Testers),
        (Order { application: tester, ..order(1, 24) }, Reason::NotForSale),
    ];
    for (order, reason) in cases {
        impossible(&world, &cleo, order, reason).await;
    }
    let fits = Order { windows: 4, testers: 3, ..order(1, 24) };
    assert_eq!(quote(&world, &cleo, fits).await.reason, Reason::None);

    let (one, length) = (U256::ONE, U256::from(24));
    for redundancy in [U256::ZERO, U256::from(9), huge] {
        let shape = (4, 3);
        impossible_usual(&world, &cleo, (redundancy, length), shape, Reason::Redundancy).await;
    }
    for (length, windows) in [(U256::from(7), 1), (U256::ONE << 32, 1), (huge, 1)] {
        impossible_usual(&world, &cleo, (one, length), (windows, 3), Reason::Length).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_waits_for_workers_and_testers_that_are_there() {
    let world = World::new().await;
    let cleo = world.person().await;
    let (one, length) = (U256::ONE, U256::from(24));
    impossible(&world, &cleo, order(1, 24), Reason::ApplicationUnknown).await;
    impossible_usual(&world, &cleo, (one, length), (1, 0), Reason::ApplicationUnknown).await;
    // One registration is enough to be known, but not to be bought.
    let ada = world.person().await;
    world.tx(ada.register(Application::default(), &offer(5), key(&ada), 0)).await.unwrap();
    impossible(&world, &cleo, order(1, 24), Reason::NotEnoughWorkers).await;
    impossible_usual(&world, &cleo, (one, length), (1, 0), Reason::NotEnoughWorkers).await;
    world.tx(ada.stake(ETHER)).await.unwrap();
    assert_eq!(quote(&world, &cleo, order(1, 24)).await.reason, Reason::None);
    // Nobody is in an agreement twice, whatever the capacity.
    impossible(&world, &cleo, order(2, 24), Reason::NotEnoughWorkers).await;
    let two = U256::from(2);
    impossible_usual(&world, &cleo, (two, length), (1, 0), Reason::NotEnoughWorkers).await;

    let tested = Order { windows: 4, testers: 3, ..order(1, 24) };
    impossible(&world, &cleo, tested, Reason::NotEnoughTesters).await;
    world.testers(2).await;
    impossible(&world, &cleo, tested, Reason::NotEnoughTesters).await;
    world.testers(1).await;
    assert_eq!(quote(&world, &cleo, tested).await.reason, Reason::None);
    let more = Order { testers: 5, ..tested };
    impossible(&world, &cleo, more, Reason::NotEnoughTesters).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_draws_from_a_list_below_the_least_pool() {
    let world = World::with(Settings { minPool: 5, ..settings::dev(Clock::Second) }).await;
    world.worker(offer(5)).await;
    let cleo = world.person().await;
    let tested = Order { testers: 3, ..order(1, 24) };
    world.testers(4).await;
    impossible(&world, &cleo, tested, Reason::NotEnoughTesters).await;
    world.testers(1).await;
    assert_eq!(quote(&world, &cleo, tested).await.reason, Reason::None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_can_be_bought_until_its_last_tick() {
    let world = World::new().await;
    world.worker(offer(5)).await;
    let cleo = world.person().await;
    let expiry = world.tick().await;
    let dated = Order { expiry, ..order(1, 24) };
    assert_eq!(quote(&world, &cleo, dated).await.reason, Reason::None);
    world.pass(1).await;
    impossible(&world, &cleo, dated, Reason::Expired).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_worker_would_hold_stays_below_two_to_the_ninety_six() {
    let world = World::new().await;
    let (ada, ben, cleo) = (world.person().await, world.person().await, world.person().await);
    for who in [&ada, &ben, &cleo] {
        world.enrich(who, PRICE_LIMIT * 16).await;
    }
    // Eight ticks at 2^93 wei are 2^96.
    let (dear, less) = (1 << 93, (1 << 93) - 1);
    let offered = |price| Offer { price, max_length: 16, promise: 9_000, capacity: 9 };
    let none = Application::default();
    world.tx(ada.register(none, &offered(dear), key(&ada), PRICE_LIMIT - 1)).await.unwrap();
    impossible(&world, &cleo, order(1, 8), Reason::PriceOverflow).await;
    let (one, eight) = (U256::ONE, U256::from(8));
    impossible_usual(&world, &cleo, (one, eight), (1, 0), Reason::PriceOverflow).await;

    world.tx(ben.register(none, &offered(less), key(&ben), PRICE_LIMIT - 1)).await.unwrap();
    let price = less * 8;
    assert_eq!(quote(&world, &cleo, order(1, 8)).await.price, price);
    impossible(&world, &cleo, order(2, 8), Reason::PriceOverflow).await;
    impossible(&world, &cleo, order(1, 9), Reason::PriceOverflow).await;
    let call = BuyOrder { order: order(1, 8) };
    let short = (Reason::ValueTooLow, price);
    turned_away(&world, &cleo, &call, price - 1, short).await;
    world.send(&cleo, world.dispatcher, &call, price).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scan_begins_at_the_worker_that_is_named_if_it_is_listed() {
    let world = World::new().await;
    let mut accounts = Vec::new();
    for price in [5, 6, 7] {
        accounts.push(world.worker(offer(price)).await.account().unwrap());
    }
    let (gone, other, cleo) =
        (world.worker(offer(1)).await, world.person().await, world.person().await);
    world.tx(gone.set_available(false)).await.unwrap();
    let application: Application = "factor".parse().unwrap();
    world.tx(other.register(application, &offer(1), key(&other), ETHER)).await.unwrap();
    // Numbers 1 to 3 are listed, 4 is not, 5 is of another application, 6 is nobody.
    for (start, first) in [(0, 1), (1, 1), (2, 2), (3, 3), (4, 1), (5, 1), (6, 1), (u32::MAX, 1)] {
        let quoted = quote(&world, &cleo, Order { start, ..order(1, 8) }).await;
        let worker = accounts[usize::try_from(first).unwrap() - 1];
        assert_eq!((quoted.start, quoted.workers), (first, vec![worker]), "start {start}");
    }
    let quoted = quote(&world, &cleo, Order { start: 2, ..order(2, 8) }).await;
    assert_eq!((quoted.start, &*quoted.workers), (2, &accounts[1..]));
    // It does not go round.
    let round = Order { start: 2, ..order(3, 8) };
    impossible(&world, &cleo, round, Reason::NotEnoughWorkers).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_workers_that_fit_the_order_are_chosen() {
    let world = World::new().await;
    let cleo = world.person().await;
    let mut accounts = Vec::new();
    for (promise, max_length) in [(8_999, 100), (9_000, 23), (9_000, 24), (9_500, 100)] {
        let deal = Offer { price: 5, max_length, promise, capacity: 1 };
        accounts.push(world.worker(deal).await.account().unwrap());
    }
    let who = async |order| quote(&world, &cleo, order).await.workers;
    assert_eq!(who(order(4, 23)).await, accounts);
    assert_eq!(who(order(3, 24)).await, [accounts[0], accounts[2], accounts[3]]);
    assert_eq!(who(order(2, 25)).await, [accounts[0], accounts[3]]);
    let picky = |uptime| Order { minUptime: uptime, ..order(1, 24) };
    assert_eq!(who(picky(8_999)).await, [accounts[0]]);
    assert_eq!(who(picky(9_000)).await, [accounts[2]]);
    assert_eq!(who(picky(9_001)).await, [accounts[3]]);
    impossible(&world, &cleo, picky(9_501), Reason::NotEnoughWorkers).await;
    let scored = Order { minScore: 1, ..order(1, 8) };
    impossible(&world, &cleo, scored, Reason::NotEnoughWorkers).await;

    // The usual order asks for 9 000.
    let call = QuoteUsual { redundancy: U256::from(2), length: U256::from(24) };
    let usual = world.ask(accounts[0], world.dispatcher, &call, 0).await.unwrap();
    assert_eq!(usual.workers, [accounts[2], accounts[3]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_than_sixty_four_are_looked_at() {
    let world = World::new().await;
    let mut accounts = Vec::new();
    for number in 1..=65 {
        let promise = if number < 64 { 5_000 } else { 9_000 + 500 * u16::from(number == 65) };
        let deal = Offer { promise, ..offer(number) };
        accounts.push(world.worker(deal).await.account().unwrap());
    }
    let cleo = world.person().await;
    let picky = |uptime| Order { minUptime: uptime, ..order(1, 8) };
    let quoted = quote(&world, &cleo, picky(9_000)).await;
    assert_eq!((quoted.start, quoted.workers), (64, vec![accounts[63]]));
    impossible(&world, &cleo, picky(9_500), Reason::NotEnoughWorkers).await;
    let nearer = Order { start: 2, ..picky(9_500) };
    let quoted = quote(&world, &cleo, nearer).await;
    assert_eq!((quoted.start, quoted.workers), (65, vec![accounts[64]]));
}
