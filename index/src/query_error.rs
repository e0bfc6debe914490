//! What a reader can ask wrongly.

/// Why a question has no answer. Each text says what to ask instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// A place that the list does not have.
    #[error(
        "`{0}` is no place of this list: give `next` of the page before in the same order, or nothing for the first page"
    )]
    Cursor(Box<str>),
    /// A page of no items, or of too many.
    #[error("a page has 1 to {most} items, and {limit} were asked for")]
    Limit {
        /// What was asked for.
        limit: u32,
        /// The most items.
        most: u32,
    },
    /// An order that is of one application.
    #[error("an order by price or score is one of an application: name the application too")]
    NoApplication,
    /// A time that ends before it begins, or is too long.
    #[error(
        "from day {from} to day {to} are no 1 to {most} days: ask for fewer, and for the first one first"
    )]
    Days {
        /// The first day, counted from 1970.
        from: u64,
        /// The last day.
        to: u64,
        /// The most days.
        most: u64,
    },
}
