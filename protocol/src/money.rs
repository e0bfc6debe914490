//! Wei: escrow, fees, bonds, pay and slashes. Every division states how it rounds; remainders go to the
//! client.

use crate::shares::Uptime;
use crate::{BPS, PRICE_LIMIT};

/// ⌊`amount` × `part` / `whole`⌋ for `part` ≤ `whole`; `amount` if `part` is larger; zero if `whole` is
/// zero. `whole` must be below 2^64, so that the product of a rest and a part fits.
#[must_use]
pub fn share(amount: u128, part: u64, whole: u64) -> u128 {
    let (part, whole) = (u128::from(part.min(whole)), u128::from(whole));
    let (Some(quotient), Some(rest)) = (amount.checked_div(whole), amount.checked_rem(whole))
    else {
        return 0;
    };
    // quotient · part ≤ amount; rest and part are below 2^64; the sum is at most the amount.
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

/// The pay of a worker that accepted, for `ticks` of finished windows: the whole price if its mean uptime in
/// the known ones reaches its promise or none is known, otherwise the price times that mean, rounded down.
///
/// Source: docs/rules.md, "Pay".
#[must_use]
pub fn pay(price: u128, ticks: u32, promise: u16, uptime: Uptime) -> u128 {
    let base = cost(price, ticks);
    let (served, whole) = uptime.parts();
    if uptime.missed(promise).0 == 0 { base } else { share(base, served, whole) }
}

/// What the bond of a worker depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// The mean of the highest shares that no seat contradicts, over all known windows, the one that a
    /// resignation cut short included: a worker loses its bond only for what no seat can vouch for.
    pub best: Uptime,
    /// Ticks for which the worker is judged.
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
/// Pay follows the median, but the slash follows the best share of each window. The slash is the missed share
/// of the promise, applied to the bond for the judged ticks. Resigning adds a tenth of the bond. Never more
/// than the bond; every part rounds down.
///
/// Source: docs/rules.md, "Slashing".
#[must_use]
pub fn slash(bond: u128, length: u32, promise: u16, judgement: &Judgement) -> u128 {
    let Judgement { best, ticks, resigned } = *judgement;
    let at_risk = share(bond, ticks.into(), length.into());
    let (missed, promised) = best.missed(promise);
    let leave = if resigned { tenth(bond) } else { 0 };
    bond.min(share(at_risk, missed, promised).saturating_add(leave))
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
        let whole = u64::MAX;
        assert_eq!(share(u128::MAX, whole - 1, whole), u128::MAX - (1 << 64) - 1);
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

    /// One known window of 100 ticks with this share.
    fn uptime(share: u8) -> Uptime {
        let mut uptime = Uptime::default();
        uptime.add(100, share);
        uptime
    }

    #[test]
    fn pay_is_whole_at_the_promise_and_a_share_below_it() {
        assert_eq!(pay(1, 100, 7_500, uptime(9)), 100);
        assert_eq!(pay(1, 100, 7_501, uptime(9)), 75);
        assert_eq!(pay(1, 100, 7_501, uptime(4)), 33);
        assert_eq!(pay(1, 100, 10_000, Uptime::default()), 100);
        assert_eq!(pay(1, 100, 1, uptime(0)), 0);
    }

    #[test]
    fn a_slash_is_the_missed_share_of_the_bond_at_risk() {
        let slash = |share, ticks, resigned| {
            slash(1_000, 100, 7_500, &Judgement { best: uptime(share), ticks, resigned })
        };
        assert_eq!(slash(9, 100, false), 0);
        assert_eq!(slash(6, 100, false), 333);
        assert_eq!(slash(0, 100, false), 1_000);
        assert_eq!(slash(0, 50, false), 500);
        assert_eq!(slash(12, 50, true), 100);
        assert_eq!(slash(0, 99, true), 1_000);
    }
}
