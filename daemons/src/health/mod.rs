//! What a daemon says about itself: what it waits for, whether its steps succeed, and its metrics.

mod next_event;
mod reporter;
mod server;

pub use self::next_event::NextEvent;
pub use self::reporter::{Health, HealthReporter};
