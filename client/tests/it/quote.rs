//! Quotes: workers and prices, and every reason to refuse.

use alloy::primitives::{Address, FixedBytes, U256};
use alloy::sol_types::SolCall;
use muster_client::protocol::abi::IWorkerDispatcher::{
    PurchaseRefused, buyContract_0Call as BuyDefault, buyContract_1Call as BuyOrder,
    quote_0Call as QuoteDefault, quote_1Call as QuoteOrder,
};
use muster_client::protocol::abi::{Clock, Order, Quote, Reason, Settings};
use muster_client::protocol::{PRICE_LIMIT, TESTER_APPLICATION, settings};
use muster_client::{Application, Market, Offer};

use crate::harness::expected::dispatcher_event;
use crate::harness::{ETHER, TestEnv, message_key_of, offer};

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

/// The quote of an order.
pub(crate) async fn quote(env: &TestEnv, who: &Market, order: Order) -> Quote {
    let who = who.account().unwrap();
    env.call(who, env.dispatcher, &QuoteOrder { order }, 0).await.unwrap()
}

/// Sends a purchase that is refused: the output is zero, the reason is an event, and the whole
/// value comes back.
pub(crate) async fn check_purchase_refused<C>(
    env: &TestEnv,
    who: &Market,
    call: &C,
    sent: u128,
    (reason, required): (Reason, u128),
) where
    C: SolCall<Return = Address>,
{
    let client = who.account().unwrap();
    let answer = env.call(client, env.dispatcher, call, sent).await;
    assert_eq!(answer, Ok(Address::ZERO), "{reason:?}");
    let before = env.rpc.balance(client).await;
    let receipt = env.send(who, env.dispatcher, call, sent).await.unwrap();
    let event = dispatcher_event(PurchaseRefused { client, reason, required, sent });
    assert_eq!(env.events(&receipt), [event]);
    let after = env.rpc.balance(client).await;
    assert_eq!(before - after, env.rpc.fee(&receipt).await, "{reason:?}");
}

/// The quote of an order that cannot be bought.
const fn unbuyable(reason: Reason, windows: u8, testers: u8) -> Quote {
    Quote { reason, price: 0, start: 0, windows, testers, workers: vec![] }
}

/// An order that cannot be bought at any price: the quote and the purchase have the same reason.
async fn check_unbuyable(env: &TestEnv, who: &Market, order: Order, reason: Reason) {
    let expected = unbuyable(reason, order.windows, order.testers);
    assert_eq!(quote(env, who, order).await, expected);
    check_purchase_refused(env, who, &BuyOrder { order }, ETHER, (reason, 0)).await;
}

