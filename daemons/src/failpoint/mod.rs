//! Fail points: named places at which a test kills the process, as a power failure would.
//!
//! They exist only with the cargo feature `failpoints`, which no shipped binary has. Without it, [`fail_point!`]
//! compiles to nothing and no variable is read. A point is called `OPERATION/STAGE` and is named where it is passed. Each
//! role lists its points in its file `failpoints.rs`, for the tests; this module knows no role.

/// Passes a fail point.
///
/// `fail_point!("endpoint/stored")` names it. `fail_point!(purpose, "mined")` is a stage of a transaction: the operation
/// is the part of the transaction's purpose before the slash.
macro_rules! fail_point {
    ($name:literal) => {
        #[cfg(feature = "failpoints")]
        $crate::failpoint::pass($name);
    };
    ($purpose:expr, $stage:literal) => {
        #[cfg(feature = "failpoints")]
        $crate::failpoint::pass_stage($purpose, $stage);
    };
}

pub(crate) use fail_point;

#[cfg(feature = "failpoints")]
mod registry;

#[cfg(feature = "failpoints")]
pub use self::registry::{FAILPOINT_VAR, FailPoint, TX_STAGES, failpoint_names};
#[cfg(feature = "failpoints")]
pub(crate) use self::registry::{STORE_STAGES, declare, pass, pass_stage};
