//! The market's events: past ones by block, and new ones as they come.

mod history;
mod payment;
mod record;
pub(crate) mod watch;

pub use self::payment::{Payment, PaymentKind};
pub use self::record::{EventRecord, MarketEvent};
