//! Hiring chosen workers.

use alloy::primitives::{Address, U256};
use alloy::sol_types::SolCall;
use muster_client::protocol::abi::IWorkerDispatcher::{
    ContractBought, MalformedCall, hireCall, quote_2Call as QuoteHire,
};
use muster_client::protocol::abi::{Order, Quote, Reason};
use muster_client::{Application, Market, Offer, OrderRequest};

use crate::harness::expected::{dispatcher_error, dispatcher_event};
use crate::harness::receipts::probed;
use crate::harness::settlement::{paid_worker, run_to_settlement};
use crate::harness::{ETHER, TestEnv, agreement, message_key_of, offer};
use crate::quote::{check_purchase_refused, order};

/// The quote for hiring.
async fn quote_hire(env: &TestEnv, order: Order, workers: &[u32]) -> Quote {
    let call = QuoteHire { order, workers: workers.to_vec() };
    env.call(Address::ZERO, env.dispatcher, &call, 0).await.unwrap()
}

/// Workers that cannot be hired at any price: the quote and the purchase have the same reason.
async fn check_unhireable(
    env: &TestEnv,
    who: &Market,
    order: Order,
    workers: &[u32],
    reason: Reason,
) {
    let expected = Quote {
        reason,
        price: 0,
        start: 0,
        windows: order.windows,
        testers: order.testers,
        workers: vec![],
    };
    assert_eq!(quote_hire(env, order, workers).await, expected, "{workers:?}");
    let call = hireCall { order, workers: workers.to_vec() };
    check_purchase_refused(env, who, &call, ETHER, (reason, 0)).await;
}

/// Workers with numbers from 1 on, each a wei more expensive than the one before.
async fn register_workers(env: &TestEnv, count: u128) -> Vec<Market> {
    let mut workers = Vec::new();
    for price in 1..=count {
        workers.push(env.worker(offer(price)).await);
    }
    workers
}

