//! Testers: lists, bonds, and the draw.

use alloy::primitives::{B256, FixedBytes, U256, keccak256};
use muster_client::protocol::abi::IWorkAgreement::{WindowUnknown, testersCall};
use muster_client::protocol::abi::IWorkerDispatcher::{
    AlreadyCheckedIn, CheckedIn, StakeTooLow, StillListed, WorkerRegistered, checkInCall,
    registerTesterCall, unstakeCall,
};
use muster_client::protocol::abi::{Clock, Settings, Worker};
use muster_client::protocol::{TESTER_APPLICATION, draw, settings};
use muster_client::{Market, OrderRequest, Tester};

use crate::harness::expected::{agreement_error, dispatcher_error, dispatcher_event};
use crate::harness::{TestEnv, agreement, message_key_of, offer};
use crate::quote::order;

/// Registers a tester with exactly the bond.
async fn register_tester(env: &TestEnv) -> Market {
    let who = env.new_account().await;
    let bond = env.settings.testerBond;
    let call = registerTesterCall { key: message_key_of(&who) };
    env.send(&who, env.dispatcher, &call, bond).await.unwrap();
    who
}

/// Checks in, and returns epochs and places in the order of the events.
async fn check_in(env: &TestEnv, who: &Market) -> Vec<(u32, u32)> {
    let tester = who.account().unwrap();
    let receipt = env.send_to_dispatcher(who, &checkInCall {}).await.unwrap();
    let places: Vec<_> = receipt
        .events::<CheckedIn>(env.dispatcher)
        .map(|event| (event.epoch, event.place))
        .collect();
    let events = places
        .iter()
        .map(|(epoch, place)| dispatcher_event(CheckedIn { tester, epoch: *epoch, place: *place }));
    assert_eq!(env.events(&receipt), events.collect::<Vec<_>>());
    places
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tester_stakes_the_bond_and_has_no_offer() {
    let env = TestEnv::new().await;
    let tess = env.new_account().await;
    let account = tess.account().unwrap();
    let (bond, call) = (env.settings.testerBond, registerTesterCall { key: message_key_of(&tess) });
    let refusal = dispatcher_error(StakeTooLow { have: bond - 1, need: bond });
    assert_eq!(env.send(&tess, env.dispatcher, &call, bond - 1).await, refusal);
    assert_eq!(env.call(account, env.dispatcher, &call, bond).await, Ok(1));
    let receipt = env.send(&tess, env.dispatcher, &call, bond + 1).await.unwrap();
    let (application, key) = (FixedBytes(TESTER_APPLICATION), message_key_of(&tess));
    let events = [dispatcher_event(WorkerRegistered {
        worker: account,
        number: 1,
        application,
        key,
        stake: bond + 1,
    })];
    assert_eq!(env.events(&receipt), events);
    let expected = Worker {
        account,
        number: 1,
        application,
        price: 0,
        maxLength: 0,
        promised: 0,
        capacity: 0,
        active: 0,
        available: false,
        listed: false,
        next: 0,
        stake: bond + 1,
        locked: 0,
        lastEpoch: 0,
        misses: 0,
        score: 0,
        key,
    };
    assert_eq!(tess.worker(account).await.unwrap(), expected);
    assert_eq!(tess.book(application).await.unwrap().registered, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tester_is_listed_for_the_next_epoch_and_for_this_one_while_that_is_short() {
    let env = TestEnv::new().await;
    let epoch = env.new_account().await.epoch().await.unwrap();
    let mut testers = Vec::new();
    for place in 0..5 {
        let who = register_tester(&env).await;
        let expected = vec![(epoch, place), (epoch + 1, place)];
        let expected = if place < 3 { expected } else { expected[1..].to_vec() };
        assert_eq!(check_in(&env, &who).await, expected);
        let refusal = dispatcher_error(AlreadyCheckedIn { epoch: epoch + 1 });
        assert_eq!(env.send_to_dispatcher(&who, &checkInCall {}).await, refusal);
        testers.push(who);
    }
    let anybody = &testers[0];
    assert_eq!(anybody.tester_count(epoch - 1).await.unwrap(), 0);
    assert_eq!(anybody.tester_count(epoch).await.unwrap(), 3);
    assert_eq!(anybody.tester_count(epoch + 1).await.unwrap(), 5);
    assert_eq!(anybody.tester_count(epoch + 2).await.unwrap(), 0);
    for (place, who) in (0..).zip(&testers) {
        let account = who.account().unwrap();
        let listed = anybody.tester_at(epoch + 1, place).await.unwrap();
        assert_eq!(listed, Some(account));
        let listed = anybody.tester_at(epoch, place).await.unwrap();
        assert_eq!(listed, Some(account).filter(|_| place < 3));
        assert_eq!(anybody.worker(account).await.unwrap().lastEpoch, epoch + 1);
    }
    assert_eq!(anybody.tester_at(epoch + 1, 5).await.unwrap(), None);
}

/// On a new chain whose clock is its height.
#[tokio::test(flavor = "multi_thread")]
async fn testers_of_epoch_0_are_listed_like_all_others() {
    let env = TestEnv::with(settings::dev(Clock::ArbBlock)).await;
    let who = register_tester(&env).await;
    assert_eq!(who.epoch().await.unwrap(), 0);
    assert_eq!(check_in(&env, &who).await, [(0, 0), (1, 0)]);
    let refusal = dispatcher_error(AlreadyCheckedIn { epoch: 1 });
    assert_eq!(env.send_to_dispatcher(&who, &checkInCall {}).await, refusal);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_has_one_place_in_an_epoch() {
    let env = TestEnv::new().await;
    let who = register_tester(&env).await;
    let epoch = who.epoch().await.unwrap();
    assert_eq!(check_in(&env, &who).await, [(epoch, 0), (epoch + 1, 0)]);
    // The next epoch's list is short as well, but this account is already in it.
    env.advance(env.settings.epochLength).await;
    assert_eq!(who.epoch().await.unwrap(), epoch + 1);
    assert_eq!(check_in(&env, &who).await, [(epoch + 2, 0)]);
    assert_eq!(who.tester_count(epoch + 1).await.unwrap(), 1);
    // A tester that misses an epoch starts over.
    env.advance(2 * env.settings.epochLength).await;
    assert_eq!(check_in(&env, &who).await, [(epoch + 3, 0), (epoch + 4, 0)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bond_comes_back_in_the_first_tick_after_the_epochs_of_the_lock() {
    for (clock, lock) in [(Clock::Second, 2), (Clock::ArbBlock, 3)] {
        let dev = settings::dev(clock);
        let (length, longest) = (50, 50 * u32::from(lock) - 8);
        let times =
            Settings { epochLength: length, maxAgreement: longest, lockEpochs: lock, ..dev };
        let env = TestEnv::with(times).await;
        let who = register_tester(&env).await;
        let (account, bond) = (who.account().unwrap(), env.settings.testerBond);
        let epoch = env.next_tick().await / 50;
        check_in(&env, &who).await;
        let last = u32::try_from(epoch).unwrap() + 1;
        assert_eq!(who.worker(account).await.unwrap().lastEpoch, last);
        let free = last + 1 + u32::from(lock);
        let refusal = dispatcher_error(StillListed { free });
        assert_eq!(env.send_to_dispatcher(&who, &unstakeCall { amount: 1 }).await, refusal);
        env.advance_to(u64::from(free) * 50 - 1).await;
        assert_eq!(env.send_to_dispatcher(&who, &unstakeCall { amount: bond }).await, refusal);
        env.advance_to(u64::from(free) * 50).await;
        env.send_to_dispatcher(&who, &unstakeCall { amount: bond }).await.unwrap();
        assert_eq!(who.credit(account).await.unwrap(), bond);
        let refusal = dispatcher_error(StakeTooLow { have: 0, need: bond });
        assert_eq!(env.send_to_dispatcher(&who, &checkInCall {}).await, refusal);
        env.tx(who.stake(bond - 1)).await.unwrap();
        let refusal = dispatcher_error(StakeTooLow { have: bond - 1, need: bond });
        assert_eq!(env.send_to_dispatcher(&who, &checkInCall {}).await, refusal);
        env.tx(who.stake(1)).await.unwrap();
        assert_eq!(check_in(&env, &who).await, [(free, 0), (free + 1, 0)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tester_that_never_checked_in_takes_its_bond_at_once() {
    let env = TestEnv::new().await;
    let who = register_tester(&env).await;
    let bond = env.settings.testerBond;
    env.send_to_dispatcher(&who, &unstakeCall { amount: bond }).await.unwrap();
    assert_eq!(who.credit(who.account().unwrap()).await.unwrap(), bond);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_testers_of_every_window_are_those_of_the_draw() {
    for clock in [Clock::Second, Clock::ArbBlock] {
        let env = TestEnv::with(Settings { minPool: 9, ..settings::dev(clock) }).await;
        let (ada, cleo) = (env.worker(offer(5)).await, env.new_account().await);
        let testers = env.testers(9).await;
        let wanted = muster_client::protocol::abi::Order { windows: 7, testers: 5, ..order(1, 42) };
        let bought = env.buy(&cleo, OrderRequest::Custom(wanted)).await;
        let view = agreement(&cleo, &bought).await;
        assert!(view.testers(0).await.unwrap().is_empty());
        env.accept(&ada, &bought).await;

        let hash = env.rpc.block_hash(bought.receipt.block).await;
        let seed = draw::derive_seed(&hash, bought.agreement, |bytes| keccak256(bytes).0);
        assert_eq!(view.progress().await.unwrap().seed, seed.0);
        let mut different = Vec::new();
        for window in 0..7 {
            let seats =
                draw::draw_seats(&seed.0, window, 5, 9, |bytes| keccak256(bytes).0).unwrap();
            let drawn = seats.places().map(|place| {
                let who = &testers[usize::try_from(place).unwrap()];
                Tester { account: who.account().unwrap(), key: message_key_of(who) }
            });
            let drawn: Vec<_> = drawn.collect();
            assert_eq!(view.testers(window.try_into().unwrap()).await.unwrap(), drawn);
            different.push(drawn);
        }
        different.dedup();
        assert!(different.len() > 1, "every window drew the same");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn testers_of_a_window_out_of_range_are_refused() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (env.worker(offer(5)).await, env.new_account().await);
    env.testers(3).await;
    let bought = env.buy(&cleo, OrderRequest::Default { redundancy: 1, length: 12 }).await;
    env.accept(&ada, &bought).await;
    let account = cleo.account().unwrap();
    for window in [U256::from(2), U256::from(256), U256::MAX] {
        let answer = env.call(account, bought.agreement, &testersCall { window }, 0).await;
        let refusal = WindowUnknown { window, windows: 2 };
        assert_eq!(answer.err(), agreement_error::<()>(refusal).err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_key_is_the_key_of_a_seat() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (env.worker(offer(5)).await, env.new_account().await);
    let testers = env.testers(3).await;
    let bought = env.buy(&cleo, OrderRequest::Default { redundancy: 1, length: 12 }).await;
    env.accept(&ada, &bought).await;
    let new = B256::repeat_byte(7);
    env.tx(testers[1].set_key(new)).await.unwrap();
    let mut seats = agreement(&cleo, &bought).await.testers(0).await.unwrap();
    seats.sort_by_key(|seat| seat.account);
    let mut expected: Vec<_> = testers
        .iter()
        .map(|who| Tester { account: who.account().unwrap(), key: message_key_of(who) })
        .collect();
    expected[1].key = new;
    expected.sort_by_key(|seat| seat.account);
    assert_eq!(seats, expected);
}
