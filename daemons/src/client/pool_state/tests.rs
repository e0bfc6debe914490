use super::*;

/// The key of this number in window 0.
const fn key(slot: u8) -> KeyId {
    KeyId { window: 0, slot }
}

fn endpoint(key: KeyId, index: u8) -> WorkerEndpoint {
    let [url, token] = ["http://127.0.0.1:1", "token"].map(SecretString::from);
    WorkerEndpoint { key, index, session: B256::ZERO, url, token }
}

/// A pool with so many open keys at worker 0, each with three moments.
fn pool(keys: u8) -> PoolState {
    let mut state = PoolState::default();
    for slot in 0..keys {
        let due = (1..4).map(|tick| Moment { tick, fraction: 0 }).collect();
        state.add(key(slot), 0, due);
        state.insert(endpoint(key(slot), 0));
    }
    state
}

#[test]
fn preferred_worker_comes_first() {
    let mut state = pool(1);
    for index in 1..3 {
        state.add(key(0), index, vec![]);
        state.insert(endpoint(key(0), index));
    }
    state.add(key(0), 3, vec![]);
    assert_eq!(state.by_preference(), [0, 1, 2], "the fourth has no endpoint");
    state.prefer(1);
    assert_eq!(state.by_preference(), [1, 2, 0]);
}

#[test]
fn replaced_endpoint_is_not_removed() {
    let mut state = pool(1);
    let old = state.get(key(0), 0).unwrap();
    state.insert(endpoint(key(0), 0));
    state.remove(&old);
    let new = state.get(key(0), 0).unwrap();
    state.remove(&new);
    assert!(state.get(key(0), 0).is_none());
}

#[test]
fn each_key_makes_as_many_requests_as_a_tester() {
    let mut state = pool(4);
    let mut requests = [0; 4];
    for random in 0..12_u64 {
        let chosen = state.choose(0, random.wrapping_mul(0x9e37_79b9_7f4a_7c15)).unwrap();
        requests[usize::from(chosen.key.slot)] += 1;
    }
    assert_eq!(requests, [3; 4]);
    assert_eq!((state.next_due(key(0), 0), state.take_overflow(1)), (None, 0));
    assert!(state.choose(0, 5).is_some(), "one more, and the pool should get more keys");
    assert_eq!((state.take_overflow(2), state.take_overflow(1)), (0, 1));
    assert_eq!((state.take_overflow(1), state.take_overflow(0)), (0, 0));
}

#[test]
fn moment_is_used_once() {
    let mut state = pool(1);
    let first = state.next_due(key(0), 0).unwrap();
    state.choose(0, 0).unwrap();
    let mut take = |moment| state.take_due(key(0), 0, moment, &(0..10), [0, 0]);
    assert_eq!(take(first), Due::Gone, "a request has taken it");
    let second = Moment { tick: 2, fraction: 0 };
    assert_eq!((take(second), take(second)), (Due::Probe, Due::Gone));
}

#[test]
fn moments_are_left_to_requests_that_are_expected() {
    let mut state = pool(1);
    for _ in 0..12 {
        state.choose(0, 0);
    }
    assert_eq!(state.enter(1), Some(12), "a quarter counts at once: three are expected");
    let new = KeyId { window: 1, slot: 0 };
    let due = [4, 6, 8].map(|tick| Moment { tick, fraction: 0 });
    state.add(new, 0, due.to_vec());
    // 1.8 requests are expected in the last six of ten ticks, and three moments are left: three fifths.
    let half = 1 << 31;
    assert_eq!(state.take_due(new, 0, due[0], &(0..10), [half, half]), Due::Postponed);
    assert_eq!(state.next_due(new, 0), Some(due[1]));
    assert_eq!(state.take_due(new, 0, due[1], &(0..10), [u32::MAX, 0]), Due::Probe);
    let later = Moment { tick: 7, fraction: half };
    assert_eq!(state.next_due(new, 0), Some(later), "half of the way from tick 4 to the end");
}

#[test]
fn new_window_has_new_keys_and_the_old_ones_as_a_reserve() {
    let mut state = pool(1);
    state.choose(0, 0).unwrap();
    assert_eq!(state.enter(1), Some(1));
    assert_eq!(state.enter(1), None);
    assert_eq!(state.choose(0, 0).unwrap().key, key(0), "there is no other yet");
    let new = KeyId { window: 1, slot: 0 };
    state.add(new, 0, vec![]);
    state.insert(endpoint(new, 0));
    assert_eq!(state.choose(0, 0).unwrap().key, new);
    state.enter(2);
    assert!(!state.contains(key(0), 0) && state.contains(new, 0));
}
