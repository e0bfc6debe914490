//! Wei: escrow, fees, bonds, pay and slashes. Every division states how it rounds; remainders go to the
//! client.

use crate::verdict::WindowTally;
use crate::{BPS, PRICE_LIMIT};

/// ⌊`amount` × `part` / `whole`⌋ for `part` ≤ `whole`; `amount` if `part` is larger; zero if `whole` is
/// zero.
#[must_use]
pub fn share(amount: u128, part: u32, whole: u32) -> u128 {
    let (part, whole) = (u128::from(part.min(whole)), u128::from(whole));
    let (Some(quotient), Some(rest)) = (amount.checked_div(whole), amount.checked_rem(whole))
    else {
        return 0;
    };
    // quotient · part ≤ amount; rest and part are below 2^32; the sum is at most the amount.
    let Some(tail) = rest.wrapping_mul(part).checked_div(whole) else { return 0 };
    quotient.wrapping_mul(part).wrapping_add(tail)
}

/// The cost in wei of `ticks` at `price` wei each, for prices below [`PRICE_LIMIT`].
#[must_use]
pub fn cost(price: u128, ticks: u32) -> u128 {
    price.saturating_mul(ticks.into()) // 96 + 32 bits fit into 128
}

/// The fee of one seat for one worker: `bps` of what the worker earns in a window of `window_length`
/// ticks, rounded down, and at least `minimum`.
#[must_use]
pub fn fee(price: u128, window_length: u32, bps: u16, minimum: u128) -> u128 {
    minimum.max(share(cost(price, window_length), bps.into(), BPS.into()))
}

/// The bond of one worker in one agreement: `bps` of the price of the whole length, rounded up, and at
/// least `minimum`.
#[must_use]
pub fn bond(price: u128, length: u32, bps: u16, minimum: u128) -> u128 {
    let full = cost(price, length);
    // ⌈x·b/n⌉ = x − ⌊x·(n−b)/n⌋ for b ≤ n.
    let rest = share(full, BPS.saturating_sub(bps).into(), BPS.into());
    minimum.max(full.saturating_sub(rest))
}

/// One worker's part of the escrow: its price for the whole length and the fees of all its seats. `None`
/// from [`PRICE_LIMIT`] on, which also keeps its fee and its bond below that limit.
#[must_use]
pub fn escrow(price: u128, length: u32, fee: u128, windows: u8, testers: u8) -> Option<u128> {
    let seats = u128::from(windows).checked_mul(testers.into())?;
    let sum = cost(price, length).checked_add(fee.checked_mul(seats)?)?;
    (sum < PRICE_LIMIT).then_some(sum)
}

/// The pay of a worker that accepted: the whole price if it kept its promise or no window was decided,
/// otherwise the share of the decided windows that it served, rounded down.
///
/// Source: docs/rules.md, "Pay".
#[must_use]
pub fn pay(price: u128, length: u32, promise: u16, tally: WindowTally) -> u128 {
    let base = cost(price, length);
    if tally.meets(promise) { base } else { share(base, tally.served.into(), tally.decided()) }
}

/// The verdicts on one worker over all judged windows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Windows judged served and failed.
    pub tally: WindowTally,
    /// Failed windows in which at least two seats reported a failure and none has a receipt: a worker
    /// loses its bond only for these.
    pub certain_failures: u8,
    /// Ticks for which the worker is judged and paid.
    pub ticks: u32,
    /// Whether it resigned.
    pub resigned: bool,
}

/// A tenth of a bond, rounded down: the penalty for not accepting, and for resigning.
#[must_use]
pub fn tenth(bond: u128) -> u128 {
    share(bond, 1, 10)
}

