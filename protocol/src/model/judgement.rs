//! Judges a worker by the shares that seats reported: pay, slash, and the fees of the seats.

use std::vec::Vec;

use super::agreement::Agreement;
use super::math::mul_div_floor;
use super::settlement::Fees;
use super::shares::{WHOLE, middles, twelfths, vouched_share};
use crate::abi::WorkerResult;
use crate::layout::WorkerTerms;

/// 100 % in basis points.
const BPS_DENOMINATOR: u64 = 10_000;

/// The furthest in twelfths from a median at which a seat is paid.
const TOLERANCE: u8 = 5;

/// A window on which a seat reported.
struct KnownWindow {
    /// Ticks for which the worker is judged.
    ticks: u32,
    /// Whether those are all of the window.
    finished: bool,
    /// The median in twelfths.
    median: u8,
    /// The best share of the due probes that a seat was served, in twelfths.
    best: u8,
}

/// The sum of ticks × share, for the share that `of` picks.
fn sum<'a>(windows: impl Iterator<Item = &'a KnownWindow>, of: impl Fn(&KnownWindow) -> u8) -> u64 {
    windows.map(|window| u64::from(window.ticks) * u64::from(of(window))).sum()
}

/// The seats of a window that speak about a worker, in seat order: place, probes made, probes served.
fn speaking_seats(agreement: &Agreement, index: u8, window: u8) -> Vec<(u32, u8, u8)> {
    let report = |place: u32| {
        let (made, served) = *agreement.reports.get(&place)?.get(&(index, window))?;
        Some((place, made, served))
    };
    agreement.seats(window).into_iter().filter_map(report).collect()
}

/// The best share of the due probes that a seat was served, in twelfths; `None` if no seat speaks.
pub(super) fn best_share(agreement: &Agreement, index: u8, window: u8) -> Option<u8> {
    let ticks = agreement.ticks_before(window, agreement.judged_ticks(usize::from(index)));
    let due =
        (agreement.terms.header.probes, ticks, agreement.ticks_before(window, agreement.planned));
    let seats = speaking_seats(agreement, index, window).into_iter();
    seats.map(|(_, made, served)| vouched_share(served, made, due)).max()
}

/// Judges one worker, and pays the seats near the medians.
pub(super) fn judge_worker(
    agreement: &Agreement,
    index: u8,
    worker: &WorkerTerms,
    fees: &mut Fees,
) -> WorkerResult {
    let place = usize::from(index);
    let mut result = WorkerResult::absent(worker.account);
    if !agreement.accepted[place] {
        return result;
    }
    let judged = agreement.judged_ticks(place);
    let (mut windows, mut finished_ticks) = (Vec::new(), 0);
    for window in 0..agreement.windows() {
        let ticks = agreement.ticks_before(window, judged);
        let finished = ticks == agreement.ticks_before(window, agreement.planned);
        finished_ticks += if finished { ticks } else { 0 };
        let seats = speaking_seats(agreement, index, window);
        let shares = seats.iter().map(|(_, made, served)| twelfths(*served, *made)).collect();
        let Some((low, high)) = middles(shares) else { continue };
        // One seat alone cannot take a bond.
        let best = best_share(agreement, index, window).filter(|_| seats.len() >= 2);
        let best = best.unwrap_or(WHOLE);
        windows.push(KnownWindow { ticks, finished, median: high, best });
        for (seat, made, served) in seats {
            let share = twelfths(served, made);
            if share.abs_diff(low).min(share.abs_diff(high)) <= TOLERANCE {
                fees.pay(seat, worker.fee);
                result.fees += worker.fee;
            }
        }
    }
    result.accepted = true;
    result.resigned = agreement.resigned[place].is_some();
    result.ticks = judged;
    result.known = u8::try_from(windows.len()).expect("at most 21 windows");
    let served = sum(windows.iter(), |window| window.median);
    let uptime = (BPS_DENOMINATOR * served).checked_div(sum(windows.iter(), |_| WHOLE));
    result.uptime = u16::try_from(uptime.unwrap_or(0)).expect("at most 100 %");
    result.pay = pay(worker, finished_ticks, &windows);
    let leaving = if result.resigned { worker.bond / 10 } else { 0 };
    let at_risk = mul_div_floor(worker.bond, judged.into(), agreement.terms.header.length.into());
    result.slash = worker.bond.min(missed(worker, at_risk, &windows) + leaving);
    result
}

/// The pay for this many ticks of finished windows.
fn pay(worker: &WorkerTerms, ticks: u32, windows: &[KnownWindow]) -> u128 {
    let base = worker.price * u128::from(ticks);
    let finished = || windows.iter().filter(|window| window.finished);
    let (served, whole) = (sum(finished(), |window| window.median), sum(finished(), |_| WHOLE));
    let kept = BPS_DENOMINATOR * served >= u64::from(worker.promise) * whole;
    if kept { base } else { mul_div_floor(base, served, whole) }
}

/// The part of the bond at risk that a worker loses: what is missing of its promise, and no seat vouches for.
fn missed(worker: &WorkerTerms, at_risk: u128, windows: &[KnownWindow]) -> u128 {
    let promised = u64::from(worker.promise) * sum(windows.iter(), |_| WHOLE);
    let best = BPS_DENOMINATOR * sum(windows.iter(), |window| window.best);
    match promised.checked_sub(best) {
        None | Some(0) => 0,
        Some(missing) => mul_div_floor(at_risk, missing, promised),
    }
}
