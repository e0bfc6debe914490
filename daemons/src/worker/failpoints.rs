//! The fail points of a worker.

use crate::failpoint::{FailPoint, STORE_STAGES, TX_STAGES};
use crate::responder::MESSAGE;

/// Every point that a worker passes.
pub const FAILPOINTS: &[FailPoint] = &[
    FailPoint::new("register", TX_STAGES),
    FailPoint::new("key", TX_STAGES),
    FailPoint::new("update", TX_STAGES),
    FailPoint::new("available", TX_STAGES),
    FailPoint::new("stake", TX_STAGES),
    FailPoint::new("list", TX_STAGES),
    FailPoint::new("accept", TX_STAGES),
    FailPoint::new("release", TX_STAGES),
    FailPoint::new("settle", TX_STAGES),
    FailPoint::new("withdraw", TX_STAGES),
    FailPoint::new("keepalive", TX_STAGES),
    FailPoint::new("session", STORE_STAGES),
    FailPoint::new("admission", &["stored"]),
    MESSAGE,
];