/// The part of its bond that a worker loses which accepted an agreement of `length` ticks.
///
/// Pay follows the majority, but the slash counts only certain failures: all other windows count as
/// served. The slash is the missed share of the promise, applied to the bond for the judged ticks.
/// Resigning adds a tenth of the bond. Never more than the bond; every part rounds down.
///
/// Source: docs/rules.md, "Slashing".
#[must_use]
pub fn slash(bond: u128, length: u32, promise: u16, judgement: &Judgement) -> u128 {
    let Judgement { tally, certain_failures, ticks, resigned } = *judgement;
    // At most 42 windows times 10 000.
    let promised = u32::from(promise).wrapping_mul(tally.decided());
    let kept = u32::from(BPS).wrapping_mul(tally.decided().saturating_sub(certain_failures.into()));
    let at_risk = share(bond, ticks, length);
    let missed = share(at_risk, promised.saturating_sub(kept), promised);
    let leave = if resigned { tenth(bond) } else { 0 };
    bond.min(missed.saturating_add(leave))
}

/// The part of one worker's `slash` that goes to the client: at most the `pay` of the same worker. The
/// rest is burned, so no one profits from a worker's failure.
///
/// Source: docs/rules.md, "Compensation".
#[must_use]
pub fn compensation(slash: u128, pay: u128) -> u128 {
    slash.min(pay)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_rounds_down_and_never_divides_by_zero() {
        assert_eq!(share(10, 1, 3), 3);
        assert_eq!(share(11, 2, 3), 7);
        assert_eq!(share(10, 0, 3), 0);
        assert_eq!(share(10, 3, 3), 10);
        assert_eq!(share(10, 4, 3), 10);
        assert_eq!(share(10, 0, 0), 0);
        assert_eq!(share(10, 1, 0), 0);
        assert_eq!(
            share(u128::MAX, u32::MAX - 1, u32::MAX),
            u128::MAX - (1 << 96) - (1 << 64) - (1 << 32) - 1
        );
    }

    #[test]
    fn a_fee_rounds_down_and_a_bond_rounds_up() {
        assert_eq!(fee(33, 3, 100, 0), 0); // 0.99 wei
        assert_eq!(fee(34, 3, 100, 0), 1); // 1.02 wei
        assert_eq!(bond(33, 3, 100, 0), 1);
        assert_eq!(bond(34, 3, 100, 0), 2);
        assert_eq!(bond(50, 2, 100, 0), 1); // exactly 1 wei
        assert_eq!(bond(50, 2, 0, 0), 0);
        assert_eq!(bond(50, 2, BPS, 0), 100);
    }

    #[test]
    fn a_minimum_is_a_minimum() {
        assert_eq!(fee(100, 100, 100, 99), 100);
        assert_eq!(fee(100, 100, 100, 101), 101);
        assert_eq!(bond(100, 100, 100, 99), 100);
        assert_eq!(bond(100, 100, 100, 101), 101);
    }

    #[test]
    fn an_escrow_holds_the_price_and_every_seat() {
        assert_eq!(escrow(5, 100, 7, 4, 3), Some(584));
        assert_eq!(escrow(5, 100, 7, 1, 0), Some(500));
    }

    #[test]
    fn an_escrow_ends_one_wei_below_the_limit() {
        assert_eq!(escrow(PRICE_LIMIT - 1, 1, 9, 1, 0), Some(PRICE_LIMIT - 1));
        assert_eq!(escrow(PRICE_LIMIT, 1, 9, 1, 0), None);
        assert_eq!(escrow(PRICE_LIMIT - 1, u32::MAX, 0, 1, 0), None);
        assert_eq!(escrow(1, 1, u128::MAX, 21, 3), None);
        assert_eq!(escrow(1, 1, u128::MAX, 1, 1), None);
    }

    #[test]
    fn pay_is_whole_at_the_promise_and_a_share_below_it() {
        let tally = |served, failed| WindowTally { served, failed };
        assert_eq!(pay(1, 100, 7_500, tally(3, 1)), 100);
        assert_eq!(pay(1, 100, 7_501, tally(3, 1)), 75);
        assert_eq!(pay(1, 100, 7_501, tally(1, 2)), 33);
        assert_eq!(pay(1, 100, 10_000, tally(0, 0)), 100);
        assert_eq!(pay(1, 100, 1, tally(0, 1)), 0);
    }
}
