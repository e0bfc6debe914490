//! Testers: who is listed when, what that holds, and who is drawn.

use alloy::primitives::{B256, FixedBytes, U256, keccak256};
use muster_client::protocol::abi::IWorkAgreement::{WindowUnknown, testersCall};
use muster_client::protocol::abi::IWorkerDispatcher::{
    AlreadyCheckedIn, CheckedIn, StakeTooLow, StillListed, WorkerRegistered, checkInCall,
    registerTesterCall, unstakeCall,
};
use muster_client::protocol::abi::{Clock, Settings, Worker};
use muster_client::protocol::{TESTER_APPLICATION, draw, settings};
use muster_client::{Market, Tester, Want};

use crate::harness::words::{contract, market, said};
use crate::harness::{World, agreement, key, offer};
use crate::quote::order;

/// Registers a tester with exactly the bond.
async fn tester(world: &World) -> Market {
    let who = world.person().await;
    let bond = world.settings.testerBond;
    let call = registerTesterCall { key: key(&who) };
    world.send(&who, world.dispatcher, &call, bond).await.unwrap();
    who
}

/// Checks in, and tells epochs and places in the order in which they were announced.
async fn check_in(world: &World, who: &Market) -> Vec<(u32, u32)> {
    let tester = who.account().unwrap();
    let receipt = world.tell(who, &checkInCall {}).await.unwrap();
    let places: Vec<_> = receipt
        .events::<CheckedIn>(world.dispatcher)
        .map(|event| (event.epoch, event.place))
        .collect();
    let events = places
        .iter()
        .map(|(epoch, place)| said(CheckedIn { tester, epoch: *epoch, place: *place }));
    assert_eq!(world.events(&receipt), events.collect::<Vec<_>>());
    places
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tester_posts_the_bond_and_offers_nothing() {
    let world = World::new().await;
    let tess = world.person().await;
    let account = tess.account().unwrap();
    let (bond, call) = (world.settings.testerBond, registerTesterCall { key: key(&tess) });
    let refusal = market(StakeTooLow { have: bond - 1, need: bond });
    assert_eq!(world.send(&tess, world.dispatcher, &call, bond - 1).await, refusal);
    assert_eq!(world.ask(account, world.dispatcher, &call, bond).await, Ok(1));
    let receipt = world.send(&tess, world.dispatcher, &call, bond + 1).await.unwrap();
    let (application, key) = (FixedBytes(TESTER_APPLICATION), key(&tess));
    let events =
        [said(WorkerRegistered { worker: account, number: 1, application, key, stake: bond + 1 })];
    assert_eq!(world.events(&receipt), events);
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
    let world = World::new().await;
    let epoch = world.person().await.epoch().await.unwrap();
    let mut testers = Vec::new();
    for place in 0..5 {
        let who = tester(&world).await;
        let expected = vec![(epoch, place), (epoch + 1, place)];
        let expected = if place < 3 { expected } else { expected[1..].to_vec() };
        assert_eq!(check_in(&world, &who).await, expected);
        let refusal = market(AlreadyCheckedIn { epoch: epoch + 1 });
        assert_eq!(world.tell(&who, &checkInCall {}).await, refusal);
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

#[tokio::test(flavor = "multi_thread")]
async fn an_account_has_one_place_in_an_epoch() {
    let world = World::new().await;
    let who = tester(&world).await;
    let epoch = who.epoch().await.unwrap();
    assert_eq!(check_in(&world, &who).await, [(epoch, 0), (epoch + 1, 0)]);
    // The list of the next epoch is short as well, but this account is in it.
    world.pass(world.settings.epochLength).await;
    assert_eq!(who.epoch().await.unwrap(), epoch + 1);
    assert_eq!(check_in(&world, &who).await, [(epoch + 2, 0)]);
    assert_eq!(who.tester_count(epoch + 1).await.unwrap(), 1);
    // Whoever misses an epoch begins anew.
    world.pass(2 * world.settings.epochLength).await;
    assert_eq!(check_in(&world, &who).await, [(epoch + 3, 0), (epoch + 4, 0)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bond_comes_back_in_the_first_second_behind_the_last_listed_epoch() {
    let world = World::new().await;
    let who = tester(&world).await;
    let account = who.account().unwrap();
    let (bond, length) = (world.settings.testerBond, u64::from(world.settings.epochLength));
    let last = who.epoch().await.unwrap() + 1;
    let started = world.tick().await;
    check_in(&world, &who).await;
    let refusal = market(StillListed { last });
    assert_eq!(world.tell(&who, &unstakeCall { amount: 1 }).await, refusal);
    world.at(started + 2 * length - 1).await;
    assert_eq!(world.tell(&who, &unstakeCall { amount: bond }).await, refusal);
    world.at(started + 2 * length).await;
    world.tell(&who, &unstakeCall { amount: bond }).await.unwrap();
    assert_eq!(who.credit(account).await.unwrap(), bond);
    let refusal = market(StakeTooLow { have: 0, need: bond });
    assert_eq!(world.tell(&who, &checkInCall {}).await, refusal);
    world.tx(who.stake(bond - 1)).await.unwrap();
    let refusal = market(StakeTooLow { have: bond - 1, need: bond });
    assert_eq!(world.tell(&who, &checkInCall {}).await, refusal);
    world.tx(who.stake(1)).await.unwrap();
    assert_eq!(check_in(&world, &who).await, [(last + 1, 0), (last + 2, 0)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tester_that_never_checked_in_takes_its_bond_at_once() {
    let world = World::new().await;
    let who = tester(&world).await;
    let bond = world.settings.testerBond;
    world.tell(&who, &unstakeCall { amount: bond }).await.unwrap();
    assert_eq!(who.credit(who.account().unwrap()).await.unwrap(), bond);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_testers_of_every_window_are_those_of_the_draw() {
    for clock in [Clock::Second, Clock::ArbBlock] {
        let world = World::with(Settings { minPool: 9, ..settings::dev(clock) }).await;
        let (ada, cleo) = (world.worker(offer(5)).await, world.person().await);
        let testers = world.testers(9).await;
        let wanted = muster_client::protocol::abi::Order { windows: 7, testers: 5, ..order(1, 42) };
        let bought = world.buy(&cleo, Want::Order(wanted)).await;
        let view = agreement(&cleo, &bought).await;
        assert!(view.testers(0).await.unwrap().is_empty());
        world.accept(&ada, &bought).await;

        let hash = world.wire.block_hash(bought.receipt.block).await;
        let seed = draw::derive_seed(&hash, bought.agreement, |bytes| keccak256(bytes).0);
        assert_eq!(view.progress().await.unwrap().seed, seed.0);
        let mut different = Vec::new();
        for window in 0..7 {
            let seats =
                draw::draw_seats(&seed.0, window, 5, 9, |bytes| keccak256(bytes).0).unwrap();
            let drawn = seats.places().map(|place| {
                let who = &testers[usize::try_from(place).unwrap()];
                Tester { account: who.account().unwrap(), key: key(who) }
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
async fn testers_are_asked_for_by_a_window_that_there_is() {
    let world = World::new().await;
    let (ada, cleo) = (world.worker(offer(5)).await, world.person().await);
    world.testers(3).await;
    let bought = world.buy(&cleo, Want::Usual { redundancy: 1, length: 12 }).await;
    world.accept(&ada, &bought).await;
    let account = cleo.account().unwrap();
    for window in [U256::from(2), U256::from(256), U256::MAX] {
        let answer = world.ask(account, bought.agreement, &testersCall { window }, 0).await;
        let refusal = WindowUnknown { window, windows: 2 };
        assert_eq!(answer.err(), contract::<()>(refusal).err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_key_is_the_key_of_a_seat() {
    let world = World::new().await;
    let (ada, cleo) = (world.worker(offer(5)).await, world.person().await);
    let testers = world.testers(3).await;
    let bought = world.buy(&cleo, Want::Usual { redundancy: 1, length: 8 }).await;
    world.accept(&ada, &bought).await;
    let new = B256::repeat_byte(7);
    world.tx(testers[1].set_key(new)).await.unwrap();
    let mut seats = agreement(&cleo, &bought).await.testers(0).await.unwrap();
    seats.sort_by_key(|seat| seat.account);
    let mut expected: Vec<_> = testers
        .iter()
        .map(|who| Tester { account: who.account().unwrap(), key: key(who) })
        .collect();
    expected[1].key = new;
    expected.sort_by_key(|seat| seat.account);
    assert_eq!(seats, expected);
}
