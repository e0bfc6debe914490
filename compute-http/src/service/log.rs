//! The last lines of a service.

use crate::LogStream;
use serde::{Deserialize, Serialize};
use std::{
    collections::VecDeque,
    time::{SystemTime, UNIX_EPOCH},
};

/// What a line takes beside its text.
const LINE_COST: usize = 64;

/// A line of a service's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Lines are counted from 0; what is missing in between was lost.
    pub number: u64,
    /// When it came, in milliseconds since 1970.
    pub time_ms: u64,
    /// Where it comes from.
    pub stream: LogStream,
    /// The line, without its end.
    pub text: String,
}

/// The last lines of a service, up to a size.
#[derive(Debug)]
pub(super) struct Log {
    /// The lines, oldest first.
    lines: VecDeque<LogLine>,
    /// What they take.
    size: usize,
    /// What they may take.
    limit: usize,
    /// The number of the next line.
    next: u64,
}

impl Log {
    /// An empty log that keeps so many bytes.
    pub(super) const fn new(limit: usize) -> Self {
        Self { lines: VecDeque::new(), size: 0, limit, next: 0 }
    }

    /// Adds a line, before which some were lost, and forgets the oldest ones for it.
    pub(super) fn push(&mut self, stream: LogStream, text: String, lost: u64) {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let time_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        let number = self.next.saturating_add(lost);
        self.next = number.saturating_add(1);
        self.size = self.size.saturating_add(cost(&text));
        self.lines.push_back(LogLine { number, time_ms, stream, text });
        while self.size > self.limit {
            let Some(line) = self.lines.pop_front() else { break };
            self.size = self.size.saturating_sub(cost(&line.text));
        }
    }

    /// The lines from a number on.
    pub(super) fn from(&self, number: u64) -> Vec<LogLine> {
        self.lines.iter().filter(|line| line.number >= number).cloned().collect()
    }
}

/// What a line takes.
const fn cost(text: &str) -> usize {
    text.len().saturating_add(LINE_COST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(log: &Log, from: u64) -> Vec<u64> {
        log.from(from).iter().map(|line| line.number).collect()
    }

    #[test]
    fn oldest_lines_are_forgotten_first() {
        const THREE_LINES: usize = 3 * (LINE_COST + 4);
        let mut log = Log::new(THREE_LINES);
        for _ in 0..5 {
            log.push(LogStream::Stdout, "text".into(), 0);
        }
        assert_eq!(numbers(&log, 0), [2, 3, 4]);
        assert_eq!(numbers(&log, 4), [4]);
        assert!(numbers(&log, 5).is_empty());
        log.push(LogStream::Host, "x".repeat(1_000), 0);
        assert!(numbers(&log, 0).is_empty());
    }

    #[test]
    fn lost_lines_are_counted() {
        let mut log = Log::new(1 << 10);
        log.push(LogStream::Stderr, String::new(), 0);
        log.push(LogStream::Stderr, String::new(), 7);
        assert_eq!(numbers(&log, 0), [0, 8]);
    }
}
