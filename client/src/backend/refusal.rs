//! What nodes say when they refuse a request: which refusals stand for too many requests, in the words of each provider.

use std::time::Duration;

use crate::error::{BoxError, NodeError};

/// What nodes say of too many requests, in lower case.
const RATE_LIMIT_WORDS: [&str; 14] = [
    "429",
    "too many requests",
    "too many calls",
    "rate limit",
    "ratelimit",
    "rate-limit",
    "rate exceeded",
    "rate of requests",
    "per second",
    "/second",
    "request limit",
    "request count exceeded",
    "compute units",
    "throttl",
];

/// JSON-RPC error codes that stand for too many requests whatever the words are.
const RATE_LIMIT_CODES: [i64; 2] = [429, -32_029];

/// The status of HTTP for too many requests.
const TOO_MANY_REQUESTS: u16 = 429;

/// The status of HTTP of a server that is overloaded, and may say for how long.
const UNAVAILABLE: u16 = 503;

/// The most characters that are kept of what a server says.
const MAX_MESSAGE: usize = 200;

/// The words before the pause that a node asks for, in lower case.
const PAUSE_WORDS: [&str; 8] = [
    "backoff_seconds",
    "retry_after",
    "retry-after",
    "retryafter",
    "retry after",
    "retry in",
    "try again in",
    "try_again_in",
];

/// A JSON-RPC error: its code, its message and its data.
pub(super) fn rpc_refusal(code: i64, message: &str, data: &str) -> NodeError {
    let text = format!("{message} {data}").to_lowercase();
    if RATE_LIMIT_CODES.contains(&code) || is_about_rate(&text) {
        return NodeError::RateLimited { message: message.into(), retry_after: pause_in(&text) };
    }
    NodeError::Rpc { code, message: message.into() }
}

/// An answer that is no JSON-RPC: its status of HTTP, as far as it is known, its body, and the pause that its header names.
pub(super) fn http_refusal(
    url: Box<str>,
    (status, body): (Option<u16>, &str),
    retry_after: Option<Duration>,
    source: BoxError,
) -> NodeError {
    let text = body.to_lowercase();
    let is_overloaded = status == Some(UNAVAILABLE) && retry_after.is_some();
    if status != Some(TOO_MANY_REQUESTS) && !is_overloaded && !is_about_rate(&text) {
        return NodeError::NotANode { url, source };
    }
    let message = source.to_string().chars().take(MAX_MESSAGE).collect::<String>().into();
    NodeError::RateLimited { message, retry_after: retry_after.or_else(|| pause_in(&text)) }
}

/// Whether a node speaks of too many requests.
fn is_about_rate(text: &str) -> bool {
    RATE_LIMIT_WORDS.iter().any(|words| text.contains(words))
}

/// The pause that a text asks for: a number after one of the words for it, in seconds if no other unit follows. Parts of a
/// unit are rounded up.
fn pause_in(text: &str) -> Option<Duration> {
    let after = PAUSE_WORDS.iter().find_map(|words| text.split_once(words))?.1;
    let number = after.trim_start_matches([' ', ':', '=', '"']);
    let (whole, rest) = split_digits(number);
    let (part, unit) = rest.strip_prefix('.').map_or(("", rest), split_digits);
    let count = whole.parse::<u64>().ok()?;
    let count = count.saturating_add(u64::from(part.bytes().any(|digit| digit != b'0')));
    let unit = unit.trim_start();
    Some(if unit.starts_with("ms") || unit.starts_with("milli") {
        Duration::from_millis(count)
    } else if unit.starts_with('m') {
        Duration::from_secs(count.saturating_mul(60))
    } else {
        Duration::from_secs(count)
    })
}

/// The digits at the beginning of a text, and the rest.
fn split_digits(text: &str) -> (&str, &str) {
    let end = text.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of too many requests: not a word, no pause, or this one.
    #[derive(Debug, PartialEq, Eq)]
    enum Said {
        Nothing,
        NoPause,
        Pause(Duration),
    }

    fn said(error: &NodeError) -> Said {
        match error {
            NodeError::RateLimited { retry_after: Some(pause), .. } => Said::Pause(*pause),
            NodeError::RateLimited { .. } => Said::NoPause,
            _ => Said::Nothing,
        }
    }

    #[test]
    fn too_many_requests_are_recognized_in_the_words_of_each_provider() {
        for (code, message) in [
            (429, "slow down"),
            (-32_005, "project ID request rate exceeded"),
            (-32_005, "daily request count exceeded, request rate limited"),
            (-32_029, "busy"),
            (-32_007, "50/second request limit reached"),
            (-32_000, "Your app has exceeded its compute units per second capacity"),
            (-32_016, "Too many requests"),
            (-32_097, "Rate limit exceeded, upgrade your plan"),
            (-32_090, "Too many requests, retry in 10s"),
        ] {
            assert_ne!(said(&rpc_refusal(code, message, "")), Said::Nothing, "{message}");
        }
        for (code, message) in [
            (-32_000, "execution aborted"),
            (-32_005, "query returned more than 10000 results"),
            (-32_602, "eth_getLogs is limited to a 10,000 range"),
            (-32_000, "nonce too low"),
        ] {
            assert_eq!(said(&rpc_refusal(code, message, "")), Said::Nothing, "{message}");
        }
    }

    #[test]
    fn the_pause_comes_from_the_header_or_the_body() {
        let http = |status, body, header| {
            said(&http_refusal("".into(), (Some(status), body), header, "".into()))
        };
        let seconds = Duration::from_secs;
        assert_eq!(http(429, "", Some(seconds(7))), Said::Pause(seconds(7)));
        assert_eq!(http(429, "Too Many Requests", None), Said::NoPause);
        assert_eq!(http(503, "", Some(seconds(7))), Said::Pause(seconds(7)));
        assert_eq!(http(503, "", None), Said::Nothing, "that is no node");
        assert_eq!(http(403, "rate limit", None), Said::NoPause);
        for (text, pause) in [
            (r#"{"rate":{"allowed_rps":1,"backoff_seconds":30.0}}"#, seconds(30)),
            (r#"{"try_again_in":"535.99ms"}"#, Duration::from_millis(536)),
            ("retry after 2m0s", seconds(120)),
            ("Retry in 3.2 seconds", seconds(4)),
            (r#"{"retryAfter": 5}"#, seconds(5)),
            ("try again in 18446744073709551615 minutes", seconds(u64::MAX)),
        ] {
            assert_eq!(http(429, text, None), Said::Pause(pause), "{text}");
            assert_eq!(said(&rpc_refusal(429, "no", text)), Said::Pause(pause), "{text}");
        }
        assert_eq!(http(429, "retry after lunch", None), Said::NoPause);
    }
}
