//! When a worker answers.

use crate::random::Random;
use crate::window::{PROBES, WINDOW};

/// What a worker knows of the current window: all requests so far, but not whose keys they came under.
#[derive(Clone, Debug)]
pub(crate) struct Past {
    /// Number of the window.
    pub(crate) window: u32,
    /// Requests so far, by key.
    pub(crate) asked: Vec<u8>,
    /// Requests in the current part of the window, by key.
    pub(crate) asked_in_part: Vec<u8>,
}

/// How a worker decides whether to answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Behaviour {
    /// Each request with these odds, in percent.
    Odds(u8),
    /// For the first seconds of each period.
    Bursts(u32, u32),
    /// In one part of the window: its number, of how many.
    Part(u32, u32),
    /// The first requests of each key.
    FirstRequests(u8),
    /// All but the first requests of each key.
    FromRequest(u8),
    /// For 16 hours of each day.
    Daily,
    /// Until every key has asked as often as a seat does.
    UntilAllAsked,
    /// In each part of the window until every key has asked in it.
    UntilAllAskedInPart,
    /// While more requests are left than are usual for the time that is left.
    WhileRequestsAreDue,
    /// The keys that have asked less than is usual by now: their requests are still to come.
    KeysThatAreDue,
    /// All requests of some keys, this many percent of them, and none of the others.
    SomeKeys(u8),
}

impl Behaviour {
    /// The behaviours of the table.
    pub(crate) const ALL: [(&'static str, Self); 14] = [
        ("is always up", Self::Odds(100)),
        ("fails one request of twenty", Self::Odds(95)),
        ("fails one request of ten", Self::Odds(90)),
        ("fails every second request", Self::Odds(50)),
        ("is up 1 s of every 4", Self::Bursts(1, 4)),
        ("is up 1 min of every 4", Self::Bursts(60, 240)),
        ("is down 1 min of every 10", Self::Bursts(540, 600)),
        ("is up one twelfth of each window", Self::Part(5, 12)),
        ("is up the last sixteenth of each window", Self::Part(15, 16)),
        ("answers the first request of each key", Self::FirstRequests(1)),
        ("is up 16 hours a day", Self::Daily),
        ("knows all requests: is up until every key has asked 12 times", Self::UntilAllAsked),
        (
            "knows all requests: in each twelfth, until every key has asked",
            Self::UntilAllAskedInPart,
        ),
        ("knows all requests: is up while more are left than usual", Self::WhileRequestsAreDue),
    ];

    /// Those that treat the keys of one window differently.
    pub(crate) const BY_KEY: [(&'static str, Self); 4] = [
        ("answers keys that have asked less than usual", Self::KeysThatAreDue),
        ("answers half of the keys", Self::SomeKeys(50)),
        ("answers three keys of four", Self::SomeKeys(75)),
        ("answers nine keys of ten", Self::SomeKeys(90)),
    ];

    /// Whether it depends on the key.
    pub(crate) const fn is_by_key(self) -> bool {
        matches!(
            self,
            Self::FirstRequests(_)
                | Self::FromRequest(_)
                | Self::KeysThatAreDue
                | Self::SomeKeys(_)
        )
    }

    /// Whether the worker answers a request under a key, or is up if there is none, `now` seconds after the
    /// window's start.
    pub(crate) fn answers(
        self,
        now: f64,
        key: Option<usize>,
        past: &Past,
        random: &mut Random,
    ) -> bool {
        let elapsed = now / WINDOW;
        let asked = |key: usize| f64::from(past.asked[key]);
        let usual = f64::from(PROBES) * elapsed;
        match self {
            Self::Odds(odds) => random.unit() * 100.0 < odds.into(),
            Self::Bursts(up, period) => {
                (f64::from(past.window) * WINDOW + now) % f64::from(period) < up.into()
            }
            Self::Part(number, of) => {
                let start = f64::from(number) / f64::from(of);
                elapsed >= start && elapsed < start + 1.0 / f64::from(of)
            }
            Self::FirstRequests(count) => key.is_some_and(|key| past.asked[key] < count),
            Self::FromRequest(count) => key.is_some_and(|key| past.asked[key] >= count),
            Self::Daily => past.window % 96 < 64,
            Self::UntilAllAsked => past.asked.iter().any(|asked| *asked < PROBES),
            Self::UntilAllAskedInPart => past.asked_in_part.contains(&0),
            Self::WhileRequestsAreDue => {
                let all: f64 = (0..past.asked.len()).map(asked).sum();
                all <= usual * past.asked.iter().map(|_| 1.0).sum::<f64>()
            }
            Self::KeysThatAreDue => key.is_some_and(|key| asked(key) <= usual),
            Self::SomeKeys(percent) => key.is_some_and(|key| {
                let of_key = u64::from(past.window) << 8 | u64::try_from(key).unwrap();
                Random(of_key).unit() * 100.0 < percent.into()
            }),
        }
    }
}
