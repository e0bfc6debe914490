//! Progress of slow commands, on a terminal only.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

use crate::context::Context;

/// Time between two frames of a spinner.
const SPINNER_INTERVAL: Duration = Duration::from_millis(100);

/// A bar of this length and template. It disappears when it is dropped, and is hidden with --json or without a
/// terminal.
pub(crate) fn bar(context: &Context, len: u64, template: &str) -> ProgressBar {
    let visible = io::stderr().is_terminal() && !context.is_json();
    let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(len), target)
        .with_style(style)
        .with_finish(ProgressFinish::AndClear)
}

/// A spinner with this message until it is dropped; hidden as [`bar`] is.
pub(crate) fn spinner(context: &Context, message: &'static str) -> ProgressBar {
    let spinner = bar(context, 0, "{spinner} {msg} ({elapsed})").with_message(message);
    spinner.enable_steady_tick(SPINNER_INTERVAL);
    spinner
}
