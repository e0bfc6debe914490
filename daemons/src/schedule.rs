//! When a key is opened and when it is used: moments that follow from a secret, so that nobody else can know them, and a
//! restart neither repeats nor draws again. Testers and clients use the same ones, so that workers cannot tell them apart.

use std::ops::Range;

use alloy::primitives::{Address, B256, keccak256};

/// A moment: a tick of the market's clock, and how much of it has passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// The tick.
    pub tick: u64,
    /// The part of the tick that has passed, in 2^-32.
    pub fraction: u32,
}

/// The moments of one key at one worker in one window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// When the worker is asked for its endpoint.
    pub opening: Moment,
    /// When the service is probed, in order.
    pub probes: Vec<Moment>,
}

/// What the moments of a schedule are drawn from.
#[derive(Clone, Debug)]
pub struct Timing {
    /// The ticks of the window.
    pub window: Range<u64>,
    /// The tick in which the worker accepted.
    pub accepted_at: u64,
    /// Ticks that a worker has before it is measured.
    pub accept_window: u32,
}

impl Timing {
    /// The ticks in which the worker is measured: those of the window from a while after the accept on.
    #[must_use]
    pub fn probing(&self) -> Range<u64> {
        let Range { start, end } = self.window;
        let ready = self.accepted_at.saturating_add(self.accept_window.into());
        start.max(ready).min(end)..end
    }

    /// The ticks in which its endpoint is asked for: the length of a window before that, but not before passes had a
    /// while to arrive.
    fn opening(&self) -> Range<u64> {
        let from = self.probing().start;
        let length = self.window.end.saturating_sub(self.window.start);
        from.saturating_sub(length).max(self.passes_until()).min(from)..from
    }

    /// Whether a moment that has come is still in time in the tick `now`. Those that are missed by more, while no node
    /// answered, are left out, because a burst of requests is not one of each moment; and those whose window is over,
    /// because its key is not used in the next one.
    #[must_use]
    pub fn is_in_time(&self, moment: Moment, now: u64) -> bool {
        let length = self.window.end.saturating_sub(self.window.start);
        let slack = length.checked_div(32).unwrap_or_default().max(2);
        now <= moment.tick.saturating_add(slack) && now < self.window.end
    }

    /// The tick until which testers ask for passes: half of the worker's time after the accept.
    #[must_use]
    pub fn passes_until(&self) -> u64 {
        self.accepted_at.saturating_add(u64::from(self.accept_window).div_ceil(2))
    }
}

/// A secret for one subject: a hash of a secret, an agreement, and what else names the subject.
#[must_use]
pub fn derive(secret: &[u8; 32], agreement: Address, subject: &[u8]) -> B256 {
    keccak256([&secret[..], agreement.as_slice(), subject].concat())
}

/// The schedule of `count` probes at independent, uniformly random moments.
#[must_use]
pub fn schedule(seed: B256, timing: &Timing, count: u8) -> Schedule {
    let probing = timing.probing();
    let mut probes: Vec<_> = (0..count).map(|number| draw(seed, number, &probing)).collect();
    probes.sort_unstable();
    Schedule { opening: draw(seed, u8::MAX, &timing.opening()), probes }
}

/// Moment number `number` of a seed: uniform in `ticks`, or their start if there are none.
pub(crate) fn draw(seed: B256, number: u8, ticks: &Range<u64>) -> Moment {
    let hash = keccak256([seed.as_slice(), &[number]].concat());
    let mut words = hash.as_chunks().0.iter().map(|bytes| u64::from_be_bytes(*bytes));
    let [offset, fraction] = [words.next(), words.next()].map(Option::unwrap_or_default);
    let length = ticks.end.saturating_sub(ticks.start);
    // The product of two 64-bit numbers fits into 128 bits, and its upper half is below `length`.
    let offset = u128::from(offset).wrapping_mul(length.into()).wrapping_shr(64);
    let tick = ticks.start.saturating_add(u64::try_from(offset).unwrap_or_default());
    let fraction = u32::try_from(fraction.wrapping_shr(32)).unwrap_or_default();
    Moment { tick, fraction: if length == 0 { 0 } else { fraction } }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A window of 900 ticks from tick 1000 on; the worker accepted in this tick, and is measured 300 later.
    fn timing(accepted_at: u64) -> Timing {
        Timing { window: 1_000..1_900, accepted_at, accept_window: 300 }
    }

    #[test]
    fn a_worker_is_measured_from_a_while_after_its_accept_on() {
        assert_eq!(timing(100).probing(), 1_000..1_900);
        assert_eq!(timing(900).probing(), 1_200..1_900);
        assert_eq!(timing(1_000).opening(), 1_150..1_300);
        assert_eq!(timing(100).opening(), 250..1_000);
        assert_eq!(timing(10).opening(), 160..1_000);
        let long_ago = Timing { window: 5_000..5_900, ..timing(10) };
        assert_eq!(long_ago.opening(), 4_100..5_000, "a window before");
        assert_eq!(timing(5_000).probing(), 1_900..1_900);
    }

    #[test]
    fn a_moment_is_in_time_for_a_thirty_second_of_the_window() {
        let moment = Moment { tick: 1_000, fraction: 5 };
        let in_time = [1_000, 1_028, 1_029].map(|now| timing(100).is_in_time(moment, now));
        assert_eq!(in_time, [true, true, false]);
        let short = Timing { window: 1_000..1_006, ..timing(100) };
        assert!(short.is_in_time(moment, 1_002) && !short.is_in_time(moment, 1_003));
        let last = Moment { tick: 1_899, fraction: 0 };
        assert!(timing(100).is_in_time(last, 1_899) && !timing(100).is_in_time(last, 1_900));
    }

    #[test]
    fn moments_are_uniform_and_differ_by_seed() {
        let mut sixteenths = [0_u32; 16];
        for seed in 0..1_000_u64 {
            let seed = B256::left_padding_from(&seed.to_be_bytes());
            let Schedule { opening, probes } = schedule(seed, &timing(100), 12);
            assert!((250..1_000).contains(&opening.tick));
            assert!(probes.is_sorted() && probes.len() == 12);
            for moment in probes {
                let at = (moment.tick - 1_000).saturating_mul(16).checked_div(900).unwrap();
                sixteenths[usize::try_from(at).unwrap()] += 1;
            }
        }
        // 750 each; the standard deviation is 27.
        assert!(sixteenths.iter().all(|count| count.abs_diff(750) < 135), "{sixteenths:?}");
    }

    #[test]
    fn the_same_seed_gives_the_same_moments() {
        let of = |seed| schedule(B256::with_last_byte(seed), &timing(100), 3);
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
        let halves = of(1).probes.iter().map(|moment| moment.fraction).max();
        assert!(halves > Some(0), "ticks have parts");
    }

    #[test]
    fn a_subject_has_its_own_seed() {
        let secret = [7; 32];
        let seeds = [
            derive(&secret, Address::ZERO, &[0, 1]),
            derive(&secret, Address::ZERO, &[1, 0]),
            derive(&secret, Address::repeat_byte(1), &[0, 1]),
            derive(&[8; 32], Address::ZERO, &[0, 1]),
        ];
        for (at, seed) in seeds.iter().enumerate() {
            assert!(!seeds[..at].contains(seed));
        }
    }
}
