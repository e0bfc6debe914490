//! Options that several commands share. Those of a single command are in its file.

use std::path::{Path, PathBuf};

use crate::program_file::with_suffix;

pub(crate) mod api;
pub(crate) mod application;
pub(crate) mod check;
pub(crate) mod compute;
pub(crate) mod daemon;
pub(crate) mod gateway;
pub(crate) mod global;
pub(crate) mod heading;
pub(crate) mod hire;
pub(crate) mod offer;
pub(crate) mod order;
pub(crate) mod program;
pub(crate) mod reference;
pub(crate) mod refund;
pub(crate) mod service;
pub(crate) mod tls;

/// Bytes of this many mebibytes.
pub(crate) const fn mebibytes(count: u64) -> u64 {
    count.saturating_mul(1 << 20)
}

/// The folder for jobs beside a state file: its name and `.jobs`.
pub(crate) fn job_folder(state: &Path) -> PathBuf {
    with_suffix(state, ".jobs")
}
