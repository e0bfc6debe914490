//! A value that changes with the height of the chain, readable at any height.

/// The versions of one value, oldest first, each with the height of the block that wrote it.
#[derive(Clone, Debug)]
pub(crate) struct History<T>(Vec<(u64, T)>);

impl<T> Default for History<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> History<T> {
    /// The value after block `height`; `None` if nothing had been written by then.
    pub(crate) fn at(&self, height: u64) -> Option<&T> {
        let later = self.0.partition_point(|(written, _)| *written <= height);
        later.checked_sub(1).and_then(|last| self.0.get(last)).map(|(_, value)| value)
    }

    /// The newest value.
    pub(crate) fn latest(&self) -> Option<&T> {
        self.0.last().map(|(_, value)| value)
    }

    /// Writes the value of block `height`, which is not below that of any write before.
    pub(crate) fn write(&mut self, height: u64, value: T) {
        match self.0.last_mut() {
            Some((written, old)) if *written == height => *old = value,
            _ => self.0.push((height, value)),
        }
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
}
