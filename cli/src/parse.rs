//! Parsers of values on the command line and in settings, beyond those of the types themselves.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use alloy::primitives::{Address, B256};
use muster_client::protocol::report::Entry;
use muster_client::{AmountError, Ether, ServiceReceipt, failed_entry};

use crate::aliases::{AliasName, Aliases};
use crate::keys::DevAccount;

/// A value that cannot be parsed, and what is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParseError {
    /// Not an address.
    #[error(
        "an address is 0x and 40 hexadecimal digits, a dev account such as dev:alice, or a name of `muster alias list`"
    )]
    Account,
    /// Not the address of a contract.
    #[error(
        "a contract's address is 0x and 40 hexadecimal digits, or a name of `muster alias list`"
    )]
    Contract,
    /// A name, where names cannot be read.
    #[error("the file with names for addresses is invalid: `muster alias list` says why")]
    Aliases,
    /// A mistyped address.
    #[error(
        "the upper and lower case of this address is no EIP-55 checksum, so a digit is probably wrong: copy it again (an address in lower case is not checked)"
    )]
    Checksum,
    /// Not a worker and a URL.
    #[error(
        "expected WORKER=URL, the worker being an address, a dev account, or its number in the agreement"
    )]
    WorkerUrl,
    /// Not an entry of a report.
    #[error(
        "expected INDEX:WINDOW:MADE, or INDEX:WINDOW:MADE:SERVED:RECEIPT with a receipt for that window, and SERVED from 1 \
         to MADE"
    )]
    Entry,
    /// Neither basis points nor a percentage.
    #[error("expected basis points from 0 to 10000, or a percentage such as 95%")]
    BasisPoints,
    /// Not an address to listen on.
    #[error("IP:PORT is expected, such as 127.0.0.1:3000; port 0 is any free one")]
    SocketAddress,
    /// Not the URL of a service.
    #[error("a service's URL begins with http:// or https:// and the name of a host")]
    ServiceUrl,
    /// Not a key for messages.
    #[error("a key for messages is 64 hexadecimal digits, as `muster key show` prints it")]
    MessageKey,
    /// Not a duration.
    #[error("seconds are a number such as 0.5, above 0 and at most 30")]
    Seconds,
    /// Not a path.
    #[error("a path begins with a slash")]
    Path,
}

/// Wei from an amount such as `1.5eth`.
pub(crate) fn wei(text: &str) -> Result<u128, AmountError> {
    text.parse::<Ether>()?.wei()
}

/// An address, the address of a dev account, or that of a name.
pub(crate) fn account_address(text: &str) -> Result<Address, ParseError> {
    if let Ok(name) = text.parse::<DevAccount>() {
        return Ok(name.address());
    }
    address_or_alias(text, ParseError::Account)
}

/// An address, or that of a name.
fn address_or_alias(text: &str, expected: ParseError) -> Result<Address, ParseError> {
    if text.parse::<AliasName>().is_err() {
        return address(text, expected);
    }
    let aliases = Aliases::known().map_err(|_| ParseError::Aliases)?;
    aliases.address(text).ok_or(expected)
}

/// An address. If its digits have both cases, these must be its EIP-55 checksum.
fn address(text: &str, expected: ParseError) -> Result<Address, ParseError> {
    let address: Address = text.parse().map_err(|_| expected)?;
    let digits = text.trim_start_matches("0x");
    let has = |is_case: fn(&u8) -> bool| digits.bytes().any(|digit| is_case(&digit));
    let is_mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    if is_mixed && address.to_checksum(None).trim_start_matches("0x") != digits {
        return Err(ParseError::Checksum);
    }
    Ok(address)
}

/// The address of a contract, or that of a name.
pub(crate) fn contract_address(text: &str) -> Result<Address, ParseError> {
    address_or_alias(text, ParseError::Contract)
}

