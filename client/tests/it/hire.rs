//! Hiring exactly the workers that one names.

use alloy::primitives::{Address, U256};
use alloy::sol_types::SolCall;
use muster_client::protocol::abi::IWorkerDispatcher::{
    ContractBought, MalformedCall, hireCall, quote_2Call as QuoteHire,
};
use muster_client::protocol::abi::{Order, Quote, Reason};
use muster_client::{Application, Market, Offer, Want};

use crate::harness::ends::{finish, paid};
use crate::harness::receipts::seen;
use crate::harness::words::{market, said};
use crate::harness::{ETHER, World, agreement, key, offer};
use crate::quote::{order, turned_away};

/// What hiring would cost.
async fn quoted(world: &World, order: Order, workers: &[u32]) -> Quote {
    let call = QuoteHire { order, workers: workers.to_vec() };
    world.ask(Address::ZERO, world.dispatcher, &call, 0).await.unwrap()
}

/// Workers that cannot be hired at any price: the quote says so, and so does the purchase.
async fn impossible(world: &World, who: &Market, order: Order, workers: &[u32], reason: Reason) {
    let expected = Quote {
        reason,
        price: 0,
        start: 0,
        windows: order.windows,
        testers: order.testers,
        workers: vec![],
    };
    assert_eq!(quoted(world, order, workers).await, expected, "{workers:?}");
    let call = hireCall { order, workers: workers.to_vec() };
    turned_away(world, who, &call, ETHER, (reason, 0)).await;
}

