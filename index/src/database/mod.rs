//! The database behind one small trait: transactions that run SQL with typed values.
//!
//! Everything above is the same for every implementation. SQL is written once, in the part that `SQLite` and `PostgreSQL` share,
//! with `?1` for the first parameter.

mod interface;
mod lock;
mod sqlite;
mod value;

pub use self::interface::{Database, Transaction, Work};
pub use self::sqlite::SqliteDatabase;
pub(crate) use self::value::values;
pub use self::value::{FromValue, Row, Value};
pub use crate::database_error::DatabaseError;
