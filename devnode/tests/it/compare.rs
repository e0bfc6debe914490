//! Compares a response with the expectation of a vector.
//!
//! Additional keys in the response are ignored. `*` and `?` match any text and any character;
//! `{"near": ..}` and `{"any of": ..}` are the only other patterns.

use alloy::primitives::U256;
use serde_json::{Map, Value};

/// Where and how `got` differs from `want`; `None` if it matches. `at` is the path of the value.
pub(crate) fn difference(want: &Value, got: &Value, at: &str) -> Option<String> {
    match (want, got) {
        (Value::String(any), _) if any == "*" => None,
        (Value::Object(want), _) if want.len() == 2 && want.contains_key("near") => {
            (!near(want, got))
                .then(|| format!("{at}: want {}, got {got}", Value::Object(want.clone())))
        }
        (Value::Object(want), _) if want.len() == 1 && want.contains_key("any of") => {
            let choices = want["any of"].as_array().unwrap();
            let mut tries = choices.iter().map(|choice| difference(choice, got, at));
            if tries.any(|difference| difference.is_none()) {
                return None;
            }
            Some(format!("{at}: want any of {choices:?}, got {got}"))
        }
        (Value::Object(want), Value::Object(got)) => want.iter().find_map(|(key, value)| {
            difference(value, got.get(key).unwrap_or(&Value::Null), &format!("{at}.{key}"))
        }),
        (Value::Array(want), Value::Array(got)) if want.len() == got.len() => {
            let pairs = want.iter().zip(got).enumerate();
            pairs
                .into_iter()
                .find_map(|(i, (want, got))| difference(want, got, &format!("{at}[{i}]")))
        }
        (Value::String(want), Value::String(got)) if fits(want, got) => None,
        (Value::Number(want), Value::Number(got)) if want.as_f64() == got.as_f64() => None,
        _ if want == got => None,
        _ => Some(format!("{at}: want {}, got {}", short(want), short(got))),
    }
}

/// Whether a string matches a pattern; the case of hexadecimal digits is ignored.
fn fits(want: &str, got: &str) -> bool {
    let hex = want.starts_with("0x") && got.starts_with("0x");
    matches(want.as_bytes(), got.as_bytes()) || hex && want.eq_ignore_ascii_case(got)
}

/// Whether a text matches a pattern with `*` and `?`.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    // Position of the last star, and the position in the text where its match ends so far.
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&c) if c == b'?' || c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == b'*')
}

/// Whether a number is within some percent of another.
fn near(want: &Map<String, Value>, got: &Value) -> bool {
    let (Some(middle), Some(got)) = (number(&want["near"]), number(got)) else { return false };
    (middle - got).abs() <= middle.abs() * want["percent"].as_f64().unwrap() / 100.0
}

/// A number, decimal or hexadecimal.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => {
            let number = U256::from_str_radix(text.strip_prefix("0x")?, 16).ok()?;
            Some(f64::from(number))
        }
        _ => None,
    }
}

/// A value, truncated to a readable length.
fn short(value: &Value) -> String {
    value.to_string().chars().take(200).collect()
}

#[test]
fn patterns_match() {
    let fit =
        [("a*c", "abbc"), ("0x??", "0xab"), ("*", ""), ("a*b*c", "a-b-b-c"), ("0xAB", "0xab")];
    assert!(fit.iter().all(|(want, got)| fits(want, got)));
    let other = [("a*c", "abcd"), ("0x??", "0xabc"), ("", "a"), ("abc", "ABC")];
    assert!(other.iter().all(|(want, got)| !fits(want, got)));
}
