//! Questions to an index, and their answers. Every function takes a transaction of [`Index::read`](crate::Index::read): several
//! questions in one see the same state.

mod accounts;
mod status;
mod values;
mod workers;

pub use self::accounts::{AccountSummary, account};
pub use self::status::{MarketStatus, status};
pub use self::values::{Account, ApplicationName, Hash, Wei};
pub use self::workers::{Worker, worker};
