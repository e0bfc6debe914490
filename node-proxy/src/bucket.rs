//! The bucket of tokens that providers count requests with.

use std::collections::VecDeque;

use tokio::time::{Duration, Instant};

/// A bucket that holds as many tokens as it gets in a second.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    /// When each token that is there, or will be, is there.
    tokens: VecDeque<Instant>,
}

impl Bucket {
    /// Takes a token of the `rate` that there are each second; returns whether there was one.
    pub(crate) fn take(&mut self, rate: u32, now: Instant) -> bool {
        let size = usize::try_from(rate).unwrap_or(usize::MAX);
        self.tokens.truncate(size);
        while self.tokens.len() < size {
            self.tokens.push_front(now);
        }
        if self.tokens.front().is_none_or(|there| *there > now) {
            return false;
        }
        self.tokens.pop_front();
        let last = self.tokens.back().map_or(now, |last| now.max(*last));
        let space = Duration::from_secs(1).checked_div(rate).unwrap_or_default();
        self.tokens.push_back(last.checked_add(space).unwrap_or(last));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_emptied_at_once_and_fills_steadily() {
        let (mut bucket, start) = (Bucket::default(), Instant::now());
        let taken = |bucket: &mut Bucket, millis: u64| {
            let now = start + Duration::from_millis(millis);
            (0..9).filter(|_| bucket.take(5, now)).count()
        };
        let counts = [0, 1, 201, 1_000, 3_000, 3_100].map(|millis| taken(&mut bucket, millis));
        assert_eq!(counts, [5, 0, 1, 4, 5, 0]);
        assert!(!Bucket::default().take(0, start));
    }
}
