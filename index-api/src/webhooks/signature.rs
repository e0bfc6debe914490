//! How a webhook knows who tells it something.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The header with the signature: `t=SECOND,v1=HEX`, the HMAC-SHA256 of `SECOND.BODY` with the secret as key.
pub(super) fn signature(secret: &str, second: u64, body: &str) -> String {
    // An HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(format!("{second}.{body}").as_bytes());
    let hex = alloy::hex::encode(mac.finalize().into_bytes());
    format!("t={second},v1={hex}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_hmac_that_other_programs_compute() {
        // printf '1700000000.{"id":"1"}' | openssl dgst -sha256 -hmac 0123456789abcdef
        let expected = include_str!("../../tests/signature.txt").trim();
        assert_eq!(signature("0123456789abcdef", 1_700_000_000, r#"{"id":"1"}"#), expected);
    }
}
