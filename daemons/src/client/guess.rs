//! A worker that sees all that a gateway sees of a key, but for network addresses, guesses whether it is a tester's or the
//! client's. It learns from half of the keys, and guesses the other half.

#![expect(
    clippy::float_arithmetic,
    clippy::float_cmp,
    clippy::arithmetic_side_effects,
    clippy::integer_division,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::print_stdout,
    reason = "a simulation"
)]

use std::ops::Range;
use std::sync::Arc;

use alloy::primitives::B256;
use muster_messaging::{Endpoint, MessageKey};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::key_tasks::keys_for;
use super::pool_state::{Due, PoolState};
use super::traffic_key::{KeyId, Route, TrafficKey};
use crate::schedule::{Moment, Timing, schedule};

/// Ticks of a window, as in production.
const WINDOW: u64 = 900;

/// Probes of a key.
const PROBES: u8 = 12;

/// Keys of a simulation, and a window more.
const KEYS: usize = 2_400;

/// Decision stumps of the guess.
const ROUNDS: usize = 60;

/// What a worker sees of a key: when it is opened and used, relative to the window.
type Features = [f64; 10];

/// A key: what is seen of it, and 1 for a client's, -1 for a tester's.
type Sample = (Features, f64);

/// A moment as a number of ticks.
fn ticks(moment: Moment) -> f64 {
    moment.tick as f64 + f64::from(moment.fraction) / 2_f64.powi(32)
}

/// What a worker sees of a key.
fn features(start: u64, opening: f64, mut requests: Vec<f64>) -> Features {
    requests.sort_by(f64::total_cmp);
    let start = start as f64;
    let at: Vec<f64> = requests.iter().map(|request| request - start).collect();
    let count = at.len().max(1) as f64;
    let mean = at.iter().sum::<f64>() / count;
    let spread = at.iter().map(|at| (at - mean).powi(2)).sum::<f64>() / count;
    let gaps: Vec<f64> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let (shortest, longest) =
        (gaps.iter().copied().fold(f64::MAX, f64::min), gaps.iter().copied().fold(0.0, f64::max));
    let early = at.iter().filter(|at| **at < WINDOW as f64 / 2.0).count();
    [
        at.len() as f64,
        opening - start,
        at.first().copied().unwrap_or(-1.0),
        at.last().copied().unwrap_or(-1.0),
        mean,
        spread,
        shortest,
        longest,
        early as f64,
        at.first().copied().unwrap_or_default() - (opening - start),
    ]
}

/// All keys of the windows of an agreement whose client makes `rate` requests in each on average, in bursts of `burst`.
fn keys(rate: f64, burst: u16, seed: u64) -> Vec<Sample> {
    let mut rng = StdRng::seed_from_u64(seed);
    let (mut pool, mut count, mut samples) = (PoolState::default(), 1, Vec::new());
    for number in 1_u16.. {
        if samples.len() >= KEYS {
            break;
        }
        let start = 10_000 + u64::from(number) * WINDOW;
        let timing = Timing { window: start..start + WINDOW, accepted_at: 0, accept_window: 300 };
        for _ in 0..3 {
            let plan = schedule(B256::new(rng.random()), &timing, PROBES);
            let requests = plan.probes.iter().copied().map(ticks).collect();
            samples.push((features(start, ticks(plan.opening), requests), -1.0));
        }
        // Agreements of 21 windows, one after the other.
        let window = u8::try_from(number % 21).unwrap();
        if window == 0 {
            (pool, count) = (PoolState::default(), 1);
        }
        if let Some(requests) = pool.enter(window) {
            count = keys_for(requests, PROBES).max(1);
        }
        let mut views: Vec<(f64, Vec<f64>)> = Vec::new();
        for slot in 0..count {
            let plan = schedule(B256::new(rng.random()), &timing, PROBES);
            open(&mut pool, KeyId { window, slot }, timing.window.clone(), plan.probes);
            views.push((ticks(plan.opening), Vec::new()));
        }
        let mut arrivals = Vec::new();
        let bursts = (rate * 4.0 / f64::from(burst)).round() as u32;
        for _ in 0..bursts {
            if !rng.random_bool(0.25) {
                continue;
            }
            let at = start as f64 + rng.random::<f64>() * WINDOW as f64;
            arrivals.extend((0..burst).map(|number| at + f64::from(number) * 0.2));
        }
        arrivals.sort_by(f64::total_cmp);
        let mut arrivals = arrivals.into_iter().peekable();
        loop {
            let slots = 0..u8::try_from(views.len()).unwrap();
            let due =
                slots.filter_map(|slot| Some((pool.next_due(KeyId { window, slot }, 0)?, slot)));
            let due = due.min();
            let is_request = match (arrivals.peek(), due) {
                (Some(at), Some((moment, _))) => *at < ticks(moment),
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (None, None) => break,
            };
            if is_request {
                let at = arrivals.next().unwrap();
                let now = (at as u64).min(timing.window.end - 1);
                let slot = pool.choose(0, now, rng.random()).unwrap().key.id.slot;
                views[usize::from(slot)].1.push(at);
                let more = pool.take_overflow(u32::from(PROBES).div_ceil(2));
                for slot in (0..64).skip(views.len()).take(usize::try_from(more).unwrap()) {
                    let plan = schedule(B256::new(rng.random()), &timing, PROBES);
                    let later = plan.probes.into_iter().filter(|moment| ticks(*moment) > at);
                    let key = KeyId { window, slot };
                    open(&mut pool, key, timing.window.clone(), later.collect());
                    views.push((at, Vec::new()));
                }
            } else if let Some((moment, slot)) = due {
                let key = KeyId { window, slot };
                if pool.take_due(key, 0, moment, rng.random()) == Due::Probe {
                    views[usize::from(slot)].1.push(ticks(moment));
                }
            }
        }
        let client = views.into_iter();
        samples.extend(client.map(|(opening, at)| (features(start, opening, at), 1.0)));
    }
    samples
}

