//! The course of an agreement, compared with a list of all its ticks.

use muster_protocol::course::{Course, has};
use muster_protocol::layout::{Terms, TermsHeader, WorkerTerms};
use proptest::array::uniform8;
use proptest::prelude::*;

use crate::window_of;

/// An agreement of eight workers, short enough to list its ticks, and what its workers did: who accepted, who
/// resigned after how many ticks. The time to accept is shorter than the agreement, as in every market.
fn agreement() -> impl Strategy<Value = (Terms, Course)> {
    let shape = (1..=21_u8, 1..=20_u32, 0..20_u32);
    let workers = (any::<u8>(), any::<u8>(), uniform8(0..500_u32));
    (shape, 1..1_u64 << 40, 0..400_u32, 0..400_u64, 0..400_u32, workers).prop_map(
        |((windows, window, rest), purchased, accept, late, cancelled, workers)| {
            let length = u32::from(windows) * window + rest % u32::from(windows);
            let accept_window = accept % length;
            let header =
                TermsHeader { purchased, accept_window, length, windows, ..TermsHeader::default() };
            let planned = accept_window.max(cancelled % length) + 1;
            let (accepted, resigned, left) = workers;
            let resigned = resigned & accepted;
            let left = core::array::from_fn(|index| match resigned >> index & 1 {
                1 => left[index] % planned,
                _ => 0,
            });
            let start = purchased + late % (u64::from(accept_window) + 1);
            let course = Course { start, accepted, resigned, left, planned };
            (Terms::new(header, [WorkerTerms::default(); 8]), course)
        },
    )
}

/// The first tick after the agreement, by the text of the rule.
fn end_by_the_rule(terms: &Terms, course: &Course) -> u64 {
    let workers: Vec<u8> = (0..8).filter(|index| course.accepted >> index & 1 == 1).collect();
    let left = |index: &u8| {
        let resigned = course.resigned >> index & 1 == 1;
        resigned.then(|| course.start + u64::from(course.left[usize::from(*index)]))
    };
    let planned = course.start + u64::from(course.planned);
    let all: Option<Vec<u64>> = workers.iter().map(left).collect();
    let Some(last) = all.and_then(|left| left.into_iter().max()) else { return planned };
    let TermsHeader { purchased, accept_window, .. } = terms.header;
    planned.min(last.max(purchased + u64::from(accept_window) + 1))
}

proptest! {
    #[test]
    fn an_agreement_ends_as_planned_or_when_all_have_left_and_nobody_can_come((terms, course) in agreement()) {
        let end = end_by_the_rule(&terms, &course);
        prop_assert_eq!(course.start + u64::from(course.length(&terms)), end);
        prop_assert_eq!(course.times(&terms).end(), end);
    }

    /// A tick counts if the worker accepted, has not resigned before, and the agreement has not ended.
    #[test]
    fn a_worker_is_judged_in_every_tick_until_it_leaves_and_in_no_other((terms, course) in agreement()) {
        let TermsHeader { length, windows, .. } = terms.header;
        let start = course.start;
        let running = (0..length)
            .filter(|tick| start + u64::from(*tick) < end_by_the_rule(&terms, &course))
            .map(|tick| (tick, window_of(tick, length, windows)));
        let running: Vec<(u32, u8)> = running.collect();
        for index in 0..8_u8 {
            let takes_part = |tick: u32| {
                let stays = course.resigned >> index & 1 == 0 || tick < course.left[usize::from(index)];
                course.accepted >> index & 1 == 1 && stays
            };
            let ticks: Vec<_> = running.iter().filter(|(tick, _)| takes_part(*tick)).collect();
            prop_assert_eq!(usize::try_from(course.judged_length(&terms, index)).unwrap(), ticks.len());
            for window in 0..=windows {
                let inside = ticks.iter().filter(|(_, of)| *of == window).map(|(tick, _)| *tick);
                prop_assert!(course.judged_ticks(&terms, index, window).eq(inside));
            }
        }
    }

    #[test]
    fn every_tick_of_an_agreement_is_in_one_window_and_no_other_tick((terms, course) in agreement(), now: u64) {
        let TermsHeader { length, windows, .. } = terms.header;
        let end = end_by_the_rule(&terms, &course);
        for now in [now, course.start - 1, end].into_iter().chain(course.start..end) {
            let inside = (course.start..end).contains(&now);
            let elapsed = || u32::try_from(now - course.start).unwrap();
            let expected = inside.then(|| window_of(elapsed(), length, windows));
            prop_assert_eq!(course.window_at(&terms, now), expected);
        }
        for now in [now, 0] {
            prop_assert_eq!(Course { start: 0, ..course }.window_at(&terms, now), None);
        }
    }

    #[test]
    fn a_window_counts_as_planned_even_if_all_leave_before((terms, course) in agreement()) {
        let whole = Course { accepted: 0, resigned: 0, ..course };
        prop_assert_eq!(course.windows(&terms), terms.windows_in(course.planned));
        for window in 0..terms.header.windows {
            let ticks = course.window_ticks(&terms, window);
            prop_assert_eq!(&ticks, &whole.window_ticks(&terms, window));
            for index in 0..8 {
                let judged = course.judged_ticks(&terms, index, window);
                prop_assert!(judged.is_empty() || (judged.start == ticks.start && judged.end <= ticks.end));
            }
        }
    }

    #[test]
    fn one_more_that_accepts_never_ends_an_agreement_earlier((terms, course) in agreement(), index in 0..8_u8) {
        prop_assume!(course.accepted != 0);
        let more = Course { accepted: course.accepted | 1 << index, ..course };
        prop_assert!(course.length(&terms) <= more.length(&terms));
    }

    #[test]
    fn a_mask_has_the_workers_of_its_bits(mask: u8, index: u8) {
        let picked = (0..8_u8).filter(|bit| mask / 2_u8.pow((*bit).into()) % 2 == 1);
        prop_assert_eq!(has(mask, index), picked.into_iter().any(|bit| bit == index));
    }
}
