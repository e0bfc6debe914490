//! Pages of lists.

use serde::Serialize;
use utoipa::ToSchema;

use crate::query_error::QueryError;

/// The items of a page, unless another number is asked for.
pub const DEFAULT_LIMIT: u32 = 50;

/// The most items of a page.
pub const MAX_LIMIT: u32 = 200;

/// The most rows that are looked through for a page.
pub(super) const MAX_ROWS: u32 = 1_000;

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Page<T> {
    /// The items. A page can have fewer than the limit, even none, although others follow: no more than 1,000 rows are looked
    /// through for one page.
    pub items: Vec<T>,
    /// What to give as `after` to get the next page; none if this is the last one.
    pub next: Option<String>,
}

/// How long a page may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageSize {
    /// The most items.
    items: u32,
    /// The most rows that are looked through.
    rows: u32,
}

impl PageSize {
    /// The size that a reader asked for. Every row is an item.
    ///
    /// # Errors
    /// [`QueryError::Limit`].
    pub(super) fn of_all(limit: Option<u32>) -> Result<Self, QueryError> {
        Self::within(limit.unwrap_or(DEFAULT_LIMIT), MAX_LIMIT)
    }

    /// The same, of at most `most` items.
    pub(super) fn within(limit: u32, most: u32) -> Result<Self, QueryError> {
        if (1..=most).contains(&limit) {
            Ok(Self { items: limit, rows: limit })
        } else {
            Err(QueryError::Limit { limit, most })
        }
    }

    /// The same, if some rows may be no items.
    pub(super) const fn some_of(self) -> Self {
        Self { rows: MAX_ROWS, ..self }
    }

    /// How many rows to read: one more, which tells whether others follow.
    pub(super) fn rows_to_read(self) -> u64 {
        u64::from(self.rows).saturating_add(1)
    }
}

impl<T> Page<T> {
    /// A page of these rows, of which there are [`PageSize::rows_to_read`] if others may follow. `cursor` says where a row is.
    pub(super) fn of<R>(
        rows: Vec<R>,
        size: PageSize,
        cursor: impl Fn(&R) -> String,
        mut item: impl FnMut(R) -> Option<T>,
    ) -> Self {
        let (count, most) = (rows.len(), usize::try_from(size.rows).unwrap_or(usize::MAX));
        let full = usize::try_from(size.items).unwrap_or(usize::MAX);
        let (mut items, mut last) = (Vec::new(), None);
        let mut seen = 0;
        for (position, row) in (1..).zip(rows).take(most) {
            seen = position;
            let place = cursor(&row);
            items.extend(item(row));
            last = Some(place);
            if items.len() >= full {
                break;
            }
        }
        Self { items, next: last.filter(|_| seen < count) }
    }

    /// The page, and if it is the last one of what was read: the list goes on after `end`, if there is one.
    pub(super) fn or_next(self, end: Option<String>) -> Self {
        Self { next: self.next.or(end), ..self }
    }
}

/// Numbers with dashes between them, as a cursor has them.
///
/// # Errors
/// [`QueryError::Cursor`] if there are not so many, or one is no number.
pub(super) fn parse_cursor<const N: usize>(text: &str) -> Result<[u128; N], QueryError> {
    // Digits alone: a sign is part of no place.
    let number =
        |part: &str| part.parse().ok().filter(|_| part.bytes().all(|b| b.is_ascii_digit()));
    let numbers: Option<Vec<u128>> = text.split('-').map(number).collect();
    numbers.and_then(|all| all.try_into().ok()).ok_or_else(|| QueryError::Cursor(text.into()))
}

/// A number of a cursor that is at most that of its column.
///
/// # Errors
/// [`QueryError::Cursor`].
pub(super) fn cursor_number<T: TryFrom<u128>>(number: u128, text: &str) -> Result<T, QueryError> {
    number.try_into().map_err(|_| QueryError::Cursor(text.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page of these rows of which the even ones are items.
    fn even(rows: &[u32], size: PageSize) -> Page<u32> {
        let item = |row: u32| row.is_multiple_of(2).then_some(row);
        Page::of(rows.to_vec(), size, u32::to_string, item)
    }

    #[test]
    fn the_next_page_begins_after_the_last_row_that_was_looked_at() {
        let size = PageSize { items: 2, rows: 4 };
        let page = |items: &[u32], next: Option<&str>| Page {
            items: items.to_vec(),
            next: next.map(str::to_owned),
        };
        assert_eq!(even(&[], size), page(&[], None));
        assert_eq!(even(&[1, 2, 3], size), page(&[2], None));
        assert_eq!(even(&[1, 2, 4], size), page(&[2, 4], None), "full, and nothing follows");
        assert_eq!(even(&[2, 4, 5], size), page(&[2, 4], Some("4")), "full");
        assert_eq!(even(&[1, 3, 5, 7, 9], size), page(&[], Some("7")), "enough rows were read");
        assert_eq!(size.rows_to_read(), 5);
    }

    #[test]
    fn pages_out_of_range_and_places_of_other_lists_are_refused() {
        for limit in [0, MAX_LIMIT + 1, u32::MAX] {
            let refused = PageSize::of_all(Some(limit)).unwrap_err();
            assert_eq!(refused, QueryError::Limit { limit, most: MAX_LIMIT });
        }
        PageSize::of_all(Some(MAX_LIMIT)).unwrap();
        assert_eq!(parse_cursor::<2>("7-12").unwrap(), [7, 12]);
        for text in ["", "-", "7", "7-12-1", "7--12", "+7-1", "7-x", "7-1 ", "7-1\0"] {
            let refused = parse_cursor::<2>(text).unwrap_err();
            assert_eq!(refused, QueryError::Cursor(text.into()));
        }
        cursor_number::<u16>(65_536, "65536").unwrap_err();
    }
}
