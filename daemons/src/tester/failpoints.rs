//! The fail points of a tester.

use crate::failpoint::{FailPoint, STORE_STAGES, TX_STAGES};

/// Every point that a tester passes.
pub const FAILPOINTS: &[FailPoint] = &[
    FailPoint::new("join", TX_STAGES),
    FailPoint::new("key", TX_STAGES),
    FailPoint::new("bond", TX_STAGES),
    FailPoint::new("check-in", TX_STAGES),
    FailPoint::new("session", &["stored"]),
    FailPoint::new("pass", &["stored"]),
    FailPoint::new("probe", &["begun"]),
    FailPoint::new("observation", STORE_STAGES),
    FailPoint::new("report", TX_STAGES),
    FailPoint::new("batch", TX_STAGES),
    FailPoint::new("settle", TX_STAGES),
    FailPoint::new("unstake", TX_STAGES),
    FailPoint::new("withdraw", TX_STAGES),
];