/// The same for the default order.
async fn check_default_unbuyable(
    env: &TestEnv,
    who: &Market,
    (redundancy, length): (U256, U256),
    (windows, testers): (u8, u8),
    reason: Reason,
) {
    let call = QuoteDefault { redundancy, length };
    let quote = env.call(who.account().unwrap(), env.dispatcher, &call, 0).await;
    assert_eq!(quote, Ok(unbuyable(reason, windows, testers)));
    check_purchase_refused(env, who, &BuyDefault { redundancy, length }, ETHER, (reason, 0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_out_of_range_is_refused_for_its_reason() {
    let env = TestEnv::new().await;
    env.worker(offer(5)).await;
    env.testers(3).await;
    let cleo = env.new_account().await;
    let huge = U256::ONE << 255;
    let wide = |windows, testers| Order { windows, testers, ..order(1, 1_000) };
    let short = |testers| Order { testers, ..order(1, 23) };
    let tester = FixedBytes(TESTER_APPLICATION);
    let cases = [
        (order(0, 24), Reason::Redundancy),
        (order(9, 24), Reason::Redundancy),
        (order(256 + 1, 24), Reason::Redundancy),
        (Order { redundancy: huge, ..order(1, 24) }, Reason::Redundancy),
        (order(1, 0), Reason::Length),
        (order(1, 11), Reason::Length),
        (order(1, u64::from(env.settings.maxAgreement) + 1), Reason::Length),
        (order(1, 1 << 32), Reason::Length),
        (order(1, (1 << 32) + 24), Reason::Length),
        (Order { length: huge, ..order(1, 24) }, Reason::Length),
        (wide(0, 3), Reason::Windows),
        (wide(22, 3), Reason::Windows),
        (wide(255, 3), Reason::Windows),
        (Order { windows: 5, testers: 3, ..order(1, 29) }, Reason::Windows),
        // Who could stop early with foresight has four windows at least.
        (Order { windows: 3, testers: 3, ..order(1, 24) }, Reason::Windows),
        (wide(1, 3), Reason::Windows),
        (wide(3, 15), Reason::Windows),
        (short(1), Reason::Testers),
        (short(2), Reason::Testers),
        (short(4), Reason::Testers),
        (short(17), Reason::Testers),
        (short(255), Reason::Testers),
        (wide(5, 13), Reason::Testers),
        (wide(2, 0), Reason::Testers),
        (Order { application: tester, ..order(1, 24) }, Reason::NotForSale),
    ];
    for (order, reason) in cases {
        check_unbuyable(&env, &cleo, order, reason).await;
    }
    let split = |windows, length| Order { windows, testers: 3, ..order(1, length) };
    for fits in [split(4, 24), split(1, 23), split(1, 12), split(4, 1_000), order(1, 1_000)] {
        assert_eq!(quote(&env, &cleo, fits).await.reason, Reason::None);
    }

    let (one, length) = (U256::ONE, U256::from(24));
    for redundancy in [U256::ZERO, U256::from(9), huge] {
        let shape = (4, 3);
        check_default_unbuyable(&env, &cleo, (redundancy, length), shape, Reason::Redundancy).await;
    }
    let too_long = U256::from(env.settings.maxAgreement + 1);
    for (length, windows) in [(U256::from(11), 1), (too_long, 4), (U256::ONE << 32, 1), (huge, 1)] {
        check_default_unbuyable(&env, &cleo, (one, length), (windows, 3), Reason::Length).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_needs_enough_workers_and_testers() {
    let env = TestEnv::new().await;
    let cleo = env.new_account().await;
    let (one, length) = (U256::ONE, U256::from(24));
    check_unbuyable(&env, &cleo, order(1, 24), Reason::ApplicationUnknown).await;
    check_default_unbuyable(&env, &cleo, (one, length), (1, 0), Reason::ApplicationUnknown).await;
    // One registration makes an application known, but gives no worker to buy from.
    let ada = env.new_account().await;
    env.tx(ada.register(Application::default(), &offer(5), message_key_of(&ada), 0)).await.unwrap();
    check_unbuyable(&env, &cleo, order(1, 24), Reason::NotEnoughWorkers).await;
    check_default_unbuyable(&env, &cleo, (one, length), (1, 0), Reason::NotEnoughWorkers).await;
    env.tx(ada.stake(ETHER)).await.unwrap();
    assert_eq!(quote(&env, &cleo, order(1, 24)).await.reason, Reason::None);
    // No worker is in an agreement twice, whatever its capacity.
    check_unbuyable(&env, &cleo, order(2, 24), Reason::NotEnoughWorkers).await;
    let two = U256::from(2);
    check_default_unbuyable(&env, &cleo, (two, length), (1, 0), Reason::NotEnoughWorkers).await;

    let tested = Order { windows: 4, testers: 3, ..order(1, 24) };
    check_unbuyable(&env, &cleo, tested, Reason::NotEnoughTesters).await;
    env.testers(2).await;
    check_unbuyable(&env, &cleo, tested, Reason::NotEnoughTesters).await;
    env.testers(1).await;
    assert_eq!(quote(&env, &cleo, tested).await.reason, Reason::None);
    let more = Order { testers: 5, ..tested };
    check_unbuyable(&env, &cleo, more, Reason::NotEnoughTesters).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn testers_are_not_drawn_from_a_list_below_the_least_pool() {
    let env = TestEnv::with(Settings { minPool: 5, ..settings::dev(Clock::Second) }).await;
    env.worker(offer(5)).await;
    let cleo = env.new_account().await;
    let tested = Order { testers: 3, ..order(1, 23) };
    env.testers(4).await;
    check_unbuyable(&env, &cleo, tested, Reason::NotEnoughTesters).await;
    env.testers(1).await;
    assert_eq!(quote(&env, &cleo, tested).await.reason, Reason::None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_can_be_bought_until_its_last_tick() {
    let env = TestEnv::new().await;
    env.worker(offer(5)).await;
    let cleo = env.new_account().await;
    let expiry = env.next_tick().await;
    let dated = Order { expiry, ..order(1, 24) };
    assert_eq!(quote(&env, &cleo, dated).await.reason, Reason::None);
    env.advance(1).await;
    check_unbuyable(&env, &cleo, dated, Reason::Expired).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_stays_below_two_to_the_ninety_six() {
    let env = TestEnv::new().await;
    let (ada, ben, cleo) =
        (env.new_account().await, env.new_account().await, env.new_account().await);
    for who in [&ada, &ben, &cleo] {
        env.set_balance(who, PRICE_LIMIT * 16).await;
    }
    // Twelve ticks at a twelfth of 2^96 wei, which is no whole number.
    let highest = PRICE_LIMIT / 12;
    let too_high = highest + 1;
    let offered = |price| Offer { price, max_length: 16, promise: 9_000, capacity: 9 };
    let none = Application::default();
    env.tx(ada.register(none, &offered(too_high), message_key_of(&ada), PRICE_LIMIT - 1))
        .await
        .unwrap();
    check_unbuyable(&env, &cleo, order(1, 12), Reason::PriceOverflow).await;
    let (one, twelve) = (U256::ONE, U256::from(12));
    check_default_unbuyable(&env, &cleo, (one, twelve), (1, 0), Reason::PriceOverflow).await;

    env.tx(ben.register(none, &offered(highest), message_key_of(&ben), PRICE_LIMIT - 1))
        .await
        .unwrap();
    let price = highest * 12;
    assert_eq!(quote(&env, &cleo, order(1, 12)).await.price, price);
    check_unbuyable(&env, &cleo, order(2, 12), Reason::PriceOverflow).await;
    check_unbuyable(&env, &cleo, order(1, 13), Reason::PriceOverflow).await;
    let call = BuyOrder { order: order(1, 12) };
    let short = (Reason::ValueTooLow, price);
    check_purchase_refused(&env, &cleo, &call, price - 1, short).await;
    env.send(&cleo, env.dispatcher, &call, price).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scan_begins_at_the_worker_that_is_named_if_it_is_listed() {
    let env = TestEnv::new().await;
    let mut accounts = Vec::new();
    for price in [5, 6, 7] {
        accounts.push(env.worker(offer(price)).await.account().unwrap());
    }
    let (gone, other, cleo) =
        (env.worker(offer(1)).await, env.new_account().await, env.new_account().await);
    env.tx(gone.set_available(false)).await.unwrap();
    let application: Application = "factor".parse().unwrap();
    env.tx(other.register(application, &offer(1), message_key_of(&other), ETHER)).await.unwrap();
    // Numbers 1 to 3 are listed, 4 is not, 5 is of another application, 6 is nobody.
    for (start, first) in [(0, 1), (1, 1), (2, 2), (3, 3), (4, 1), (5, 1), (6, 1), (u32::MAX, 1)] {
        let quoted = quote(&env, &cleo, Order { start, ..order(1, 12) }).await;
        let worker = accounts[usize::try_from(first).unwrap() - 1];
        assert_eq!((quoted.start, quoted.workers), (first, vec![worker]), "start {start}");
    }
    let quoted = quote(&env, &cleo, Order { start: 2, ..order(2, 12) }).await;
    assert_eq!((quoted.start, &*quoted.workers), (2, &accounts[1..]));
    // The scan does not wrap around.
    let round = Order { start: 2, ..order(3, 12) };
    check_unbuyable(&env, &cleo, round, Reason::NotEnoughWorkers).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_workers_that_fit_the_order_are_chosen() {
    let env = TestEnv::new().await;
    let cleo = env.new_account().await;
    let mut accounts = Vec::new();
    for (promise, max_length) in [(8_999, 100), (9_000, 23), (9_000, 24), (9_500, 100)] {
        let deal = Offer { price: 5, max_length, promise, capacity: 1 };
        accounts.push(env.worker(deal).await.account().unwrap());
    }
    let who = async |order| quote(&env, &cleo, order).await.workers;
    assert_eq!(who(order(4, 23)).await, accounts);
    assert_eq!(who(order(3, 24)).await, [accounts[0], accounts[2], accounts[3]]);
    assert_eq!(who(order(2, 25)).await, [accounts[0], accounts[3]]);
    let picky = |uptime| Order { minUptime: uptime, ..order(1, 24) };
    assert_eq!(who(picky(8_999)).await, [accounts[0]]);
    assert_eq!(who(picky(9_000)).await, [accounts[2]]);
    assert_eq!(who(picky(9_001)).await, [accounts[3]]);
    check_unbuyable(&env, &cleo, picky(9_501), Reason::NotEnoughWorkers).await;
    let scored = Order { minScore: 1, ..order(1, 12) };
    check_unbuyable(&env, &cleo, scored, Reason::NotEnoughWorkers).await;

    // The default order asks for 9 000.
    let call = QuoteDefault { redundancy: U256::from(2), length: U256::from(24) };
    let usual = env.call(accounts[0], env.dispatcher, &call, 0).await.unwrap();
    assert_eq!(usual.workers, [accounts[2], accounts[3]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_than_sixty_four_are_looked_at() {
    let env = TestEnv::new().await;
    let mut accounts = Vec::new();
    for number in 1..=65 {
        let promise = if number < 64 { 5_000 } else { 9_000 + 500 * u16::from(number == 65) };
        let deal = Offer { promise, ..offer(number) };
        accounts.push(env.worker(deal).await.account().unwrap());
    }
    let cleo = env.new_account().await;
    let picky = |uptime| Order { minUptime: uptime, ..order(1, 12) };
    let quoted = quote(&env, &cleo, picky(9_000)).await;
    assert_eq!((quoted.start, quoted.workers), (64, vec![accounts[63]]));
    check_unbuyable(&env, &cleo, picky(9_500), Reason::NotEnoughWorkers).await;
    let nearer = Order { start: 2, ..picky(9_500) };
    let quoted = quote(&env, &cleo, nearer).await;
    assert_eq!((quoted.start, quoted.workers), (65, vec![accounts[64]]));
}
