//! Views for readers without logs: pages of a book, the market's creation, calls that are open.

use alloy::primitives::{Address, FixedBytes, U256};
use muster_client::protocol::abi::IWorkAgreement::{WindowUnknown, sharesCall};
use muster_client::protocol::abi::IWorkerDispatcher::{createdAtCall, listedWorkersCall};
use muster_client::protocol::abi::{Clock, Order};
use muster_client::protocol::settings;
use muster_client::{Application, OpenCalls, OrderRequest};

use crate::harness::expected::agreement_error;
use crate::harness::{ETHER, TestEnv, agreement, message_key_of, offer};
use crate::quote::order;

/// The numbers on a page of the book of an application.
async fn page(env: &TestEnv, application: FixedBytes<8>, from: u32, count: u32) -> Vec<u32> {
    let call = listedWorkersCall { application, from, count };
    let workers = env.call(Address::ZERO, env.dispatcher, &call, 0).await.unwrap();
    assert!(workers.iter().all(|worker| worker.listed && worker.application == application));
    workers.iter().map(|worker| worker.number).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_listed_workers_are_in_the_order_of_the_book() {
    let env = TestEnv::new().await;
    // Twenty workers, the last one the cheapest; number 3 is not listed, 21 is of another application.
    let mut workers = Vec::new();
    for number in 1..=20 {
        workers.push(env.worker(offer(100 - number)).await);
    }
    env.tx(workers[2].set_available(false)).await.unwrap();
    let other = env.new_account().await;
    let factor: Application = "factor".parse().unwrap();
    env.tx(other.register(factor, &offer(1), message_key_of(&other), ETHER)).await.unwrap();
    let none = FixedBytes::ZERO;
    let sorted: Vec<u32> = (1..=20).rev().filter(|number| *number != 3).collect();
    assert_eq!(page(&env, none, 0, 16).await, sorted[..16]);
    assert_eq!(page(&env, none, 0, u32::MAX).await, sorted[..16]);
    assert_eq!(page(&env, none, 20, 3).await, [20, 19, 18]);
    // The next page begins at the number that follows the last one.
    let last = workers[usize::try_from(sorted[15] - 1).unwrap()].account().unwrap();
    let next = other.worker(last).await.unwrap().next;
    assert_eq!(next, sorted[16]);
    assert_eq!(page(&env, none, next, 16).await, sorted[16..]);
    assert_eq!(page(&env, none, 1, 5).await, [1]);
    assert_eq!(page(&env, factor.0, 0, 16).await, [21]);
    for (application, from, count) in [
        (none, 0, 0),
        (none, 3, 5),
        (none, 21, 5),
        (none, 22, 5),
        (none, u32::MAX, 5),
        (factor.0, 1, 5),
        (FixedBytes([7; 8]), 0, 5),
    ] {
        assert!(page(&env, application, from, count).await.is_empty(), "from {from}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_block_of_the_markets_creation_can_be_read() {
    let env = TestEnv::new().await;
    let created = env.call(Address::ZERO, env.dispatcher, &createdAtCall {}, 0).await.unwrap();
    let before = env.rpc.code_at(env.dispatcher, created - 1).await;
    let after = env.rpc.code_at(env.dispatcher, created).await;
    assert_eq!((before.is_empty(), after.is_empty()), (true, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_open_calls_are_named_with_the_ticks_that_close_them() {
    for clock in [Clock::Second, Clock::ArbBlock] {
        let env = TestEnv::with(settings::dev(clock)).await;
        let (ada, cleo) = (env.worker(offer(1)).await, env.new_account().await);
        env.worker(offer(2)).await;
        env.testers(3).await;
        let wanted = Order { windows: 4, testers: 3, ..order(2, 24) };
        let purchase = env.buy(&cleo, OrderRequest::Custom(wanted)).await;
        let view = agreement(&cleo, &purchase).await;
        let last_accept = view.terms().header.purchased + u64::from(env.settings.acceptWindow);
        let check = async |end: u64, due: u64, names: &[&str]| {
            let tick = env.next_tick().await;
            let calls = view.open_calls().await.unwrap();
            assert_eq!(calls, OpenCalls { tick, open: calls.open, last_accept, end, due });
            assert_eq!(calls.names().collect::<Vec<_>>(), names, "in {tick}");
        };
        check(0, last_accept + 1, &["accept"]).await;
        let start = env.next_tick().await;
        env.accept(&ada, &purchase).await;
        let end = start + 24;
        let due = end + u64::from(env.settings.reportWindow);
        check(end, due, &["accept", "cancel", "resign"]).await;
        env.advance_to(last_accept + 1).await;
        check(end, due, &["cancel", "resign", "release"]).await;
        env.tx(view.release()).await.unwrap();
        check(end, due, &["cancel", "resign"]).await;
        env.advance_to(start + 12).await;
        check(end, due, &["resign"]).await;
        env.advance_to(end).await;
        check(end, due, &["release", "report"]).await;
        env.tx(view.release()).await.unwrap();
        check(end, due, &["report"]).await;
        env.advance_to(due).await;
        check(end, due, &["settle"]).await;
        env.settle(&cleo, &purchase).await;
        check(end, due, &[]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shares_of_a_window_that_the_terms_do_not_have_are_refused() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (env.worker(offer(1)).await, env.new_account().await);
    env.testers(3).await;
    let purchase = env.buy(&cleo, OrderRequest::Default { redundancy: 1, length: 12 }).await;
    env.accept(&ada, &purchase).await;
    for window in [U256::from(2), U256::from(256), U256::MAX] {
        let call = sharesCall { index: 0, window };
        let answer = env.call(Address::ZERO, purchase.agreement, &call, 0).await;
        let refusal = agreement_error::<()>(WindowUnknown { window, windows: 2 });
        assert_eq!(answer.err(), refusal.err());
    }
    let view = agreement(&cleo, &purchase).await;
    assert_eq!(view.shares(0, 1).await.unwrap(), [None; 3]);
}
