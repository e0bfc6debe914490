//! What the commands of jobs share: from files to a job, to an agreement, to a result, to files.

pub(crate) mod document;
pub(crate) mod exit_code;
pub(crate) mod files;
pub(crate) mod folder;
pub(crate) mod hire;
pub(crate) mod id;
pub(crate) mod report;
pub(crate) mod session;
