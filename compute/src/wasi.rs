//! WASI preview 1 over the file system in memory: what a program can reach, and nothing of the machine.

mod call;
mod clock;
mod descriptor;
mod fd;
mod io;
mod limiter;
mod link;
mod path;
mod process;
mod random;
mod state;
#[cfg(test)]
mod tests;
mod time;

pub(crate) use link::link;
pub(crate) use state::{Exit, HostFailure, MAX_STDERR, Wasi};
