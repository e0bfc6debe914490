//! A value with its history, readable at any height.

use std::mem;

/// Versions of a value, oldest first, each with the height of the block that wrote it.
#[derive(Clone, Debug)]
pub(crate) struct History<T>(Vec<(u64, T)>);

/// The value that a write replaced within the same block, if any.
#[derive(Debug)]
pub(crate) struct Replaced<T>(Option<T>);

impl<T> Default for History<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> History<T> {
    /// The value after block `height`; `None` if it was not written before.
    pub(crate) fn at(&self, height: u64) -> Option<&T> {
        let later = self.0.partition_point(|(written, _)| *written <= height);
        later.checked_sub(1).and_then(|last| self.0.get(last)).map(|(_, value)| value)
    }

    /// The latest value.
    pub(crate) fn latest(&self) -> Option<&T> {
        self.0.last().map(|(_, value)| value)
    }

    /// Writes the value of block `height`, which must not be below that of an earlier write.
    pub(crate) fn write(&mut self, height: u64, value: T) -> Replaced<T> {
        match self.0.last_mut() {
            Some((written, old)) if *written == height => Replaced(Some(mem::replace(old, value))),
            _ => {
                self.0.push((height, value));
                Replaced(None)
            }
        }
    }

    /// Reverts the latest write, which returned `replaced`.
    pub(crate) fn undo_write(&mut self, replaced: Replaced<T>) {
        match (self.0.last_mut(), replaced.0) {
            (Some((_, value)), Some(replaced)) => *value = replaced,
            _ => drop(self.0.pop()),
        }
    }

    /// Removes what was written after block `height`.
    pub(crate) fn truncate(&mut self, height: u64) {
        let later = self.0.partition_point(|(written, _)| *written <= height);
        self.0.truncate(later);
    }

    /// All versions, oldest first, with their heights.
    pub(crate) fn versions(&self) -> impl Iterator<Item = (u64, &T)> {
        self.0.iter().map(|(height, value)| (*height, value))
    }
}

impl<T> FromIterator<(u64, T)> for History<T> {
    /// From versions, oldest first.
    fn from_iter<I: IntoIterator<Item = (u64, T)>>(versions: I) -> Self {
        Self(versions.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_height_sees_the_last_write_up_to_it() {
        let mut history = History::default();
        assert_eq!(history.at(9), None);
        history.write(2, 'a');
        history.write(5, 'b');
        history.write(5, 'c');
        let seen: Vec<_> = [1, 2, 4, 5, 6].iter().map(|&height| history.at(height)).collect();
        assert_eq!(seen, [None, Some(&'a'), Some(&'a'), Some(&'c'), Some(&'c')]);
        assert_eq!(history.latest(), Some(&'c'));
    }

    #[test]
    fn later_writes_are_removed() {
        let mut history: History<_> = [(2, 'a'), (5, 'b'), (7, 'c')].into_iter().collect();
        history.truncate(6);
        assert_eq!(history.latest(), Some(&'b'));
        history.truncate(1);
        assert_eq!(history.latest(), None);
    }

    #[test]
    fn writes_are_reverted_in_reverse_order() {
        let mut history = History::default();
        let first = history.write(2, 'a');
        let second = history.write(2, 'b');
        let third = history.write(3, 'c');
        history.undo_write(third);
        assert_eq!(history.latest(), Some(&'b'));
        history.undo_write(second);
        assert_eq!(history.latest(), Some(&'a'));
        history.undo_write(first);
        assert_eq!(history.latest(), None);
    }
}
