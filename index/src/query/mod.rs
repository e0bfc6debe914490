//! Questions to an index, and their answers. Every function takes a transaction of [`Index::read`](crate::Index::read): several
//! questions in one see the same state.

mod accounts;
mod agreement;
mod agreement_calls;
mod agreement_list;
mod books;
mod event_json;
mod events;
mod feed;
mod filter;
mod page;
mod payments;
mod prices;
mod statement;
mod status;
mod testers;
mod uptimes;
mod values;
mod worker_history;
mod worker_list;
mod workers;

pub use self::accounts::{AccountSummary, account};
pub use self::agreement::{Agreement, AgreementWorker, SeatReport, WindowReport, agreement};
pub use self::agreement_calls::OpenCall;
pub use self::agreement_list::{AgreementFilter, AgreementState, AgreementSummary, agreements};
pub use self::books::{ApplicationSummary, BookLevel, applications, book};
pub use self::events::{Event, EventFilter, EventPlace, events};
pub use self::feed::{FeedPart, FeedPlace, feed};
pub use self::page::{DEFAULT_LIMIT, MAX_LIMIT, Page};
pub use self::payments::Payment;
pub use self::prices::{DayPrices, MAX_DAYS, prices};
pub use self::statement::{StatementEntry, StatementFilter, statement};
pub use self::status::{BlockRef, MarketHead, MarketStatus, find_market, status};
pub use self::testers::{Tester, tester, testers};
pub use self::uptimes::{DayUptime, uptimes};
pub use self::values::{Account, ApplicationName, Hash, Wei};
pub use self::worker_history::{
    IncomePoint, PricePoint, ScorePoint, WorkerHistory, worker_history,
};
pub use self::worker_list::{WorkerFilter, WorkerOrder, workers};
pub use self::workers::{Worker, worker};
pub use crate::index::head;
