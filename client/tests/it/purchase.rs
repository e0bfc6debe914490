//! Buying: the price, the terms, the refunds.

use alloy::primitives::{Address, FixedBytes, U256};
use muster_client::protocol::abi::IWorkAgreement::{
    applicationCall, clientCall, endCall, priceCall, redundancyCall, workersCall,
};
use muster_client::protocol::abi::IWorkerDispatcher::{
    ContractBought, CreationFailed, buyContract_0Call as BuyUsual, buyContract_1Call as BuyOrder,
    quote_0Call as QuoteUsual, quote_1Call as QuoteOrder,
};
use muster_client::protocol::abi::{Clock, Order, Quote, Reason, State};
use muster_client::protocol::course::Course;
use muster_client::protocol::layout::{Terms, TermsHeader, WorkerTerms};
use muster_client::protocol::settings;
use muster_client::{Market, Offer, Progress, Purchase};
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, prop_oneof, proptest};
use tokio::runtime::Runtime;

use crate::harness::expected::{dispatcher_error, dispatcher_event};
use crate::harness::{ETHER, TestEnv, agreement, offer};
use crate::quote::{check_purchase_refused, order, quote};

/// Buys with this value, and returns the result.
async fn buy_order(env: &TestEnv, who: &Market, order: Order, value: u128) -> Purchase {
    let client = who.account().unwrap();
    let call = BuyOrder { order };
    let answer = env.call(client, env.dispatcher, &call, value).await.unwrap();
    let receipt = env.send(who, env.dispatcher, &call, value).await.unwrap();
    let event = receipt.event::<ContractBought>(env.dispatcher).unwrap();
    let ContractBought { agreement, escrow, workers, .. } = event;
    assert_eq!((agreement, event.client), (answer, client));
    Purchase { agreement, escrow, workers, receipt }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_wei_too_little_comes_back_whole_and_one_too_many_comes_back() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (env.worker(offer(1_000)).await, env.new_account().await);
    env.testers(3).await;
    let client = cleo.account().unwrap();
    let price = 24 * 1_000 + 4 * 3 * env.settings.minTesterFee;
    let usual = (U256::ONE, U256::from(24));
    let (redundancy, length) = usual;
    let quoted = env.call(client, env.dispatcher, &QuoteUsual { redundancy, length }, 0).await;
    let workers = vec![ada.account().unwrap()];
    let expected = Quote { reason: Reason::None, price, start: 1, windows: 4, testers: 3, workers };
    assert_eq!(quoted, Ok(expected));

    let call = BuyUsual { redundancy, length };
    check_purchase_refused(&env, &cleo, &call, price - 1, (Reason::ValueTooLow, price)).await;
    check_purchase_refused(&env, &cleo, &call, 0, (Reason::ValueTooLow, price)).await;
    let tested = Order { windows: 4, testers: 3, ..order(1, 24) };
    let by_order = BuyOrder { order: tested };
    check_purchase_refused(&env, &cleo, &by_order, price - 1, (Reason::ValueTooLow, price)).await;

    for value in [price, price + 1, price + 5 * ETHER] {
        let before = env.rpc.balance(client).await;
        let agreement = env.call(client, env.dispatcher, &call, value).await.unwrap();
        let receipt = env.send(&cleo, env.dispatcher, &call, value).await.unwrap();
        let workers = vec![ada.account().unwrap()];
        let event = ContractBought { agreement, client, escrow: price, workers };
        // The worker has a capacity of two.
        assert_eq!(env.events(&receipt)[0], dispatcher_event(event));
        assert_eq!(env.rpc.balance(agreement).await, price);
        let spent = before - env.rpc.balance(client).await;
        assert_eq!(spent, price + env.rpc.fee(&receipt).await);
        env.advance(env.settings.acceptWindow + 1).await;
        let purchase = Purchase { agreement, escrow: price, workers: vec![], receipt };
        env.settle(&cleo, &purchase).await;
        // A worker that did not accept sets itself available again.
        env.tx(ada.set_available(true)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_has_the_terms_that_were_bought() {
    for clock in [Clock::Second, Clock::ArbBlock] {
        let env = TestEnv::with(settings::dev(clock)).await;
        let (dear, length) = (100_000_000_000_000_003, 25);
        let ada = env.worker(Offer { promise: 9_876, ..offer(7) }).await;
        let ben = env.worker(Offer { max_length: 50, ..offer(dear) }).await;
        let cleo = env.new_account().await;
        env.testers(3).await;
        let wanted = Order { windows: 4, testers: 3, ..order(2, length) };
        let price = quote(&env, &cleo, wanted).await.price;
        let tick = env.next_tick().await;
        let purchase = buy_order(&env, &cleo, wanted, price).await;

        // A window is six ticks; a fee is a hundredth of its price, rounded down; a bond is a tenth
        // of the whole price, rounded up.
        let fee = 6_000_000_000_000_000;
        let bond = 250_000_000_000_000_008;
        let (least_fee, least_bond) = (env.settings.minTesterFee, env.settings.minBond);
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
            dispatcher: env.dispatcher,
            client: cleo.account().unwrap(),
            number: 1,
            application: FixedBytes::ZERO,
            seconds: clock == Clock::Second,
            purchased: tick,
            block: purchase.receipt.block,
            length: 25,
            accept_window: env.settings.acceptWindow,
            report_window: env.settings.reportWindow,
            windows: 4,
            testers: 3,
            bond_bps: env.settings.bondBps,
            min_bond: least_bond,
            tester_fee_bps: env.settings.testerFeeBps,
            min_tester_fee: least_fee,
            min_length: env.settings.minLength,
            probes: env.settings.probes,
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
        assert_eq!(env.call(anybody, to, &clientCall {}, 0).await, Ok(head.client));
        assert_eq!(env.call(anybody, to, &workersCall {}, 0).await, Ok(accounts.to_vec()));
        assert_eq!(env.call(anybody, to, &priceCall {}, 0).await, Ok(7 + dear));
        assert_eq!(env.call(anybody, to, &redundancyCall {}, 0).await, Ok(2));
        assert_eq!(env.call(anybody, to, &applicationCall {}, 0).await, Ok(FixedBytes::ZERO));
        assert_eq!(env.call(anybody, to, &endCall {}, 0).await, Ok(0));
        assert_eq!(seen.state().await.unwrap(), State::Offered);
        let course = Course { planned: 25, ..Course::default() };
        let none = Progress { course, seed: [0; 16], released: 0, freed: false };
        assert_eq!(seen.progress().await.unwrap(), none);
        let locked = ben.worker(accounts[1]).await.unwrap();
        assert_eq!((locked.active, locked.locked), (1, bond));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_purchases_are_different_agreements() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (env.worker(offer(7)).await, env.new_account().await);
    let first = buy_order(&env, &cleo, order(1, 12), 84).await;
    let second = buy_order(&env, &cleo, order(1, 12), 84).await;
    assert_ne!(first.agreement, second.agreement);
    let numbers = [&first, &second]
        .map(async |purchase| agreement(&ada, purchase).await.terms().header.number);
    let [one, two] = numbers;
    assert_eq!((one.await, two.await), (1, 2));
    assert_eq!(ada.agreements().await.unwrap(), [first.agreement, second.agreement]);
}

/// CREATE2 alone cannot cause this: no two agreements have the same terms.
#[tokio::test(flavor = "multi_thread")]
async fn no_agreement_is_created_at_an_address_in_use() {
    let env = TestEnv::new().await;
    let (_, cleo) = (env.worker(offer(7)).await, env.new_account().await);
    let (from, call) = (cleo.account().unwrap(), BuyOrder { order: order(1, 12) });
    let address = env.call(from, env.dispatcher, &call, 84).await.unwrap();
    env.rpc.set_code(address).await;
    let refusal = dispatcher_error(CreationFailed {});
    assert_eq!(env.send(&cleo, env.dispatcher, &call, 84).await, refusal);
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_workers_are_quoted_and_bought_at_once() {
    let env = TestEnv::new().await;
    let mut accounts = Vec::new();
    for price in 1..=9 {
        accounts.push(env.worker(offer(price)).await.account().unwrap());
    }
    let cleo = env.new_account().await;
    let quoted = quote(&env, &cleo, order(8, 12)).await;
    assert_eq!((quoted.price, quoted.start, &*quoted.workers), (36 * 12, 1, &accounts[..8]));
    let purchase = buy_order(&env, &cleo, order(8, 12), 36 * 12).await;
    assert_eq!(purchase.workers, accounts[..8]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_enough_testers_the_default_order_is_untested() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (env.worker(offer(10)).await, env.new_account().await);
    env.testers(2).await;
    let call = QuoteUsual { redundancy: U256::ONE, length: U256::from(1_000) };
    let usual = async || env.call(Address::ZERO, env.dispatcher, &call, 0).await.unwrap();
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
    env.testers(1).await;
    let price = 10_000 + 4 * 3 * env.settings.minTesterFee;
    assert_eq!(usual().await, Quote { price, windows: 4, testers: 3, ..untested });
    // The same holds when the next epoch has come and no tester checked in for it.
    env.advance(2 * env.settings.epochLength).await;
    assert_eq!(usual().await.testers, 0);
    buy_order(&env, &cleo, order(1, 1_000), 10_000).await;
}

/// Any order that might be bought, and some that cannot.
fn orders() -> impl Strategy<Value = Order> {
    let testers = prop_oneof![Just(0), Just(3), Just(5), Just(4)];
    let length = prop_oneof![12..60_u64, 990..1_010_u64];
    let picky = prop_oneof![Just(0), Just(9_000), Just(9_500)];
    (0..9_u64, length, 1..6_u8, testers, picky, 0..10_u32).prop_map(
        |(redundancy, length, windows, testers, uptime, start)| {
            let windows = if testers == 0 { windows.min(2) } else { windows };
            Order { windows, testers, minUptime: uptime, start, ..order(redundancy, length) }
        },
    )
}

/// The price of an order by the rules, for workers at these prices, computed independently.
fn expected_price(env: &TestEnv, order: &Order, prices: impl Iterator<Item = u128>) -> u128 {
    let length: u128 = order.length.to();
    let (windows, testers) = (u128::from(order.windows), u128::from(order.testers));
    let fee = |price: u128| (price * (length / windows) / 100).max(env.settings.minTesterFee);
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
    fn the_quoted_price_is_charged(orders in vec(orders(), 40)) {
        Runtime::new().unwrap().block_on(async {
            let env = TestEnv::new().await;
            for number in 1..=9_u16 {
                let price = u128::from(number) * 700_000_000_000_001;
                let promise = 8_000 + number % 4 * 500;
                let max_length = 1_000 + u32::from(number % 2);
                let deal = Offer { price, max_length, promise, capacity: 500 };
                env.tx(env.worker(deal).await.stake(100 * ETHER)).await.unwrap();
            }
            env.testers(3).await;
            let cleo = env.new_account().await;
            for order in orders {
                let quoted = quote(&env, &cleo, order).await;
                let call = BuyOrder { order };
                if quoted.reason != Reason::None {
                    check_purchase_refused(&env, &cleo, &call, ETHER, (quoted.reason, 0)).await;
                    continue;
                }
                let short = (Reason::ValueTooLow, quoted.price);
                check_purchase_refused(&env, &cleo, &call, quoted.price - 1, short).await;
                let purchase = buy_order(&env, &cleo, order, quoted.price).await;
                assert_eq!((purchase.escrow, &purchase.workers), (quoted.price, &quoted.workers));
                let terms = *agreement(&cleo, &purchase).await.terms();
                let prices = terms.workers().map(|worker| worker.price);
                assert_eq!(quoted.price, expected_price(&env, &order, prices));
                assert_eq!(env.rpc.balance(purchase.agreement).await, quoted.price);
            }
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn views_change_nothing() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (env.worker(offer(7)).await, env.new_account().await);
    let before = ada.worker(ada.account().unwrap()).await.unwrap();
    let call = QuoteOrder { order: order(1, 12) };
    let receipt = env.send_to_dispatcher(&cleo, &call).await.unwrap();
    assert!(receipt.logs.is_empty());
    assert_eq!(ada.worker(ada.account().unwrap()).await.unwrap(), before);
}
