//! The output of a service: logged line by line, with tokens redacted and long lines cut.

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use crate::token::TOKEN_PREFIX;

/// Bytes of a line; the rest of a longer one is dropped.
const MAX_LINE_BYTES: usize = 4096;

/// Logs all lines until the output ends.
pub(super) async fn log_lines(output: impl AsyncRead + Unpin, agreement: String) {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    loop {
        let Ok(part) = output.fill_buf().await else { return };
        if part.is_empty() {
            break;
        }
        let end = part.iter().position(|&byte| byte == b'\n');
        let text = end.and_then(|end| part.get(..end)).unwrap_or(part);
        let capacity = MAX_LINE_BYTES.saturating_sub(line.len());
        line.extend(text.iter().take(capacity));
        let used = text.len().saturating_add(end.map_or(0, |_| 1));
        output.consume(used);
        if end.is_some() {
            log_line(&line, &agreement);
            line.clear();
        }
    }
    if !line.is_empty() {
        log_line(&line, &agreement);
    }
}

/// Logs a line.
fn log_line(line: &[u8], agreement: &str) {
    let line = redact_tokens(&String::from_utf8_lossy(line));
    tracing::info!(target: "service", %agreement, "{}", line.trim_end());
}

/// The text with `..` for what follows the prefix of each token.
fn redact_tokens(text: &str) -> String {
    let mut parts = text.split(TOKEN_PREFIX);
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        clean.push_str(TOKEN_PREFIX);
        clean.push_str("..");
        clean.push_str(part.trim_start_matches(|digit: char| digit.is_ascii_hexdigit()));
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::{Claims, Secret};

    #[test]
    fn tokens_in_a_line_are_redacted() {
        let claims = Claims { agreement: [1; 20], key: [2; 32], expires_at: 3 };
        let token = Secret::new([4; 32]).issue(&claims);
        let token = token.reveal();
        let line = format!("GET /?t={token}&u={token} from {}", &token[..30]);
        assert_eq!(redact_tokens(&line), "GET /?t=muster_..&u=muster_.. from muster_..");
        assert_eq!(redact_tokens("no token"), "no token");
    }
}
