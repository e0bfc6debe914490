//! What people see while something takes its time: on a terminal, and nowhere else.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

use crate::context::Context;

/// How often a spinner turns.
const SPINNER_INTERVAL: Duration = Duration::from_millis(100);

/// A bar up to a number, in this style. It is gone when it is dropped.
pub(crate) fn bar(context: &Context, len: u64, style: &str) -> ProgressBar {
    let is_seen = io::stderr().is_terminal() && !context.is_json();
    let target = if is_seen { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style =
        ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(len), target)
        .with_style(style)
        .with_finish(ProgressFinish::AndClear)
}

/// A sign that this is being done, until it is dropped.
pub(crate) fn spinner(context: &Context, what: &'static str) -> ProgressBar {
    let spinner = bar(context, 0, "{spinner} {msg} ({elapsed})").with_message(what);
    spinner.enable_steady_tick(SPINNER_INTERVAL);
    spinner
}
