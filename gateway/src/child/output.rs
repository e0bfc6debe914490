//! What a service writes: into the owner's log, line by line, without tokens and without end.

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use crate::token::MARK;

/// Bytes of a line; the rest of a longer one is left out.
const LONGEST: usize = 4096;

/// Logs what comes, until nothing comes any more.
pub(super) async fn pass_on(output: impl AsyncRead + Unpin, agreement: String) {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    loop {
        let Ok(part) = output.fill_buf().await else { return };
        if part.is_empty() {
            break;
        }
        let end = part.iter().position(|&byte| byte == b'\n');
        let text = end.and_then(|end| part.get(..end)).unwrap_or(part);
        let room = LONGEST.saturating_sub(line.len());
        line.extend(text.iter().take(room));
        let used = text.len().saturating_add(end.map_or(0, |_| 1));
        output.consume(used);
        if end.is_some() {
            log(&line, &agreement);
            line.clear();
        }
    }
    if !line.is_empty() {
        log(&line, &agreement);
    }
}

/// Logs a line.
fn log(line: &[u8], agreement: &str) {
    let line = without_tokens(&String::from_utf8_lossy(line));
    tracing::info!(target: "service", %agreement, "{}", line.trim_end());
}

/// A text in which nothing is left of tokens but that there was one.
fn without_tokens(text: &str) -> String {
    let mut parts = text.split(MARK);
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        clean.push_str(MARK);
        clean.push_str("..");
        clean.push_str(part.trim_start_matches(|digit: char| digit.is_ascii_hexdigit()));
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::{Guest, Secret};

    #[test]
    fn a_line_keeps_nothing_of_a_token() {
        let guest = Guest { agreement: [1; 20], key: [2; 32], expires: 3 };
        let token = Secret::new([4; 32]).issue(&guest);
        let token = token.reveal();
        let line = format!("GET /?t={token}&u={token} from {}", &token[..30]);
        assert_eq!(without_tokens(&line), "GET /?t=muster_..&u=muster_.. from muster_..");
        assert_eq!(without_tokens("no token"), "no token");
    }
}
