//! What a right answer of a service is, and how to find out whether a service gives one. Testers check workers so, and workers
//! themselves.

mod check;
mod document;
mod factor;
mod list;
mod probe_failure;
mod prober;
mod process_group;

pub use self::check::{Check, CommandCheck, HttpCheck};
pub use self::document::{ApplicationDocument, DocumentError};
pub use self::factor::Factors;
pub use self::list::{Checks, ProbeKind};
pub use self::probe_failure::ProbeFailure;
pub use self::prober::{Prober, ServiceTarget, verify_receipt};
