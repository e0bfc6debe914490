//! Verdicts, compared with the sum of all votes.

use muster_protocol::verdict::{Verdict, WindowTally, judge};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

proptest! {
    /// `Some(true)` is a seat that reports service, `Some(false)` a failure, `None` no report.
    #[test]
    fn the_majority_of_the_seats_that_speak_decides_and_a_tie_is_served(
        seats in vec(any::<Option<bool>>(), 0..=15),
    ) {
        let count = |word| u8::try_from(seats.iter().filter(|said| **said == Some(word)).count());
        let sum: i32 = seats.iter().flatten().map(|served| if *served { 1 } else { -1 }).sum();
        let expected = match sum {
            _ if seats.iter().all(Option::is_none) => Verdict::Unknown,
            ..0 => Verdict::Failed,
            0.. => Verdict::Served,
        };
        prop_assert_eq!(judge(count(true).unwrap(), count(false).unwrap()), expected);
    }

    #[test]
    fn one_more_seat_that_says_served_never_fails_a_window(served in 0..15_u8, failed in 0..=15_u8) {
        if judge(served, failed) == Verdict::Served {
            prop_assert_eq!(judge(served + 1, failed), Verdict::Served);
        }
        if judge(served + 1, failed) == Verdict::Failed {
            prop_assert_eq!(judge(served, failed), Verdict::Failed);
        }
    }

    #[test]
    fn a_promise_is_kept_where_the_measured_uptime_reaches_it(served: u8, failed: u8, promise in 0..=10_000_u16) {
        let known = u64::from(served) + u64::from(failed);
        let kept = WindowTally { served, failed }.meets(promise);
        prop_assert_eq!(kept, u64::from(served) * 10_000 >= known * u64::from(promise));
    }

    #[test]
    fn windows_of_which_nothing_is_known_change_nothing(
        windows in vec(select(vec![Verdict::Unknown, Verdict::Served, Verdict::Failed]), 0..=21),
    ) {
        let mut tally = WindowTally::default();
        for verdict in &windows {
            tally.add(*verdict);
        }
        let count = |verdict| windows.iter().filter(|window| **window == verdict).count();
        let (served, failed) = (count(Verdict::Served), count(Verdict::Failed));
        prop_assert_eq!((usize::from(tally.served), usize::from(tally.failed)), (served, failed));
        prop_assert_eq!(usize::try_from(tally.decided()).unwrap(), served + failed);
    }
}