/// Adds a key that is open.
fn open(pool: &mut PoolState, key: KeyId, ticks: Range<u64>, due: Vec<Moment>) {
    let message_key = MessageKey::from_bytes(&B256::repeat_byte(1)).unwrap();
    let key = Arc::new(TrafficKey::new(key, B256::ZERO, message_key));
    let route = Route::new(key, 0, ticks);
    route.slot.set(Endpoint { url: "".into(), token: "".into(), application: None });
    pool.add(Arc::new(route), due);
}

/// One question: whether a feature is above a threshold; and the weight of its answer.
struct Stump {
    feature: usize,
    threshold: f64,
    weight: f64,
}

impl Stump {
    /// 1 or -1.
    fn answer(&self, features: &Features) -> f64 {
        if features[self.feature] > self.threshold { 1.0 } else { -1.0 }
    }
}

/// Learns from samples, of which both kinds weigh the same (`AdaBoost`).
fn learn(samples: &[Sample]) -> Vec<Stump> {
    let of_kind = |kind: f64| samples.iter().filter(|(_, is)| *is == kind).count() as f64;
    let (clients, testers) = (of_kind(1.0), of_kind(-1.0));
    let weight = |kind: f64| 0.5 / if kind > 0.0 { clients } else { testers };
    let mut weights: Vec<f64> = samples.iter().map(|(_, kind)| weight(*kind)).collect();
    let mut stumps = Vec::new();
    for _ in 0..ROUNDS {
        let mut best: Option<(f64, Stump)> = None;
        for feature in 0..10 {
            let mut values: Vec<f64> = samples.iter().map(|(of, _)| of[feature]).collect();
            values.sort_by(f64::total_cmp);
            for part in 1..24 {
                let threshold = values[values.len() * part / 24];
                let stump = Stump { feature, threshold, weight: 0.0 };
                let wrong = samples.iter().zip(&weights);
                let wrong = wrong.filter(|((of, kind), _)| stump.answer(of) != *kind);
                let error: f64 = wrong.map(|(_, weight)| *weight).sum();
                if best.as_ref().is_none_or(|(of, _)| (error - 0.5).abs() > (of - 0.5).abs()) {
                    best = Some((error, stump));
                }
            }
        }
        let (error, stump) = best.unwrap();
        let error = error.clamp(1e-6, 1.0 - 1e-6);
        let weight = 0.5 * ((1.0 - error) / error).ln();
        for ((of, kind), by) in samples.iter().zip(&mut weights) {
            *by *= (-weight * kind * stump.answer(of)).exp();
        }
        let sum: f64 = weights.iter().sum();
        for by in &mut weights {
            *by /= sum;
        }
        stumps.push(Stump { weight, ..stump });
    }
    stumps
}

/// The balanced accuracy of guesses, and half of its 95 % interval.
fn accuracy(stumps: &[Stump], samples: &[Sample]) -> (f64, f64) {
    let rate = |kind: f64| {
        let of_kind: Vec<_> = samples.iter().filter(|(_, is)| *is == kind).collect();
        let guess = |of: &Features| stumps.iter().map(|s| s.weight * s.answer(of)).sum::<f64>();
        let right = of_kind.iter().filter(|(of, _)| guess(of) * kind > 0.0).count() as f64;
        (right / of_kind.len() as f64, of_kind.len() as f64)
    };
    let [(a, clients), (b, testers)] = [1.0, -1.0].map(rate);
    let variance = (a * (1.0 - a) / clients + b * (1.0 - b) / testers) / 4.0;
    (f64::midpoint(a, b), 1.96 * variance.sqrt())
}

#[test]
fn worker_cannot_tell_a_light_client_from_testers() {
    for (name, rate, burst, most) in [
        ("unused", 0.0, 1, 0.55),
        ("light: 3 requests in a window", 3.0, 1, 0.55),
        ("light: 6 requests in a window", 6.0, 1, 0.55),
        ("30 requests in a window", 30.0, 1, 1.0),
        ("200 requests in a window", 200.0, 1, 1.0),
        ("30 requests in bursts of 10", 30.0, 10, 1.0),
    ] {
        let (samples, mut rng) = (keys(rate, burst, 7), StdRng::seed_from_u64(8));
        let (known, unknown): (Vec<Sample>, Vec<Sample>) =
            samples.into_iter().partition(|_| rng.random());
        let (right, interval) = accuracy(&learn(&known), &unknown);
        println!(
            "{name}: {:.1} ± {:.1} % of {} keys",
            right * 100.0,
            interval * 100.0,
            unknown.len()
        );
        assert!(right <= most, "{name}: {right}");
    }
}
