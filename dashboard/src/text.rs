//! Values as texts.

use std::fmt::{Arguments, Write};

use alloy::primitives::Address;
use jiff::Timestamp;
use muster_client::{Application, Ether};
use muster_index::query::{ApplicationName, Wei};

/// An amount with its unit, exact.
pub(crate) fn amount(wei: Wei) -> String {
    Ether::from(wei.0).to_string()
}

/// A share in basis points as a percentage.
pub(crate) fn percent(basis_points: u16) -> String {
    let whole = basis_points.checked_div(100).unwrap_or(0);
    match basis_points.checked_rem(100).unwrap_or(0) {
        0 => format!("{whole}%"),
        rest => format!("{whole}.{rest:02}%"),
    }
}

/// A share in twelfths as a percentage.
pub(crate) fn twelfths(share: u8) -> String {
    let percent = u16::from(share).saturating_mul(100).saturating_add(6).checked_div(12);
    format!("{}%", percent.unwrap_or(0))
}

/// A Unix second in this form; nothing if no calendar has it.
fn moment(second: u64, format: &str) -> String {
    let timestamp = i64::try_from(second).ok().and_then(|s| Timestamp::from_second(s).ok());
    timestamp.map_or_else(|| second.to_string(), |moment| moment.strftime(format).to_string())
}

/// A Unix second for people, in UTC.
pub(crate) fn time(second: u64) -> String {
    moment(second, "%Y-%m-%d %H:%M:%S UTC")
}

/// A Unix second for programs.
pub(crate) fn time_iso(second: u64) -> String {
    moment(second, "%Y-%m-%dT%H:%M:%SZ")
}

/// The day of a Unix second, in UTC.
pub(crate) fn day(second: u64) -> String {
    moment(second, "%Y-%m-%d")
}

/// The beginning and the end of an address. Two addresses can look the same so: it is no proof.
pub(crate) fn short_address(address: Address) -> String {
    let text = address.to_string();
    match (text.get(..8), text.get(36..)) {
        (Some(begin), Some(end)) => format!("{begin}…{end}"),
        _ => text,
    }
}

/// An application as it is written in the path of a URL.
pub(crate) fn application_path(application: ApplicationName) -> String {
    let name = Application(application.0).to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.chars().all(is_plain) { name } else { application.0.to_string() }
}

/// A number with a noun.
pub(crate) fn count(number: u64, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}

/// Adds to a text.
pub(crate) fn append(text: &mut String, addition: Arguments<'_>) {
    // Writing to a text does not fail.
    let _ = text.write_fmt(addition);
}

/// A text as it is written in the query of a URL.
pub(crate) fn query_value(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            append(&mut encoded, format_args!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use alloy::primitives::FixedBytes;

    use super::*;

    #[test]
    fn values_read_as_people_write_them() {
        assert_eq!([10_000, 9_950, 5, 0].map(percent), ["100%", "99.50%", "0.05%", "0%"]);
        assert_eq!([12, 11, 6, 1, 0].map(twelfths), ["100%", "92%", "50%", "8%", "0%"]);
        assert_eq!(time(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(time_iso(1_000_000_000), "2001-09-09T01:46:40Z");
        assert_eq!(time(u64::MAX), u64::MAX.to_string(), "no calendar has it");
        assert_eq!(short_address(Address::repeat_byte(0x12)), "0x121212…121212");
        assert_eq!([count(1, "day", "days"), count(2, "day", "days")], ["1 day", "2 days"]);
    }

    #[test]
    fn what_a_url_would_read_otherwise_is_encoded() {
        let path = |bytes| application_path(ApplicationName(FixedBytes(bytes)));
        assert_eq!(path(*b"factor\0\0"), "factor");
        assert_eq!(path([0; 8]), "0");
        assert_eq!(path(*b"../../..").len(), 18);
        assert_eq!(path(*b"a?b#c%d/").len(), 18);
        assert_eq!(query_value("a b&c=\"<"), "a%20b%26c%3D%22%3C");
    }
}
