//! Random words and numbers.

use rand::Rng;
use rand::rngs::StdRng;

/// A random word.
pub(super) fn word(rng: &mut StdRng) -> String {
    let length = rng.random_range(3..12);
    (0..length).map(|_| char::from(rng.random_range(b'a'..=b'z'))).collect()
}

/// A number between two, whose length is as likely as any other.
pub(super) fn log_uniform(rng: &mut StdRng, low: u32, high: u32) -> u32 {
    let bits = rng.random_range(low.ilog2()..=high.ilog2());
    let smallest = 1_u32.checked_shl(bits).unwrap_or(low);
    let largest = smallest.saturating_add(smallest.saturating_sub(1));
    rng.random_range(smallest..=largest).clamp(low, high)
}
