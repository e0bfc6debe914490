//! Logs on standard error.

use std::fmt;
use std::io;
use std::sync::OnceLock;

use tracing::{Event, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, format};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::error::CliError;

/// The variable with the level: `error`, `warn`, `info`, `debug`, `trace` or `off`.
const LEVEL_VARIABLE: &str = "MUSTER_LOG";

/// Beginnings of the targets that log at this level: `muster` is this crate and all of `muster_client`,
/// `muster_daemons`, `muster_gateway` and so on; `service` is the output of services that a worker starts. Other crates log
/// warnings at most, because they would log URLs.
const WORKSPACE_TARGETS: [&str; 4] = ["muster", "service", "stylus_devnode", "stylus_engine"];

/// The name of the account that this process works for.
static ACCOUNT: OnceLock<String> = OnceLock::new();

/// Ends every line from now on with the name of the account that this process works for. The first name stays.
pub(crate) fn name_account(name: String) {
    // A process works for one account.
    let _ = ACCOUNT.set(name);
}

/// Lines as another format has them, with the account at the end.
struct WithAccount<F>(F);

impl<S, N, F> FormatEvent<S, N> for WithAccount<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let Some(account) = ACCOUNT.get() else {
            return self.0.format_event(context, writer, event);
        };
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        writeln!(writer, "{} account={account}", line.trim_end())
    }
}

/// Installs the subscriber of the process, with this level if the variable says no other.
///
/// # Errors
/// [`CliError::LogLevel`] if the variable has another value.
pub(crate) fn init(default: LevelFilter) -> Result<(), CliError> {
    let level = match std::env::var(LEVEL_VARIABLE).ok().filter(|level| !level.is_empty()) {
        Some(level) => level.parse().map_err(|_| CliError::LogLevel(level.into()))?,
        None => default,
    };
    let lines = tracing_subscriber::fmt::layer()
        .event_format(WithAccount(format().with_ansi(false)))
        .with_writer(io::stderr)
        .with_ansi(false);
    let filter = targets(level);
    tracing_subscriber::registry().with(filter).with(lines).init();
    Ok(())
}

/// Which targets log at which level.
fn targets(level: LevelFilter) -> Targets {
    let others = LevelFilter::WARN.min(level);
    Targets::new().with_default(others).with_targets(WORKSPACE_TARGETS.map(|name| (name, level)))
}

#[cfg(test)]
mod tests {
    use tracing::Level;
    use tracing_subscriber::filter::LevelFilter;

    use super::targets;

    #[test]
    fn crates_of_the_workspace_log_at_the_level_and_others_warn() {
        let info = targets(LevelFilter::INFO);
        for target in [
            "muster",
            "muster_client::tx",
            "muster_daemons::run_loop",
            "muster_gateway",
            "muster_messaging",
            "service",
            "stylus_devnode::console",
        ] {
            assert!(info.would_enable(target, &Level::INFO), "{target}");
            assert!(!info.would_enable(target, &Level::DEBUG), "{target}");
        }
        assert!(!info.would_enable("reqwest::connect", &Level::INFO));
        assert!(info.would_enable("reqwest::connect", &Level::WARN));
        assert!(!targets(LevelFilter::OFF).would_enable("muster_daemons", &Level::ERROR));
    }
}
