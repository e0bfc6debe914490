//! Output of processes without logs.

use std::fmt::Display;

/// Prints a text to standard error if this process has no logs, as in tests, which then show it.
pub(crate) fn print_unlogged(text: impl Display) {
    if !tracing::dispatcher::has_been_set() {
        eprintln!("{text}");
    }
}
