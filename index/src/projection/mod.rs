//! From events to rows: what each event changes, and how a block is undone.
//!
//! Rows are of two kinds. Most are written once, by one block, and go with it when it is undone. Workers, agreements and accounts
//! change: before a block changes one of them, the journal gets the row as it was.

mod accounts;
mod agreement_events;
mod agreements;
mod apply;
mod dispatcher_events;
mod event_rows;
mod records;
mod undo;
mod workers;

pub(crate) use self::accounts::AccountRow;
pub(crate) use self::agreements::AgreementRow;
pub(crate) use self::apply::apply_batch;
pub(crate) use self::records::Record;
pub(crate) use self::undo::{clear, restore};
pub(crate) use self::workers::WorkerRow;
