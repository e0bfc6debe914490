use std::ops::Range;

use alloy::primitives::B256;
use muster_messaging::{Endpoint, MessageKey};

use super::*;

/// Ticks of a window.
const TICKS: u64 = 10;

/// The ticks of a window.
fn ticks(window: u8) -> Range<u64> {
    let start = u64::from(window) * TICKS;
    start..start.saturating_add(TICKS)
}

/// The key of this number in window 0.
const fn key(slot: u8) -> KeyId {
    KeyId { window: 0, slot }
}

/// Adds a key at a worker, and returns it.
fn add(state: &mut PoolState, key: KeyId, index: u8, due: &[Moment]) -> Arc<Route> {
    let traffic_key = TrafficKey::new(key, B256::ZERO, MessageKey::random());
    let route = Arc::new(Route::new(Arc::new(traffic_key), index, ticks(key.window)));
    state.add(route.clone(), due.to_vec());
    route
}

/// Sets the endpoint of a key at a worker.
fn open(route: &Route) {
    route.slot.set(Endpoint {
        url: "http://127.0.0.1:1".into(),
        token: "token".into(),
        application: None,
    });
}

/// Moments in these ticks.
fn moments(ticks: [u64; 3]) -> [Moment; 3] {
    ticks.map(|tick| Moment { tick, fraction: 0 })
}

/// A pool with so many open keys at worker 0, each with three moments.
fn pool(keys: u8) -> PoolState {
    let mut state = PoolState::default();
    for slot in 0..keys {
        open(&add(&mut state, key(slot), 0, &moments([1, 2, 3])));
    }
    state
}

/// The key that a request to worker 0 takes in a tick.
fn choose(state: &mut PoolState, now: u64, random: u64) -> Option<KeyId> {
    state.choose(0, now, random).map(|route| route.key.id)
}

#[test]
fn preferred_worker_comes_first_and_those_without_an_endpoint_last() {
    let mut state = pool(1);
    for index in [1, 2] {
        open(&add(&mut state, key(0), index, &[]));
    }
    let unknown = add(&mut state, key(0), 3, &[]);
    assert_eq!(state.by_preference(0), [0, 1, 2, 3]);
    state.prefer(1);
    assert_eq!(state.by_preference(0), [1, 2, 0, 3]);
    open(&unknown);
    assert_eq!(state.by_preference(0), [1, 2, 3, 0]);
    assert!(state.by_preference(TICKS).is_empty(), "no key is for the next window");
}

#[test]
fn each_key_makes_as_many_requests_as_a_tester() {
    let mut state = pool(4);
    let mut requests = [0; 4];
    for random in 0..12_u64 {
        let chosen = choose(&mut state, 0, random.wrapping_mul(0x9e37_79b9_7f4a_7c15)).unwrap();
        requests[usize::from(chosen.slot)] += 1;
    }
    assert_eq!(requests, [3; 4]);
    assert_eq!((state.next_due(key(0), 0), state.take_overflow(1)), (None, 0));
    assert!(choose(&mut state, 0, 5).is_some(), "one more, and the pool should get more keys");
    assert_eq!((state.take_overflow(2), state.take_overflow(1)), (0, 1));
    assert_eq!((state.take_overflow(1), state.take_overflow(0)), (0, 0));
}

#[test]
fn moment_is_used_once() {
    let mut state = pool(1);
    let first = state.next_due(key(0), 0).unwrap();
    choose(&mut state, 0, 0).unwrap();
    let mut take = |moment| state.take_due(key(0), 0, moment, [0, 0]);
    assert_eq!(take(first), Due::Gone, "a request has taken it");
    let second = Moment { tick: 2, fraction: 0 };
    assert_eq!((take(second), take(second)), (Due::Probe, Due::Gone));
}

#[test]
fn moments_are_left_to_requests_that_are_expected() {
    let mut state = pool(1);
    for _ in 0..12 {
        choose(&mut state, 0, 0);
    }
    assert_eq!(state.enter(1), Some(12), "a quarter counts at once: three are expected");
    let new = KeyId { window: 1, slot: 0 };
    let due = moments([14, 16, 18]);
    add(&mut state, new, 0, &due);
    // 1.8 requests are expected in the last six of ten ticks, and three moments are left: three fifths.
    let half = 1 << 31;
    assert_eq!(state.take_due(new, 0, due[0], [half, half]), Due::Postponed);
    assert_eq!(state.next_due(new, 0), Some(due[1]));
    assert_eq!(state.take_due(new, 0, due[1], [u32::MAX, 0]), Due::Probe);
    let later = Moment { tick: 17, fraction: half };
    assert_eq!(state.next_due(new, 0), Some(later), "half of the way from tick 14 to the end");
}

#[test]
fn no_request_has_a_key_of_another_window() {
    let mut state = pool(1);
    let new = KeyId { window: 1, slot: 0 };
    let route = add(&mut state, new, 0, &moments([11, 12, 13]));
    assert_eq!(choose(&mut state, TICKS - 1, 0), Some(key(0)));
    assert_eq!(choose(&mut state, TICKS, 0), Some(new), "its endpoint is asked for");
    open(&route);
    assert_eq!(choose(&mut state, TICKS, 0), Some(new), "before the window was entered");
    assert_eq!((state.enter(1), state.enter(1)), (Some(3), None));
    assert!(!state.contains(key(0), 0) && state.contains(new, 0));
    assert_eq!(choose(&mut state, 2 * TICKS, 0), None, "the window is over");
}

#[test]
fn request_without_an_endpoint_asks_under_one_key_as_a_probe_does() {
    let mut state = PoolState::default();
    let routes = [0, 1].map(|slot| add(&mut state, key(slot), 0, &moments([1, 2, 3])));
    let asking = [0, 0, 0, 0, 0, 0, 9].map(|random| choose(&mut state, 0, random));
    let [first, second] = [Some(key(0)), Some(key(1))];
    assert_eq!(asking, [first, first, first, second, second, second, first]);
    assert_eq!(state.take_overflow(1), 0, "more keys would not help");
    open(&routes[1]);
    assert_eq!(choose(&mut state, 0, 0), second, "one that is open");
    assert_eq!(state.take_overflow(1), 1);
}

#[test]
fn one_key_is_the_same_at_all_workers() {
    let state = pool(2);
    let known = state.key(key(1)).unwrap();
    assert_eq!(known.id, key(1));
    assert!(state.key(key(2)).is_none());
}
