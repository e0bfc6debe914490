//! The book: its order, and who is in it.

use alloy::primitives::FixedBytes;
use muster_client::protocol::abi::IWorkAgreement::settleCall;
use muster_client::protocol::abi::IWorkerDispatcher::{
    Listed, NotListable, Unlisted, WorkerRegistered, WorkerUpdated, listCall, registerWorkerCall,
    setAvailableCall, setPriceCall, stakeCall,
};
use muster_client::{Market, MarketEvent, Offer, OrderRequest, Receipt};

use crate::harness::expected::{dispatcher_error, dispatcher_event};
use crate::harness::{ETHER, TestEnv, message_key_of, offer};
use crate::workers::registration;

/// The numbers in the book of application 0, cheapest first. Checks its counters as well.
pub(crate) async fn book(who: &Market) -> Vec<u32> {
    let book = who.book(FixedBytes::ZERO).await.unwrap();
    let all = who.workers().await.unwrap();
    let ours: Vec<_> = all.iter().filter(|worker| worker.application.is_zero()).collect();
    assert_eq!(usize::try_from(book.registered).unwrap(), ours.len());
    let mut numbers = Vec::new();
    let mut next = book.head;
    while next != 0 {
        assert!(numbers.len() < ours.len(), "the book has a cycle");
        numbers.push(next);
        next = ours.iter().find(|worker| worker.number == next).unwrap().next;
    }
    assert_eq!(usize::try_from(book.listed).unwrap(), numbers.len());
    for worker in ours {
        assert_eq!(worker.listed, numbers.contains(&worker.number), "{}", worker.number);
        assert!(worker.listed || worker.next == 0);
    }
    numbers
}

/// Workers of application 0 at these prices, each registered with the hint 0.
async fn register_at_prices(env: &TestEnv, prices: &[u128]) -> Vec<Market> {
    let mut workers = Vec::new();
    for price in prices {
        let who = env.new_account().await;
        let call = registerWorkerCall { price: *price, ..registration(&who) };
        env.send(&who, env.dispatcher, &call, ETHER).await.unwrap();
        workers.push(who);
    }
    workers
}

