//! Profiles: the ink of every function of a program, by call path.
//!
//! [`instrument`] adds a report to the start and the end of every function, after metering, so that
//! ink is the same to the unit; [`record`] collects the reports of one run.

mod instrument;
mod names;
mod record;

pub(crate) use self::{
    instrument::{LEAVE, REPORT, REPORT_MODULE, instrument},
    names::FunctionNames,
    record::{Frame, Recorder},
};

/// Where the ink of one run of a program went: a tree of calls.
///
/// The ink of all nodes together is what the program used, without its entry. Host calls are nodes
/// too; the ink of a call of another contract contains everything that contract used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// One node for each call path, parents before children.
    pub nodes: Vec<ProfileNode>,
}

/// All calls of one function that came by the same path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileNode {
    /// The function: its demangled name, `function N` if the wasm names none, or the name of a host
    /// function.
    pub name: String,
    /// Whether this is a host function.
    pub is_host: bool,
    /// Index of the caller's node; `None` for the entry point.
    pub caller: Option<usize>,
    /// Number of calls.
    pub calls: u64,
    /// Ink of the function itself, without the functions that it calls.
    pub ink: u64,
}
