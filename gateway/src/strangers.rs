//! Connections on which nobody has been let in yet. There are only so many: a new one ends the oldest, so
//! that a crowd of silent ones cannot keep out somebody who comes with a token.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

/// The connections, by order of arrival.
#[derive(Debug)]
pub(crate) struct Strangers {
    /// How many there may be.
    most: usize,
    /// Who is there.
    line: Mutex<Line>,
}

/// Who is there.
#[derive(Debug, Default)]
struct Line {
    /// How many have come.
    come: u64,
    /// What tells each one to leave.
    waiting: BTreeMap<u64, Arc<Notify>>,
}

/// A stranger's place, free again when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    /// Among whom.
    strangers: Arc<Strangers>,
    /// Its number.
    number: u64,
    /// Tells it to leave.
    leave: Arc<Notify>,
}

impl Strangers {
    /// A line of so many.
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, line: Mutex::default() })
    }

    /// Takes one more in, and sends the oldest away if they are too many.
    pub(crate) fn enter(self: &Arc<Self>) -> Place {
        let leave = Arc::new(Notify::new());
        let mut line = self.line();
        let number = line.come;
        line.come = number.wrapping_add(1);
        line.waiting.insert(number, Arc::clone(&leave));
        if line.waiting.len() > self.most
            && let Some((_, oldest)) = line.waiting.pop_first()
        {
            oldest.notify_one();
        }
        drop(line);
        Place { strangers: Arc::clone(self), number, leave }
    }

    /// The line; a panic elsewhere cannot leave it half written.
    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Tells when to leave.
    pub(crate) fn leave(&self) -> Arc<Notify> {
        Arc::clone(&self.leave)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.strangers.line().waiting.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent_away(place: &Place) -> bool {
        let leave = place.leave();
        let notified = std::pin::pin!(leave.notified());
        notified.enable()
    }

    #[test]
    fn one_too_many_sends_the_oldest_away_and_nobody_else() {
        let strangers = Strangers::new(2);
        let [first, second, third] = [(); 3].map(|()| strangers.enter());
        assert_eq!([&first, &second, &third].map(sent_away), [true, false, false]);
    }

    #[test]
    fn whoever_left_makes_room() {
        let strangers = Strangers::new(2);
        let first = strangers.enter();
        drop(strangers.enter());
        let third = strangers.enter();
        assert_eq!([&first, &third].map(sent_away), [false, false]);
    }
}
