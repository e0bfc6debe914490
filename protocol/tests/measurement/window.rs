//! Windows of three seats and a client.

use muster_protocol::abi::Clock;
use muster_protocol::settings::production;
use muster_protocol::shares::{Median, twelfths};

use crate::behaviour::{Behaviour, Past};
use crate::random::Random;

/// Probes of a seat.
pub(crate) const PROBES: u8 = production(Clock::Second).probes;
/// Parts of a window in which a seat could ask once each.
const PARTS: f64 = 12.0;
/// Seconds of a window.
pub(crate) const WINDOW: f64 = 900.0;
/// Seats of a window.
const SEATS: usize = 3;
/// Moments of a window at which the worker is observed.
const OBSERVATIONS: u32 = 16;

/// Where the requests of a key lie.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Placing {
    /// At independent, uniformly random moments of the window.
    Random,
    /// At one random moment in each part.
    EachPart,
}

/// The client's keys of a window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client {
    /// Keys.
    pub(crate) keys: usize,
    /// Requests under each key.
    pub(crate) requests: u8,
}

/// What was measured, in percent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Measured {
    /// Of random moments at which the worker was up; meaningless if it depends on the key.
    pub(crate) up: f64,
    /// Of the client's requests that were served.
    pub(crate) client: f64,
    /// The mean share of the seats.
    pub(crate) seats: f64,
    /// The mean share of the windows.
    pub(crate) medians: f64,
}

/// Simulates windows of one worker.
pub(crate) fn measure(
    behaviour: Behaviour,
    placing: Placing,
    client: Client,
    windows: u32,
) -> Measured {
    let mut random = Random(11);
    let mut sum = Measured::default();
    for window in 0..windows {
        let one = simulate(behaviour, placing, client, window, &mut random);
        sum.up += one.up;
        sum.client += one.client;
        sum.seats += one.seats;
        sum.medians += one.medians;
    }
    let mean = |sum: f64| 100.0 * sum / f64::from(windows);
    Measured {
        up: mean(sum.up),
        client: mean(sum.client),
        seats: mean(sum.seats),
        medians: mean(sum.medians),
    }
}

/// Simulates one window, in parts of one. The first keys are those of the seats.
fn simulate(
    behaviour: Behaviour,
    placing: Placing,
    client: Client,
    window: u32,
    random: &mut Random,
) -> Measured {
    let keys = SEATS + client.keys;
    let mut events = Vec::new();
    for key in 0..keys {
        let requests = if key < SEATS { PROBES } else { client.requests };
        events.extend((0..requests).map(|number| {
            let unit = random.unit();
            let moment = match placing {
                Placing::Random => unit,
                Placing::EachPart => (f64::from(number) + unit) / f64::from(requests),
            };
            (moment * WINDOW, Some(key))
        }));
    }
    events.extend((0..OBSERVATIONS).map(|_| (random.unit() * WINDOW, None)));
    events.sort_by(|a, b| a.0.total_cmp(&b.0));

    let mut past = Past { window, asked: vec![0; keys], asked_in_part: vec![0; keys] };
    let (mut up, mut served, mut in_part) = (0_u32, vec![0_u8; keys], 0.0);
    for (now, key) in events {
        if now >= (in_part + 1.0) * WINDOW / PARTS {
            in_part = (now / WINDOW * PARTS).floor();
            past.asked_in_part.fill(0);
        }
        let answered = behaviour.answers(now, key, &past, random);
        match key {
            Some(key) => {
                served[key] += u8::from(answered);
                past.asked[key] += 1;
                past.asked_in_part[key] += 1;
            }
            None => up += u32::from(answered),
        }
    }
    let shares = served[..SEATS].iter().map(|served| twelfths(*served, PROBES));
    let client_served: f64 = served[SEATS..].iter().map(|served| f64::from(*served)).sum();
    let requests: f64 = served[SEATS..].iter().map(|_| f64::from(client.requests)).sum();
    Measured {
        up: f64::from(up) / f64::from(OBSERVATIONS),
        client: client_served / requests,
        seats: shares.clone().map(f64::from).sum::<f64>() / 12.0 / 3.0,
        medians: f64::from(Median::of(shares).unwrap().share()) / 12.0,
    }
}