#[tokio::test(flavor = "multi_thread")]
async fn hired_workers_are_paid_the_price_of_the_quote() {
    let env = TestEnv::new().await;
    let (workers, cleo) = (register_workers(&env, 4).await, env.new_account().await);
    let (testers, fee) = (env.testers(3).await, env.settings.minTesterFee);
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
    // The start of a scan does not matter.
    for start in [0, 1, 4, u32::MAX] {
        assert_eq!(quote_hire(&env, Order { start, ..wanted }, &[2, 4]).await, expected);
    }
    let call = hireCall { order: wanted, workers: vec![2, 4] };
    check_purchase_refused(&env, &cleo, &call, price - 1, (Reason::ValueTooLow, price)).await;
    check_purchase_refused(&env, &cleo, &call, 0, (Reason::ValueTooLow, price)).await;

    let before = env.rpc.balance(client).await;
    let agreement_at = env.call(client, env.dispatcher, &call, price + 7).await.unwrap();
    let receipt = env.send(&cleo, env.dispatcher, &call, price + 7).await.unwrap();
    let event = ContractBought {
        agreement: agreement_at,
        client,
        escrow: price,
        workers: accounts.clone(),
    };
    assert_eq!(env.events(&receipt), [dispatcher_event(event)]);
    assert_eq!(env.rpc.balance(agreement_at).await, price);
    let spent = before - env.rpc.balance(client).await;
    assert_eq!(spent, price + env.rpc.fee(&receipt).await);

    let purchase = env.tx(cleo.hire(&wanted, &[2, 4], price)).await.unwrap();
    assert_eq!((purchase.escrow, &purchase.workers), (price, &accounts));
    let terms = *agreement(&cleo, &purchase).await.terms();
    assert_eq!(terms.workers().map(|worker| worker.price).collect::<Vec<_>>(), [2, 4]);
    env.accept(&workers[1], &purchase).await;
    env.accept(&workers[3], &purchase).await;
    let report = [probed(0, "3333"), probed(1, "3333")].concat();
    let reports = [report.clone(), report.clone(), report];
    let settlement = run_to_settlement(&env, &testers, &purchase, &reports).await;
    let part = |index: usize, pay| paid_worker(&env, &workers[index], pay, 24, (4, 10_000, 12));
    assert_eq!(settlement.workers, [part(1, 48), part(3, 96)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn hiring_takes_exactly_these_workers_in_ascending_order_or_none() {
    let env = TestEnv::new().await;
    let (_, cleo) = (register_workers(&env, 3).await, env.new_account().await);
    let unfit = [[2, 1], [3, 2], [2, 2], [0, 1], [0, 0], [1, 4], [1, u32::MAX], [u32::MAX, 1]];
    for workers in unfit {
        check_unhireable(&env, &cleo, order(2, 12), &workers, Reason::WorkerUnfit).await;
    }
    for workers in [&[][..], &[1], &[1, 2, 3], &[1, 2, 3, 4, 5, 6, 7, 8]] {
        check_unhireable(&env, &cleo, order(2, 12), workers, Reason::Redundancy).await;
    }
    check_unhireable(&env, &cleo, order(0, 12), &[], Reason::Redundancy).await;
    assert_eq!(quote_hire(&env, order(2, 12), &[1, 3]).await.reason, Reason::None);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_listed_workers_of_the_application_are_hired() {
    let env = TestEnv::new().await;
    let (workers, cleo) = (register_workers(&env, 2).await, env.new_account().await);
    // Number 3 is of another application, 4 is a tester, 5 never was listed, 6 is nobody.
    let other = env.new_account().await;
    let application: Application = "factor".parse().unwrap();
    env.tx(other.register(application, &offer(1), message_key_of(&other), ETHER)).await.unwrap();
    env.testers(1).await;
    let poor = env.new_account().await;
    env.tx(poor.register(Application::default(), &offer(1), message_key_of(&poor), 0))
        .await
        .unwrap();
    for number in 3..=6 {
        check_unhireable(&env, &cleo, order(1, 12), &[number], Reason::WorkerUnfit).await;
        check_unhireable(&env, &cleo, order(2, 12), &[1, number], Reason::WorkerUnfit).await;
    }
    let other = Order { application: application.0, ..order(1, 12) };
    assert_eq!(quote_hire(&env, other, &[3]).await.reason, Reason::None);
    check_unhireable(&env, &cleo, other, &[1], Reason::WorkerUnfit).await;

    // A worker that leaves the book cannot be hired, until it is back.
    env.tx(workers[0].set_available(false)).await.unwrap();
    check_unhireable(&env, &cleo, order(1, 12), &[1], Reason::WorkerUnfit).await;
    env.tx(workers[0].set_available(true)).await.unwrap();
    assert_eq!(quote_hire(&env, order(1, 12), &[1]).await.reason, Reason::None);
    // Nor can one that is at its capacity.
    for _ in 0..2 {
        env.tx(cleo.hire(&order(1, 12), &[2], ETHER)).await.unwrap();
    }
    check_unhireable(&env, &cleo, order(1, 12), &[2], Reason::WorkerUnfit).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hired_workers_fit_the_order() {
    let env = TestEnv::new().await;
    let cleo = env.new_account().await;
    let deal = Offer { promise: 9_000, max_length: 24, ..offer(5) };
    env.worker(deal).await;
    env.worker(Offer { promise: 9_500, max_length: 50, ..offer(6) }).await;
    let unfit = [
        order(1, 25),
        Order { minUptime: 9_001, ..order(1, 12) },
        Order { minScore: 1, ..order(1, 12) },
    ];
    for wanted in unfit {
        check_unhireable(&env, &cleo, wanted, &[1], Reason::WorkerUnfit).await;
        // A worker that does not fit is not skipped.
        let both = Order { redundancy: U256::from(2), ..wanted };
        check_unhireable(&env, &cleo, both, &[1, 2], Reason::WorkerUnfit).await;
    }
    for wanted in [order(1, 24), Order { minUptime: 9_000, ..order(1, 12) }] {
        assert_eq!(quote_hire(&env, wanted, &[1]).await.reason, Reason::None);
    }
    // A reason to refuse any order also refuses this one, and comes first.
    let tested = Order { windows: 4, testers: 3, ..order(1, 24) };
    check_unhireable(&env, &cleo, tested, &[1], Reason::NotEnoughTesters).await;
    check_unhireable(&env, &cleo, order(1, 11), &[9], Reason::Length).await;
    let late = Order { expiry: 1, ..order(1, 12) };
    check_unhireable(&env, &cleo, late, &[1], Reason::Expired).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dust_in_the_book_does_not_stop_who_hires() {
    let env = TestEnv::new().await;
    let (workers, cleo) = (register_workers(&env, 70).await, env.new_account().await);
    // The cheapest sixty-nine are more than a scan looks at, and do not fit.
    let dear = &workers[69];
    env.tx(dear.update(&Offer { promise: 9_999, ..offer(70) })).await.unwrap();
    let wanted = Order { minUptime: 9_999, ..order(1, 12) };
    let scanned = cleo.quote(&OrderRequest::Custom(wanted)).await.unwrap();
    assert_eq!(scanned.reason, Reason::NotEnoughWorkers);
    let purchase = env.tx(cleo.hire(&wanted, &[70], 840)).await.unwrap();
    assert_eq!((purchase.workers, purchase.escrow), (vec![dear.account().unwrap()], 840));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_word_of_a_list_of_workers_is_named() {
    let env = TestEnv::new().await;
    register_workers(&env, 1).await;
    let from = env.new_account().await.account().unwrap();
    let big = U256::ONE << 32;
    // Nine words of the order, the offset of the list, its length, its content.
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
    let hire = hireCall { order: order(1, 12), workers: vec![1] }.abi_encode();
    let quote = QuoteHire { order: order(1, 12), workers: vec![1] }.abi_encode();
    for data in [hire, quote] {
        for (word, value, named) in cases {
            let mut data = data.clone();
            data[4 + word * 32..36 + word * 32].copy_from_slice(&value.to_be_bytes::<32>());
            let answer = env.rpc.call(from, env.dispatcher, data.into(), 0).await;
            let answer = answer.map_err(|data| env.revert_reason(env.dispatcher, &data));
            match named {
                Some(number) => {
                    let refusal = dispatcher_error(MalformedCall { word: number });
                    assert_eq!(answer, refusal, "word {word}");
                }
                // A length that no agreement has is not malformed.
                None => assert!(answer.is_ok()),
            }
        }
    }
}