/// The events of a transaction that are about the book.
fn listing_events(env: &TestEnv, receipt: &Receipt) -> Vec<MarketEvent> {
    let others = |event: &MarketEvent| {
        use muster_client::protocol::abi::IWorkerDispatcher::IWorkerDispatcherEvents as E;
        matches!(event, MarketEvent::Dispatcher(E::Listed(_) | E::Unlisted(_)))
    };
    env.events(receipt).into_iter().filter(others).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_book_is_sorted_by_price_then_by_arrival() {
    let env = TestEnv::new().await;
    let workers = register_at_prices(&env, &[5, 3, 5, 1, 3, 6]).await;
    assert_eq!(book(&workers[0]).await, [4, 2, 5, 1, 3, 6]);
    // A worker that is moved, even to its own price, goes behind its equals.
    env.send_to_dispatcher(&workers[1], &setPriceCall { price: 3, hint: 0 }).await.unwrap();
    assert_eq!(book(&workers[0]).await, [4, 5, 2, 1, 3, 6]);
    env.send_to_dispatcher(&workers[3], &setPriceCall { price: 9, hint: 0 }).await.unwrap();
    assert_eq!(book(&workers[0]).await, [5, 2, 1, 3, 6, 4]);
    env.send_to_dispatcher(&workers[0], &setAvailableCall { available: false, hint: 0 })
        .await
        .unwrap();
    assert_eq!(book(&workers[0]).await, [5, 2, 3, 6, 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_hint_leads_to_a_wrong_place() {
    let env = TestEnv::new().await;
    let workers = register_at_prices(&env, &[2, 4, 6, 8, 5]).await;
    env.send_to_dispatcher(&workers[3], &setAvailableCall { available: false, hint: 0 })
        .await
        .unwrap();
    let other = env.new_account().await;
    let application = "factor".parse::<muster_client::Application>().unwrap();
    env.tx(other.register(application, &offer(1), message_key_of(&other), ETHER)).await.unwrap();
    assert_eq!(book(&other).await, [1, 2, 5, 3]);
    // Right; too early; too expensive; unlisted; of another application; its own; of no worker.
    for hint in [2, 1, 3, 4, 6, 5, 7, u32::MAX, 0] {
        for (price, expected) in [(5, [1, 2, 5, 3]), (1, [5, 1, 2, 3]), (6, [1, 2, 3, 5])] {
            let receipt =
                env.send_to_dispatcher(&workers[4], &setPriceCall { price, hint }).await.unwrap();
            assert_eq!(book(&other).await, expected, "hint {hint}, price {price}");
            let worker = workers[4].account().unwrap();
            assert_eq!(listing_events(&env, &receipt), [dispatcher_event(Listed { worker })]);
        }
    }
    assert_eq!(other.book(application.0).await.unwrap().head, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_placed_in_sixteen_steps_stays_out_until_somebody_shows_the_way() {
    let env = TestEnv::new().await;
    // The last of these walks past sixteen others.
    let workers = register_at_prices(&env, &[7; 17]).await;
    assert_eq!(book(&workers[0]).await, (1..=17).collect::<Vec<_>>());
    let late = env.new_account().await;
    let worker = late.account().unwrap();
    let call = registerWorkerCall { price: 7, ..registration(&late) };
    let receipt = env.send(&late, env.dispatcher, &call, ETHER).await.unwrap();
    let (application, number) = (FixedBytes::ZERO, 18);
    let events = [
        dispatcher_event(WorkerRegistered {
            worker,
            number,
            application,
            key: message_key_of(&late),
            stake: ETHER,
        }),
        dispatcher_event(Unlisted { worker }),
        dispatcher_event(WorkerUpdated {
            worker,
            price: 7,
            maxLength: 1_000,
            promised: 9_000,
            capacity: 2,
        }),
    ];
    assert_eq!(env.events(&receipt), events);
    assert_eq!(book(&late).await, (1..=17).collect::<Vec<_>>());

    // More stake and the same hint do not help, and the event comes again.
    let receipt = env.send(&late, env.dispatcher, &stakeCall { hint: 0 }, 1).await.unwrap();
    assert_eq!(listing_events(&env, &receipt), [dispatcher_event(Unlisted { worker })]);

    let outsider = env.new_account().await;
    let refusal = dispatcher_error(NotListable { worker });
    assert_eq!(env.send_to_dispatcher(&outsider, &listCall { worker, hint: 0 }).await, refusal);
    // One step behind the head, it is sixteen again.
    let receipt = env.send_to_dispatcher(&outsider, &listCall { worker, hint: 1 }).await.unwrap();
    assert_eq!(env.events(&receipt), [dispatcher_event(Listed { worker })]);
    assert_eq!(book(&late).await, (1..=18).collect::<Vec<_>>());
    assert_eq!(env.send_to_dispatcher(&outsider, &listCall { worker, hint: 17 }).await, refusal);

    // A worker that loses its position by a change of price gets the event, and the client finds
    // the hint by itself.
    let receipt =
        env.send_to_dispatcher(&workers[0], &setPriceCall { price: 8, hint: 0 }).await.unwrap();
    let worker = workers[0].account().unwrap();
    let updated =
        WorkerUpdated { worker, price: 8, maxLength: 1_000, promised: 9_000, capacity: 2 };
    assert_eq!(
        env.events(&receipt),
        [dispatcher_event(Unlisted { worker }), dispatcher_event(updated)]
    );
    env.tx(outsider.list(worker)).await.unwrap();
    assert_eq!(book(&late).await, (2..=18).chain([1]).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_available_worker_with_room_and_stake_can_be_listed() {
    let env = TestEnv::new().await;
    let workers = register_at_prices(&env, &[5, 6]).await;
    let (outsider, tester) = (env.new_account().await, env.testers(1).await.remove(0));
    let list = async |who: &Market| {
        let worker = who.account().unwrap();
        let answer = env.send_to_dispatcher(&outsider, &listCall { worker, hint: 0 }).await;
        assert_eq!(answer, dispatcher_error(NotListable { worker }));
    };
    list(&workers[0]).await;
    list(&tester).await;
    env.send_to_dispatcher(&workers[0], &setAvailableCall { available: false, hint: 0 })
        .await
        .unwrap();
    list(&workers[0]).await;
    env.tx(workers[1].unstake(ETHER)).await.unwrap();
    list(&workers[1]).await;
    assert!(book(&outsider).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_at_capacity_is_unlisted_and_relisted_with_a_hint() {
    let env = TestEnv::new().await;
    let worker = env.worker(Offer { capacity: 1, ..offer(5) }).await;
    let account = worker.account().unwrap();
    let (cheaper, cleo) = (env.worker(offer(1)).await, env.new_account().await);
    let request = OrderRequest::Default { redundancy: 2, length: 12 };
    for hints in [vec![2, 2], vec![2], vec![]] {
        let purchase = env.buy(&cleo, request).await;
        assert_eq!(
            listing_events(&env, &purchase.receipt),
            [dispatcher_event(Unlisted { worker: account })]
        );
        assert_eq!(book(&cleo).await, [2]);
        let refusal = dispatcher_error(NotListable { worker: account });
        assert_eq!(
            env.send_to_dispatcher(&cleo, &listCall { worker: account, hint: 0 }).await,
            refusal
        );

        env.accept(&worker, &purchase).await;
        env.accept(&cheaper, &purchase).await;
        env.advance(12 + env.settings.reportWindow).await;
        let back = hints.len() == 2;
        let settle = settleCall { hints };
        let receipt = env.send(&cheaper, purchase.agreement, &settle, 0).await.unwrap();
        let listed = [dispatcher_event(Listed { worker: account })];
        // The cheaper one is worker 0 of the agreement, so the second hint is for this one.
        assert_eq!(listing_events(&env, &receipt), listed[..usize::from(back)]);
        if !back {
            assert_eq!(book(&cleo).await, [2]);
            env.send_to_dispatcher(&cleo, &listCall { worker: account, hint: 0 }).await.unwrap();
        }
        assert_eq!(book(&cleo).await, [2, 1]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_cannot_cover_its_longest_agreement_is_unlisted() {
    let env = TestEnv::new().await;
    let (worker, cleo) = (env.new_account().await, env.new_account().await);
    let account = worker.account().unwrap();
    // Its longest agreement takes a bond of twelve minimums; the one that is bought takes two.
    let bond = env.settings.minBond;
    let call = registerWorkerCall { price: bond, maxLength: 120, ..registration(&worker) };
    env.send(&worker, env.dispatcher, &call, 12 * bond).await.unwrap();
    assert_eq!(book(&cleo).await, [1]);
    let purchase = env.buy(&cleo, OrderRequest::Default { redundancy: 1, length: 20 }).await;
    assert_eq!(
        listing_events(&env, &purchase.receipt),
        [dispatcher_event(Unlisted { worker: account })]
    );
    assert!(book(&cleo).await.is_empty());
    let receipt =
        env.send(&worker, env.dispatcher, &stakeCall { hint: 0 }, 2 * bond).await.unwrap();
    assert_eq!(listing_events(&env, &receipt), [dispatcher_event(Listed { worker: account })]);
}
