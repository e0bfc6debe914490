//! What daemons read from the chain, and what any account can do there: purchases, the market's time, release,
//! settlement.

mod agreements;
mod chain_view;
mod market_clock;
mod release;
mod scan;
mod settlement;
mod timing;

pub(crate) use self::agreements::{Snapshots, existing_agreements, look_at};
pub use self::chain_view::RpcChainView;
pub(crate) use self::market_clock::{MarketClock, date_of_tick, tick_duration};
pub(crate) use self::release::release;
pub(crate) use self::scan::{scan_purchases, skip_history};
pub(crate) use self::settlement::{Confirmed, SettleState, SettleTask};
pub(crate) use self::timing::{planned_end, planned_end_second, timing_of};
