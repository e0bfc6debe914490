//! What somebody should hear of: agreements that end soon, workers that left their books, credits that wait, bonds that are free.
//!
//! Notices are found in the state after a block, and kept with the webhooks that they go to until these have taken them.

mod collect;
mod deliveries;
mod notice;

pub use self::deliveries::{Delivery, Outcome, due_deliveries, queue_notices, record_attempt};
pub use self::notice::{NoticeKind, NoticeRules, Webhook};
