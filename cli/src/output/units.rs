//! Numbers of the market as text.

use muster_client::protocol::reputation;

/// Basis points as a percentage with up to two decimals.
pub(crate) fn format_percent(bps: u16) -> String {
    let (whole, part) = (bps.checked_div(100).unwrap_or(0), bps.checked_rem(100).unwrap_or(0));
    if part == 0 { format!("{whole}%") } else { format!("{whole}.{part:02}%") }
}

/// A weight in a reputation, in observations, rounded down to hundredths.
pub(crate) fn format_observations(weight: u64) -> String {
    let hundredths =
        u128::from(weight).wrapping_mul(100).checked_div(reputation::ONE_OBSERVATION.into());
    let hundredths = hundredths.unwrap_or(0); // 64 + 7 bits cannot leave 128
    let (whole, part) = (hundredths.checked_div(100), hundredths.checked_rem(100));
    format!("{}.{:02}", whole.unwrap_or(0), part.unwrap_or(0))
}

/// The numbers of the windows or workers whose bits are set.
pub(crate) fn number_list(bits: u32) -> String {
    let set = (0..u32::BITS).filter(|bit| bits.checked_shr(*bit).is_some_and(|b| b & 1 == 1));
    let set: Vec<_> = set.map(|bit| bit.to_string()).collect();
    if set.is_empty() { "none".to_owned() } else { set.join(",") }
}

#[cfg(test)]
mod tests {
    use super::{format_percent, number_list};

    #[test]
    fn bits_are_listed_by_number() {
        assert_eq!(number_list(0b1011), "0,1,3");
        assert_eq!(number_list(0), "none");
    }

    #[test]
    fn basis_points_are_a_percentage() {
        assert_eq!([0, 1, 9_500, 9_950].map(format_percent), ["0%", "0.01%", "95%", "99.50%"]);
    }
}
