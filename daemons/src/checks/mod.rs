//! What a right answer of a service is, and how to find out whether a service gives one. Testers check workers so, and workers
//! themselves.

mod check;
mod document;
mod factor;
mod prober;
mod process_group;

pub use self::check::{Check, Checks, CommandCheck, HttpCheck, ProbeKind};
pub use self::document::{ApplicationDocument, DocumentError};
pub use self::factor::Factors;
pub use self::prober::{ProbeFailure, Prober, ServiceTarget, verify_receipt};