/// Basis points from a number of them or a percentage with up to two decimals.
pub(crate) fn basis_points(text: &str) -> Result<u16, ParseError> {
    let bps = match text.strip_suffix('%') {
        None => text.parse().ok(),
        Some(percent) => {
            let (whole, part) = percent.split_once('.').unwrap_or((percent, ""));
            let digits = format!("{whole}{part:0<2}");
            digits.parse().ok().filter(|_| part.len() <= 2 && !whole.is_empty())
        }
    };
    bps.filter(|bps| *bps <= muster_client::protocol::BPS).ok_or(ParseError::BasisPoints)
}

/// A duration in seconds, of half a minute at most.
pub(crate) fn seconds(text: &str) -> Result<Duration, ParseError> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.filter(|it| !it.is_zero() && *it <= Duration::from_secs(30)).ok_or(ParseError::Seconds)
}

/// An address and port to listen on.
pub(crate) fn socket_address(text: &str) -> Result<SocketAddr, ParseError> {
    text.parse().map_err(|_| ParseError::SocketAddress)
}

/// The URL of a service, unchanged.
pub(crate) fn service_url(text: &str) -> Result<Box<str>, ParseError> {
    if is_url(text, &["http", "https"]) { Ok(text.into()) } else { Err(ParseError::ServiceUrl) }
}

/// Whether a text is a URL of one of these schemes.
pub(crate) fn is_url(text: &str, schemes: &[&str]) -> bool {
    reqwest::Url::parse(text).is_ok_and(|url| schemes.contains(&url.scheme()) && url.has_host())
}

/// Whether a URL names this machine.
pub(crate) fn is_local(url: &str) -> bool {
    let url = reqwest::Url::parse(url).ok();
    url.as_ref().and_then(reqwest::Url::host_str).is_some_and(|host| {
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    })
}

/// A public key for messages.
pub(crate) fn message_key(text: &str) -> Result<B256, ParseError> {
    text.parse().map_err(|_| ParseError::MessageKey)
}

/// A worker of an agreement, unchanged, and the URL where it serves.
pub(crate) fn worker_url(text: &str) -> Result<(String, String), ParseError> {
    let (worker, url) = text.split_once('=').ok_or(ParseError::WorkerUrl)?;
    if worker.is_empty() {
        return Err(ParseError::WorkerUrl);
    }
    Ok((worker.to_owned(), service_url(url)?.into()))
}

/// A path below the URL of a service.
pub(crate) fn url_path(text: &str) -> Result<Box<str>, ParseError> {
    if text.starts_with('/') { Ok(text.into()) } else { Err(ParseError::Path) }
}

