//! The fail points of a client.

use crate::failpoint::{FailPoint, STORE_STAGES, TX_STAGES};
use crate::responder::MESSAGE;
use crate::service_record::CLAIM;

/// Every point that a client passes.
pub const FAILPOINTS: &[FailPoint] = &[
    FailPoint::new("buy", TX_STAGES),
    FailPoint::new("release", TX_STAGES),
    FailPoint::new("settle", TX_STAGES),
    FailPoint::new("withdraw", TX_STAGES),
    FailPoint::new("endpoint", STORE_STAGES),
    FailPoint::new("job", STORE_STAGES),
    FailPoint::new("ask", STORE_STAGES),
    FailPoint::new("answer", STORE_STAGES),
    FailPoint::new("result", STORE_STAGES),
    FailPoint::new("output", &["half"]),
    CLAIM,
    FailPoint::new("upload", &["pending", "done"]),
    FailPoint::new("place", STORE_STAGES),
    MESSAGE,
];
