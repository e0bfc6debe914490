//! Jobs: programs that workers run for the client, each at several workers whose signed results are compared.
//!
//! [`JobsDaemon`] does the client's part in one agreement, as [`ConnectDaemon`](super::ConnectDaemon) does, and its
//! [`Jobs`] run jobs there. What was asked and answered is in the state file before it counts, so a job that was interrupted
//! goes on where it was: the same job posted again is the same job, and an answer that arrived is not asked for again.
//!
//! - `daemon.rs`: the agreement, its keys and its end.
//! - `execution.rs`: one job, from the first worker to the last; `course.rs` is what it has come to so far, `vote.rs` the rule
//!   by which results are compared, `conclusion.rs` the verdict.
//! - `attempts.rs`: one job at one worker, all under one key; `outlook.rs` says whether a worker may still come.
//! - `outputs.rs`: what a job left, fetched and verified.
//! - `local.rs`: the same job on this machine.
//! - `evidence.rs`: signed results that contradict each other, as a file.
//! - `program.rs`: what is checked before anything is bought, and arguments with the paths of an input and an output.
//! - `sessions.rs`: jobs in any agreements of the account, beside its client daemon.

mod attempts;
mod conclusion;
mod course;
mod daemon;
mod error;
mod evidence;
mod execution;
mod handle;
mod local;
mod outlook;
mod outputs;
mod program;
mod report;
mod sessions;
mod vote;

pub use self::daemon::{JobsDaemon, JobsOptions};
pub use self::error::JobsError;
pub use self::evidence::{Evidence, EvidenceError, Statement, wrong_workers};
pub use self::handle::{JobRequest, Jobs, RunOptions};
pub use self::local::LocalRunner;
pub use self::program::{check_program, fill_arguments};
pub use self::report::{JobAnswer, JobReport, Verdict};
pub use self::sessions::{JobSessions, SessionError};
