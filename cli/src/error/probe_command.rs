//! Errors of probes and reports that a tester makes by hand.

use std::path::PathBuf;

use alloy::primitives::Address;

/// Why nothing can be probed or reported.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProbeCommandError {
    /// The agreement is in no window now.
    #[error(
        "the agreement is {state} at tick {now}, so there is nothing to probe: it must be running"
    )]
    NoWindow {
        /// Its state.
        state: &'static str,
        /// The market's clock.
        now: u64,
    },
    /// The tester has no seat in the current window.
    #[error("{account} holds no seat in window {window} (its windows: {seats}): probe in those")]
    NoSeat {
        /// The tester.
        account: Address,
        /// The current window.
        window: u8,
        /// The windows in which it has one.
        seats: Box<str>,
    },
    /// The window ended during the probe.
    #[error("window {0} ended before all workers had answered: nothing was recorded")]
    WindowOver(u8),
    /// A probe more than the terms say.
    #[error(
        "all {probes} probes of worker {worker} in window {window} were made already: report after the agreement's end"
    )]
    AllProbesMade {
        /// The worker's index.
        worker: u8,
        /// The window.
        window: u8,
        /// The probes of a seat in a window.
        probes: u8,
    },
    /// A state file without enough probes of the agreement.
    #[error(
        "the state file {path} has too few probes of agreement {agreement} to report: probe as often as its terms say, or give --entry"
    )]
    NothingMeasured {
        /// The file.
        path: PathBuf,
        /// The agreement.
        agreement: Address,
    },
}