/// A tester's entry on a worker in a window: the probes made, and how many were served with the receipt for them.
pub(crate) fn report_entry(text: &str) -> Result<Entry, ParseError> {
    let mut fields = text.split(':');
    let number = |text: Option<&str>| text.and_then(|text| text.parse().ok());
    let mut next = || number(fields.next()).ok_or(ParseError::Entry);
    let (index, window, made): (u8, u8, u8) = (next()?, next()?, next()?);
    let Some(served) = fields.next() else { return Ok(failed_entry(index, window, made)) };
    let served = number(Some(served)).filter(|served| (1..=made).contains(served));
    let receipt: Option<ServiceReceipt> = fields.next().and_then(|text| text.parse().ok());
    match (served, receipt.filter(|receipt| receipt.window == window), fields.next()) {
        (Some(served), Some(receipt), None) => Ok(receipt.entry(index, made, served)),
        _ => Err(ParseError::Entry),
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::B256;
    use muster_client::{ServiceReceipt, failed_entry};

    use super::{
        ParseError, account_address, basis_points, contract_address, is_local, report_entry,
        service_url, socket_address, worker_url,
    };

    #[test]
    fn an_entry_without_service_needs_no_receipt() {
        assert_eq!(report_entry("2:3:12"), Ok(failed_entry(2, 3, 12)));
    }

    #[test]
    fn served_probes_come_with_a_receipt_of_their_window() {
        let [r, vs] = [1, 2].map(B256::with_last_byte);
        let receipt = ServiceReceipt { window: 3, parts: 0b11, r, vs };
        assert_eq!(report_entry(&format!("1:3:12:11:{receipt}")), Ok(receipt.entry(1, 12, 11)));
        for wrong in ["1:2:12:11", "1:3:12:13", "1:3:12:0", "1:3:12:"] {
            assert_eq!(
                report_entry(&format!("{wrong}:{receipt}")),
                Err(ParseError::Entry),
                "{wrong}"
            );
        }
        assert_eq!(report_entry("1:3:12:11"), Err(ParseError::Entry));
    }

    #[test]
    fn invalid_entries_are_refused() {
        for wrong in
            ["", "0", "0:", "0:1", "0:1:x", "x:1:1", "0:256:1", "256:0:1", "0:1:2:1:0b1,1,1"]
        {
            assert_eq!(report_entry(wrong), Err(ParseError::Entry), "{wrong}");
        }
    }

    #[test]
    fn parts_of_the_whole_are_basis_points_or_percent() {
        assert_eq!(basis_points("9000"), Ok(9_000));
        assert_eq!(basis_points("95%"), Ok(9_500));
        assert_eq!(basis_points("99.5%"), Ok(9_950));
        assert_eq!(basis_points("0.01%"), Ok(1));
        for wrong in ["10001", "101%", "1.234%", ".5%", "-1", "x"] {
            assert_eq!(basis_points(wrong), Err(ParseError::BasisPoints), "{wrong}");
        }
    }

    #[test]
    fn an_account_is_an_address_or_a_dev_account() {
        assert_eq!(account_address("dev:alice"), account_address("dev:alice"));
        assert!(account_address("0x3f1Eae7D46d88F08fc2F8ed27FCb2AB183EB2d0E").is_ok());
        assert_eq!(account_address("0x12"), Err(ParseError::Account));
        let lower = "0x3f1eae7d46d88f08fc2f8ed27fcb2ab183eb2d0e";
        assert_eq!(
            account_address(lower),
            account_address(&lower.to_uppercase().replace('X', "x"))
        );
        for parse in [account_address, contract_address] {
            // One digit of another case, and one digit of another value.
            for wrong in [
                "0x3F1Eae7D46d88F08fc2F8ed27FCb2AB183EB2d0E",
                "0x3f1Eae7D46d88F08fc2F8ed27FCb2AB183EB2d1E",
            ] {
                assert_eq!(parse(wrong), Err(ParseError::Checksum), "{wrong}");
            }
        }
    }

    #[test]
    fn a_worker_url_has_two_sides() {
        assert_eq!(worker_url("0=http://a?b=c"), Ok(("0".into(), "http://a?b=c".into())));
        assert_eq!(worker_url("0"), Err(ParseError::WorkerUrl));
        assert_eq!(worker_url("=http://a"), Err(ParseError::WorkerUrl));
        assert_eq!(worker_url("0=x"), Err(ParseError::ServiceUrl));
    }

    #[test]
    fn a_service_url_is_http_or_https() {
        for url in ["http://127.0.0.1:3000", "https://worker.example/path?x=y", "HTTP://a"] {
            assert_eq!(service_url(url), Ok(url.into()));
        }
        for wrong in ["", "a", "a:80", "127.0.0.1:80", "ftp://a", "http:", "http://", "file:///a"] {
            assert_eq!(service_url(wrong), Err(ParseError::ServiceUrl), "{wrong}");
        }
    }

    #[test]
    fn a_url_of_this_machine_is_local() {
        assert!(
            ["http://127.0.0.1:80/a", "http://localhost", "http://[::1]:1"].map(is_local)
                == [true; 3]
        );
        assert!(["http://10.0.0.1", "https://localhost.example", "x"].map(is_local) == [false; 3]);
    }

    #[test]
    fn a_socket_address_has_a_port() {
        assert_eq!(socket_address("127.0.0.1:0"), Ok(([127, 0, 0, 1], 0).into()));
        assert!(socket_address("[::1]:80").is_ok());
        for wrong in ["", "80", "127.0.0.1", "localhost:80", "127.0.0.1:65536"] {
            assert_eq!(socket_address(wrong), Err(ParseError::SocketAddress), "{wrong}");
        }
    }
}
