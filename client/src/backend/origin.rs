//! URLs as they may be shown.

/// The scheme, host and port of a URL: the rest often holds a key. Takes any text, and never fails.
pub(super) fn origin(url: &str) -> Box<str> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    if scheme.is_empty() { host.into() } else { format!("{scheme}://{host}").into() }
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn origin_omits_credentials() {
        for url in [
            "https://node.example:8547",
            "https://node.example:8547/v2/KEY",
            "https://user:KEY@node.example:8547/?apikey=KEY#KEY",
        ] {
            assert_eq!(&*origin(url), "https://node.example:8547");
        }
        assert_eq!(&*origin("node.example/KEY"), "node.example");
        assert_eq!(&*origin(""), "");
    }
}
