//! Options that several commands share. Those of a single command are in its file.

pub(crate) mod check;
pub(crate) mod daemon;
pub(crate) mod global;
pub(crate) mod heading;
pub(crate) mod job;
pub(crate) mod jobs;
pub(crate) mod offer;
pub(crate) mod order;
pub(crate) mod reference;
pub(crate) mod refund;
