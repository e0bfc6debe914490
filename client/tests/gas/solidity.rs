//! The same steps in the same market in Solidity, next to those of the Stylus contracts.

use crate::rows::Row;
use crate::snapshot::table;

/// Sizes whose testers are drawn from a list that is longer than their seats: every agreement has
/// other testers, so one run says little about another.
const SKIPPED_SIZES: [&str; 2] = ["1 × 3, 12 testers", "8 × 3, 21 windows"];

/// The table of the page: what Stylus costs more than Solidity, in gas and in percent.
pub(crate) fn comparison_table(ours: &[Row], theirs: &[Row]) -> String {
    let rows = ours.iter().zip(theirs).map(|((name, gas), (same, other))| {
        assert_eq!(name, same);
        (name, i64::try_from(*gas).unwrap(), i64::try_from(*other).unwrap())
    });
    let rows = rows.filter(|(name, ..)| !SKIPPED_SIZES.iter().any(|size| name.starts_with(size)));
    let lines = rows.map(|(name, gas, other)| {
        let more = gas - other;
        let (sign, share) =
            (if more < 0 { "−" } else { "" }, (1_000 * more.abs()).div_euclid(other));
        let share = format!("{sign}{}.{} %", share.div_euclid(10), share.rem_euclid(10));
        let more = format!("{sign}{}", more.abs());
        vec![name.clone(), gas.to_string(), other.to_string(), more, share]
    });
    table(&["step", "Stylus", "Solidity", "more", "share"], lines)
}