/// So many workers with numbers from 1 on, each a wei dearer than the one before.
async fn staff(world: &World, count: u128) -> Vec<Market> {
    let mut workers = Vec::new();
    for price in 1..=count {
        workers.push(world.worker(offer(price)).await);
    }
    workers
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_hired_works_at_the_price_of_the_quote() {
    let world = World::new().await;
    let (workers, cleo) = (staff(&world, 4).await, world.person().await);
    let (testers, fee) = (world.testers(3).await, world.settings.minTesterFee);
    let client = cleo.account().unwrap();
    let wanted = Order { windows: 4, testers: 3, ..order(2, 24) };
    let accounts = vec![workers[1].account().unwrap(), workers[3].account().unwrap()];
    let price = (2 + 4) * 24 + 2 * 12 * fee;
    let expected = Quote {
        reason: Reason::None,
        price,
        start: 2,
        windows: 4,
        testers: 3,
        workers: accounts.clone(),
    };
    // Where a scan would begin does not matter.
    for start in [0, 1, 4, u32::MAX] {
        assert_eq!(quoted(&world, Order { start, ..wanted }, &[2, 4]).await, expected);
    }
    let call = hireCall { order: wanted, workers: vec![2, 4] };
    turned_away(&world, &cleo, &call, price - 1, (Reason::ValueTooLow, price)).await;
    turned_away(&world, &cleo, &call, 0, (Reason::ValueTooLow, price)).await;

    let before = world.wire.balance(client).await;
    let agreement_at = world.ask(client, world.dispatcher, &call, price + 7).await.unwrap();
    let receipt = world.send(&cleo, world.dispatcher, &call, price + 7).await.unwrap();
    let event = ContractBought {
        agreement: agreement_at,
        client,
        escrow: price,
        workers: accounts.clone(),
    };
    assert_eq!(world.events(&receipt), [said(event)]);
    assert_eq!(world.wire.balance(agreement_at).await, price);
    let spent = before - world.wire.balance(client).await;
    assert_eq!(spent, price + world.wire.fee(&receipt).await);

    let purchase = world.tx(cleo.hire(&wanted, &[2, 4], price)).await.unwrap();
    assert_eq!((purchase.escrow, &purchase.workers), (price, &accounts));
    let terms = *agreement(&cleo, &purchase).await.terms();
    assert_eq!(terms.workers().map(|worker| worker.price).collect::<Vec<_>>(), [2, 4]);
    world.accept(&workers[1], &purchase).await;
    world.accept(&workers[3], &purchase).await;
    let report = vec![seen(0, 15, 15), seen(1, 15, 15)];
    let reports = [report.clone(), report.clone(), report];
    let settlement = finish(&world, &testers, &purchase, &reports).await;
    let part = |index: usize, pay| paid(&world, &workers[index], pay, 4, (4, 0, 12));
    assert_eq!(settlement.workers, [part(1, 48), part(3, 96)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn exactly_these_workers_in_ascending_order_or_nobody() {
    let world = World::new().await;
    let (_, cleo) = (staff(&world, 3).await, world.person().await);
    let unfit = [[2, 1], [3, 2], [2, 2], [0, 1], [0, 0], [1, 4], [1, u32::MAX], [u32::MAX, 1]];
    for workers in unfit {
        impossible(&world, &cleo, order(2, 8), &workers, Reason::WorkerUnfit).await;
    }
    for workers in [&[][..], &[1], &[1, 2, 3], &[1, 2, 3, 4, 5, 6, 7, 8]] {
        impossible(&world, &cleo, order(2, 8), workers, Reason::Redundancy).await;
    }
    impossible(&world, &cleo, order(0, 8), &[], Reason::Redundancy).await;
    assert_eq!(quoted(&world, order(2, 8), &[1, 3]).await.reason, Reason::None);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_listed_workers_of_the_application_are_hired() {
    let world = World::new().await;
    let (workers, cleo) = (staff(&world, 2).await, world.person().await);
    // Number 3 is of another application, 4 is a tester, 5 never was listed, 6 is nobody.
    let other = world.person().await;
    let application: Application = "factor".parse().unwrap();
    world.tx(other.register(application, &offer(1), key(&other), ETHER)).await.unwrap();
    world.testers(1).await;
    let poor = world.person().await;
    world.tx(poor.register(Application::default(), &offer(1), key(&poor), 0)).await.unwrap();
    for number in 3..=6 {
        impossible(&world, &cleo, order(1, 8), &[number], Reason::WorkerUnfit).await;
        impossible(&world, &cleo, order(2, 8), &[1, number], Reason::WorkerUnfit).await;
    }
    let theirs = Order { application: application.0, ..order(1, 8) };
    assert_eq!(quoted(&world, theirs, &[3]).await.reason, Reason::None);
    impossible(&world, &cleo, theirs, &[1], Reason::WorkerUnfit).await;

    // Who leaves the book is not for hire, until it is back.
    world.tx(workers[0].set_available(false)).await.unwrap();
    impossible(&world, &cleo, order(1, 8), &[1], Reason::WorkerUnfit).await;
    world.tx(workers[0].set_available(true)).await.unwrap();
    assert_eq!(quoted(&world, order(1, 8), &[1]).await.reason, Reason::None);
    // Nor is who has no room.
    for _ in 0..2 {
        world.tx(cleo.hire(&order(1, 8), &[2], ETHER)).await.unwrap();
    }
    impossible(&world, &cleo, order(1, 8), &[2], Reason::WorkerUnfit).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hired_workers_fit_the_order() {
    let world = World::new().await;
    let cleo = world.person().await;
    let deal = Offer { promise: 9_000, max_length: 24, ..offer(5) };
    world.worker(deal).await;
    world.worker(Offer { promise: 9_500, max_length: 50, ..offer(6) }).await;
    let unfit = [
        order(1, 25),
        Order { minUptime: 9_001, ..order(1, 8) },
        Order { minScore: 1, ..order(1, 8) },
    ];
    for wanted in unfit {
        impossible(&world, &cleo, wanted, &[1], Reason::WorkerUnfit).await;
        // One that does not fit is not passed over.
        let both = Order { redundancy: U256::from(2), ..wanted };
        impossible(&world, &cleo, both, &[1, 2], Reason::WorkerUnfit).await;
    }
    for wanted in [order(1, 24), Order { minUptime: 9_000, ..order(1, 8) }] {
        assert_eq!(quoted(&world, wanted, &[1]).await.reason, Reason::None);
    }
    // What stands against every order stands against this one, and comes first.
    let tested = Order { windows: 4, testers: 3, ..order(1, 24) };
    impossible(&world, &cleo, tested, &[1], Reason::NotEnoughTesters).await;
    impossible(&world, &cleo, order(1, 7), &[9], Reason::Length).await;
    let late = Order { expiry: 1, ..order(1, 8) };
    impossible(&world, &cleo, late, &[1], Reason::Expired).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dust_in_the_book_does_not_stop_who_hires() {
    let world = World::new().await;
    let (workers, cleo) = (staff(&world, 70).await, world.person().await);
    // The cheapest sixty-nine are too many to look at, and do not fit.
    let dear = &workers[69];
    world.tx(dear.update(&Offer { promise: 9_999, ..offer(70) })).await.unwrap();
    let wanted = Order { minUptime: 9_999, ..order(1, 8) };
    let scanned = cleo.quote(&Want::Order(wanted)).await.unwrap();
    assert_eq!(scanned.reason, Reason::NotEnoughWorkers);
    let purchase = world.tx(cleo.hire(&wanted, &[70], 560)).await.unwrap();
    assert_eq!((purchase.workers, purchase.escrow), (vec![dear.account().unwrap()], 560));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_word_of_a_list_of_workers_is_named() {
    let world = World::new().await;
    staff(&world, 1).await;
    let from = world.person().await.account().unwrap();
    let big = U256::ONE << 32;
    // Nine words of the order, where the list is, how long it is, what is in it.
    let cases = [
        (2, U256::MAX, None),
        (9, big, Some(9)),
        (9, U256::from(640), Some(20)),
        (10, U256::from(9), Some(10)),
        (10, big, Some(10)),
        (10, U256::from(2), Some(12)),
        (11, big, Some(11)),
        (3, U256::from(256), Some(3)),
    ];
    let hire = hireCall { order: order(1, 8), workers: vec![1] }.abi_encode();
    let quote = QuoteHire { order: order(1, 8), workers: vec![1] }.abi_encode();
    for data in [hire, quote] {
        for (word, value, named) in cases {
            let mut data = data.clone();
            data[4 + word * 32..36 + word * 32].copy_from_slice(&value.to_be_bytes::<32>());
            let answer = world.wire.call(from, world.dispatcher, data.into(), 0).await;
            let answer = answer.map_err(|data| world.refusal(world.dispatcher, &data));
            match named {
                Some(number) => {
                    let refusal = market(MalformedCall { word: number });
                    assert_eq!(answer, refusal, "word {word}");
                }
                // A length that no agreement has is no malformed one.
                None => assert!(answer.is_ok()),
            }
        }
    }
}
