//! The policy for gas limits and gas prices.

use crate::backend::Fees;

/// The fees of a new transaction at this base fee: room for it to double, and no tip, because Arbitrum
/// charges the base fee alone.
pub(super) const fn initial(base_fee: u128) -> Fees {
    Fees { cap: base_fee.saturating_mul(2), tip: 0 }
}

/// The fees of a replacement at this base fee. Nodes want at least a tenth more than the old cap and tip; this
/// adds an eighth.
pub(super) fn bumped(old: Fees, base_fee: u128) -> Fees {
    let more = |fee: u128| fee.saturating_add(fee.div_ceil(8)).saturating_add(1);
    Fees { cap: more(old.cap).max(initial(base_fee).cap), tip: more(old.tip) }
}

/// The gas limit for an estimate: a quarter and two new storage words more. A call that is mined a second later, or after
/// other transactions, may write words that its estimate did not: `resign` in the tick of the accept writes one less than in
/// the next tick. Gas that is left costs nothing.
pub(super) const fn gas_limit(estimate: u64) -> u64 {
    estimate.saturating_add(estimate.div_ceil(4)).saturating_add(2 * NEW_WORD)
}

/// The gas limit of a call that a node executes and does not estimate: enough for every call of a market, the settlement of the
/// largest agreement included.
pub(super) const GAS_WITHOUT_ESTIMATE: u64 = 5_000_000;

/// The gas of a storage word that becomes nonzero, read for the first time.
const NEW_WORD: u64 = 22_100;

#[cfg(test)]
mod tests {
    use super::{bumped, gas_limit};
    use crate::backend::Fees;

    #[test]
    fn bumped_fees_exceed_the_old_ones_and_the_base_fee() {
        let fees = Fees { cap: 100, tip: 0 };
        assert_eq!(bumped(fees, 1), Fees { cap: 114, tip: 1 });
        assert_eq!(bumped(fees, 90), Fees { cap: 180, tip: 1 });
    }

    #[test]
    fn a_limit_has_room_for_a_word_that_the_estimate_did_not_write() {
        // `resign` in the tick of the accept, and in the next one.
        assert!(gas_limit(34_000) >= 54_000 + 22_100);
    }
}
