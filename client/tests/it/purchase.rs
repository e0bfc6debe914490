//! Buying: what is charged, what is agreed, what comes back.

use alloy::primitives::{Address, FixedBytes, U256};
use muster_client::protocol::abi::IWorkAgreement::{
    applicationCall, clientCall, endCall, priceCall, redundancyCall, workersCall,
};
use muster_client::protocol::abi::IWorkerDispatcher::{
    ContractBought, CreationFailed, buyContract_0Call as BuyUsual, buyContract_1Call as BuyOrder,
    quote_0Call as QuoteUsual, quote_1Call as QuoteOrder,
};
use muster_client::protocol::abi::{Clock, Order, Quote, Reason, State};
use muster_client::protocol::layout::{Terms, TermsHeader, WorkerTerms};
use muster_client::protocol::settings;
use muster_client::{Market, Offer, Progress, Purchase};
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, prop_oneof, proptest};
use tokio::runtime::Runtime;

use crate::harness::words::{market, said};
use crate::harness::{ETHER, World, agreement, offer};
use crate::quote::{order, quote, turned_away};

/// Buys by an order with this value, and says what came of it.
async fn bought(world: &World, who: &Market, order: Order, value: u128) -> Purchase {
    let client = who.account().unwrap();
    let call = BuyOrder { order };
    let answer = world.ask(client, world.dispatcher, &call, value).await.unwrap();
    let receipt = world.send(who, world.dispatcher, &call, value).await.unwrap();
    let event = receipt.event::<ContractBought>(world.dispatcher).unwrap();
    let ContractBought { agreement, escrow, workers, .. } = event;
    assert_eq!((agreement, event.client), (answer, client));
    Purchase { agreement, escrow, workers, receipt }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_wei_too_little_comes_back_whole_and_one_too_many_comes_back() {
    let world = World::new().await;
    let (ada, cleo) = (world.worker(offer(1_000)).await, world.person().await);
    world.testers(3).await;
    let client = cleo.account().unwrap();
    let price = 24 * 1_000 + 4 * 3 * world.settings.minTesterFee;
    let usual = (U256::ONE, U256::from(24));
    let (redundancy, length) = usual;
    let quoted = world.ask(client, world.dispatcher, &QuoteUsual { redundancy, length }, 0).await;
    let workers = vec![ada.account().unwrap()];
    let expected = Quote { reason: Reason::None, price, start: 1, windows: 4, testers: 3, workers };
    assert_eq!(quoted, Ok(expected));

    let call = BuyUsual { redundancy, length };
    turned_away(&world, &cleo, &call, price - 1, (Reason::ValueTooLow, price)).await;
    turned_away(&world, &cleo, &call, 0, (Reason::ValueTooLow, price)).await;
    let tested = Order { windows: 4, testers: 3, ..order(1, 24) };
    let by_order = BuyOrder { order: tested };
    turned_away(&world, &cleo, &by_order, price - 1, (Reason::ValueTooLow, price)).await;

    for value in [price, price + 1, price + 5 * ETHER] {
        let before = world.wire.balance(client).await;
        let agreement = world.ask(client, world.dispatcher, &call, value).await.unwrap();
        let receipt = world.send(&cleo, world.dispatcher, &call, value).await.unwrap();
        let workers = vec![ada.account().unwrap()];
        let event = ContractBought { agreement, client, escrow: price, workers };
        // The worker has room for two.
        assert_eq!(world.events(&receipt)[0], said(event));
        assert_eq!(world.wire.balance(agreement).await, price);
        let spent = before - world.wire.balance(client).await;
        assert_eq!(spent, price + world.wire.fee(&receipt).await);
        world.pass(world.settings.acceptWindow + 1).await;
        let purchase = Purchase { agreement, escrow: price, workers: vec![], receipt };
        world.settle(&cleo, &purchase).await;
        // Who did not accept says that it is there again.
        world.tx(ada.set_available(true)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_says_what_was_bought() {
    for clock in [Clock::Second, Clock::ArbBlock] {
        let world = World::with(settings::dev(clock)).await;
        let (dear, length) = (100_000_000_000_000_003, 25);
        let ada = world.worker(Offer { promise: 9_876, ..offer(7) }).await;
        let ben = world.worker(Offer { max_length: 50, ..offer(dear) }).await;
        let cleo = world.person().await;
        world.testers(3).await;
        let wanted = Order { windows: 4, testers: 3, ..order(2, length) };
        let price = quote(&world, &cleo, wanted).await.price;
        let tick = world.tick().await;
        let purchase = bought(&world, &cleo, wanted, price).await;

        // A window is six ticks; a fee is a hundredth of its price, rounded down; a bond is a tenth of
        // the whole price, rounded up.
        let fee = 6_000_000_000_000_000;
        let bond = 250_000_000_000_000_008;
        let (least_fee, least_bond) = (world.settings.minTesterFee, world.settings.minBond);
        let workers = [
            WorkerTerms {
                account: ada.account().unwrap(),
                price: 7,
                promise: 9_876,
                fee: least_fee,
                bond: least_bond,
                misses: 0,
            },
            WorkerTerms {
                account: ben.account().unwrap(),
                price: dear,
                promise: 9_000,
                fee,
                bond,
                misses: 0,
            },
        ];
        let head = TermsHeader {
            dispatcher: world.dispatcher,
            client: cleo.account().unwrap(),
            number: 1,
            application: FixedBytes::ZERO,
            seconds: clock == Clock::Second,
            purchased: tick,
            block: purchase.receipt.block,
            length: 25,
            accept_window: world.settings.acceptWindow,
            report_window: world.settings.reportWindow,
            windows: 4,
            testers: 3,
            bond_bps: world.settings.bondBps,
            min_bond: least_bond,
            tester_fee_bps: world.settings.testerFeeBps,
            min_tester_fee: least_fee,
            // Eight ticks are the shortest agreement.
            min_paid_windows: 2,
            epoch: cleo.epoch().await.unwrap(),
            pool: 3,
            redundancy: 2,
        };
        let seen = agreement(&cleo, &purchase).await;
        assert_eq!(*seen.terms(), Terms::new(head, workers));
        let escrow = (7 + dear) * 25 + 4 * 3 * (least_fee + fee);
        assert_eq!((price, purchase.escrow), (escrow, escrow));

        let to = purchase.agreement;
        let anybody = Address::ZERO;
        let accounts = workers.map(|worker| worker.account);
        assert_eq!(world.ask(anybody, to, &clientCall {}, 0).await, Ok(head.client));
        assert_eq!(world.ask(anybody, to, &workersCall {}, 0).await, Ok(accounts.to_vec()));
        assert_eq!(world.ask(anybody, to, &priceCall {}, 0).await, Ok(7 + dear));
        assert_eq!(world.ask(anybody, to, &redundancyCall {}, 0).await, Ok(2));
        assert_eq!(world.ask(anybody, to, &applicationCall {}, 0).await, Ok(FixedBytes::ZERO));
        assert_eq!(world.ask(anybody, to, &endCall {}, 0).await, Ok(0));
        assert_eq!(seen.state().await.unwrap(), State::Offered);
        let none = Progress { start: 0, seed: [0; 16], accepted: 0, windows: 4, resigned: 0 };
        assert_eq!(seen.progress().await.unwrap(), none);
        let locked = ben.worker(accounts[1]).await.unwrap();
        assert_eq!((locked.active, locked.locked), (1, bond));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_purchases_are_different_agreements() {
    let world = World::new().await;
    let (ada, cleo) = (world.worker(offer(7)).await, world.person().await);
    let first = bought(&world, &cleo, order(1, 8), 56).await;
    let second = bought(&world, &cleo, order(1, 8), 56).await;
    assert_ne!(first.agreement, second.agreement);
    let numbers =
        [&first, &second].map(async |purchase| agreement(&ada, purchase).await.terms().header.number);
    let [one, two] = numbers;
    assert_eq!((one.await, two.await), (1, 2));
    assert_eq!(ada.agreements().await.unwrap(), [first.agreement, second.agreement]);
}

/// Cannot happen by CREATE2 alone: no two agreements have the same terms.
#[tokio::test(flavor = "multi_thread")]
async fn where_an_account_is_no_agreement_is_made() {
    let world = World::new().await;
    let (_, cleo) = (world.worker(offer(7)).await, world.person().await);
    let (from, call) = (cleo.account().unwrap(), BuyOrder { order: order(1, 8) });
    let address = world.ask(from, world.dispatcher, &call, 56).await.unwrap();
    world.wire.occupy(address).await;
    let refusal = market(CreationFailed {});
    assert_eq!(world.send(&cleo, world.dispatcher, &call, 56).await, refusal);
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_workers_are_quoted_and_bought_at_once() {
    let world = World::new().await;
    let mut accounts = Vec::new();
    for price in 1..=9 {
        accounts.push(world.worker(offer(price)).await.account().unwrap());
    }
    let cleo = world.person().await;
    let quoted = quote(&world, &cleo, order(8, 8)).await;
    assert_eq!((quoted.price, quoted.start, &*quoted.workers), (36 * 8, 1, &accounts[..8]));
    let purchase = bought(&world, &cleo, order(8, 8), 36 * 8).await;
    assert_eq!(purchase.workers, accounts[..8]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_enough_testers_the_usual_order_is_untested() {
    let world = World::new().await;
    let (ada, cleo) = (world.worker(offer(10)).await, world.person().await);
    world.testers(2).await;
    let call = QuoteUsual { redundancy: U256::ONE, length: U256::from(1_000) };
    let usual = async || world.ask(Address::ZERO, world.dispatcher, &call, 0).await.unwrap();
    let workers = vec![ada.account().unwrap()];
    let untested = Quote {
        reason: Reason::None,
        price: 10_000,
        start: 1,
        windows: 1,
        testers: 0,
        workers: workers.clone(),
    };
    assert_eq!(usual().await, untested);
    world.testers(1).await;
    let price = 10_000 + 4 * 3 * world.settings.minTesterFee;
    assert_eq!(usual().await, Quote { price, windows: 4, testers: 3, ..untested });
    // So it is again when the next epoch has come and nobody checked in for it.
    world.pass(2 * world.settings.epochLength).await;
    assert_eq!(usual().await.testers, 0);
    bought(&world, &cleo, order(1, 1_000), 10_000).await;
}

/// Any order that might be bought, and some that cannot.
fn orders() -> impl Strategy<Value = Order> {
    let testers = prop_oneof![Just(0), Just(3), Just(5), Just(4)];
    let length = prop_oneof![8..60_u64, 990..1_010_u64];
    let picky = prop_oneof![Just(0), Just(9_000), Just(9_500)];
    (0..9_u64, length, 1..6_u8, testers, picky, 0..10_u32).prop_map(
        |(redundancy, length, windows, testers, uptime, start)| {
            let windows = if testers == 0 { windows.min(2) } else { windows };
            Order { windows, testers, minUptime: uptime, start, ..order(redundancy, length) }
        },
    )
}

/// What an order costs by the rules, for workers at these prices, in arithmetic of its own.
fn cost(world: &World, order: &Order, prices: impl Iterator<Item = u128>) -> u128 {
    let length: u128 = order.length.to();
    let (windows, testers) = (u128::from(order.windows), u128::from(order.testers));
    let fee = |price: u128| (price * (length / windows) / 100).max(world.settings.minTesterFee);
    prices.map(|price| price * length + fee(price) * windows * testers).sum()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1,
        max_shrink_iters: 30,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_is_quoted_is_what_is_charged(orders in vec(orders(), 40)) {
        Runtime::new().unwrap().block_on(async {
            let world = World::new().await;
            for number in 1..=9_u16 {
                let price = u128::from(number) * 700_000_000_000_001;
                let promise = 8_000 + number % 4 * 500;
                let max_length = 1_000 + u32::from(number % 2);
                let deal = Offer { price, max_length, promise, capacity: 500 };
                world.tx(world.worker(deal).await.stake(100 * ETHER)).await.unwrap();
            }
            world.testers(3).await;
            let cleo = world.person().await;
            for order in orders {
                let quoted = quote(&world, &cleo, order).await;
                let call = BuyOrder { order };
                if quoted.reason != Reason::None {
                    turned_away(&world, &cleo, &call, ETHER, (quoted.reason, 0)).await;
                    continue;
                }
                let short = (Reason::ValueTooLow, quoted.price);
                turned_away(&world, &cleo, &call, quoted.price - 1, short).await;
                let purchase = bought(&world, &cleo, order, quoted.price).await;
                assert_eq!((purchase.escrow, &purchase.workers), (quoted.price, &quoted.workers));
                let terms = *agreement(&cleo, &purchase).await.terms();
                let prices = terms.workers().map(|worker| worker.price);
                assert_eq!(quoted.price, cost(&world, &order, prices));
                assert_eq!(world.wire.balance(purchase.agreement).await, quoted.price);
            }
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_changes_nothing() {
    let world = World::new().await;
    let (ada, cleo) = (world.worker(offer(7)).await, world.person().await);
    let before = ada.worker(ada.account().unwrap()).await.unwrap();
    let call = QuoteOrder { order: order(1, 8) };
    let receipt = world.tell(&cleo, &call).await.unwrap();
    assert!(receipt.logs.is_empty());
    assert_eq!(ada.worker(ada.account().unwrap()).await.unwrap(), before);
}
