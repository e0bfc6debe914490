//! Connections of guests. There are so many of a key, of an agreement, and in all. When they are taken, who
//! has more than a newcomer gives up the oldest, so that a crowd, even one of many keys, keeps nobody out.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::{answer::Refused, config::Limits, token::Guest};

/// An agreement, and a key of it.
type Name = ([u8; 20], [u8; 32]);

/// All connections.
#[derive(Debug)]
pub(crate) struct Seats {
    /// How many in all.
    most: usize,
    /// How many of an agreement.
    agreement: usize,
    /// How many of a key.
    key: usize,
    /// Those that are taken.
    taken: Mutex<Taken>,
}

/// Connections that are taken.
#[derive(Debug, Default)]
struct Taken {
    /// How many there have been.
    come: u64,
    /// Whose they are, by order of arrival.
    seats: BTreeMap<u64, Sitting>,
}

/// A guest on a connection.
#[derive(Debug)]
struct Sitting {
    /// Who it is.
    name: Name,
    /// Tells the connection to end.
    leave: Arc<Notify>,
}

/// A guest's connection, counted until dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    /// Among which.
    seats: Arc<Seats>,
    /// Its number.
    number: u64,
}

impl Seats {
    /// None is taken.
    pub(crate) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            most: limits.connections,
            agreement: limits.connections_per_agreement,
            key: limits.connections_per_key,
            taken: Mutex::default(),
        })
    }

    /// Counts a connection, which `leave` ends. It may have been another guest's.
    ///
    /// # Errors
    /// [`Refused::Connections`].
    pub(crate) fn sit(
        self: &Arc<Self>,
        guest: &Guest,
        leave: &Arc<Notify>,
    ) -> Result<Seat, Refused> {
        let name = (guest.agreement, guest.key);
        let mut taken = self.taken();
        let others = taken.seats.iter().filter(|(_, other)| !Arc::ptr_eq(&other.leave, leave));
        let others: Vec<_> = others.map(|(number, other)| (*number, other.name)).collect();
        if others.iter().filter(|(_, other)| *other == name).count() >= self.key {
            return Err(Refused::Connections);
        }
        let among = others.iter().filter(|(_, other)| other.0 == name.0).count() >= self.agreement;
        if among || others.len() >= self.most {
            let agreements = others.iter().map(|(_, other)| other.0).filter(|_| !among);
            let crowd = crowd(agreements, name.0).unwrap_or(name.0);
            let keys = others.iter().map(|(_, other)| *other).filter(|other| other.0 == crowd);
            let giver = self::crowd(keys, name).ok_or(Refused::Connections)?;
            let oldest = others.iter().find(|(_, other)| *other == giver);
            if let Some(given) = oldest.and_then(|(number, _)| taken.seats.remove(number)) {
                given.leave.notify_one();
            }
        }
        let number = taken.come;
        taken.come = number.wrapping_add(1);
        taken.seats.insert(number, Sitting { name, leave: Arc::clone(leave) });
        drop(taken);
        Ok(Seat { seats: Arc::clone(self), number })
    }

    /// Those that are taken; a panic elsewhere cannot leave them half written.
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.taken().seats.remove(&self.number);
    }
}

/// Whose connections these are most, if `own` has too few beside them: none, or less than both would have if one
/// more changed hands. Among equals it is who came first.
fn crowd<K: Copy + Eq + Hash>(whose: impl Iterator<Item = K>, own: K) -> Option<K> {
    let mut counts = HashMap::new();
    for (order, name) in whose.enumerate() {
        let (count, _) = counts.entry(name).or_insert((0_usize, Reverse(order)));
        *count = count.saturating_add(1);
    }
    let mine = counts.get(&own).map_or(0, |(count, _)| *count);
    let (largest, (count, _)) = counts.into_iter().max_by_key(|(_, weight)| *weight)?;
    (largest != own && (mine == 0 || count > mine.saturating_add(1))).then_some(largest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three connections of a key, four of an agreement, six in all.
    const FEW: (usize, usize, usize) = (3, 4, 6);

    /// Seats, and the connections on which somebody sits.
    struct Room(Arc<Seats>, Vec<(Name, Arc<Notify>, Seat)>);

    impl Room {
        fn new() -> Self {
            let (connections_per_key, connections_per_agreement, connections) = FEW;
            let limits = Limits {
                connections,
                connections_per_agreement,
                connections_per_key,
                ..Limits::default()
            };
            Self(Seats::new(&limits), Vec::new())
        }

        /// A key of an agreement comes on a new connection. Who has to go for it goes at once; `None` if it is
        /// refused.
        fn comes(&mut self, agreement: u8, key: u8) -> Option<Vec<(u8, u8)>> {
            let guest = Guest { agreement: [agreement; 20], key: [key; 32], expires: 0 };
            let leave = Arc::default();
            let seat = self.0.sit(&guest, &leave).ok()?;
            let mut gone = Vec::new();
            self.1.retain(|(name, leave, _)| {
                let told = std::pin::pin!(leave.notified()).enable();
                if told {
                    gone.push((name.0[0], name.1[0]));
                }
                !told
            });
            self.1.push(((guest.agreement, guest.key), leave, seat));
            assert_eq!(self.0.taken().seats.len(), self.1.len());
            Some(gone)
        }

        /// Several come, and nobody has to go.
        fn all_come(&mut self, names: &[(u8, u8)]) {
            for (agreement, key) in names {
                assert_eq!(self.comes(*agreement, *key), Some(vec![]));
            }
        }
    }

    #[test]
    fn a_key_has_so_many_and_makes_nobody_go() {
        let mut room = Room::new();
        room.all_come(&[(1, 1), (1, 1), (1, 1)]);
        assert_eq!(room.comes(1, 1), None);
        room.1.clear();
        assert_eq!(room.comes(1, 1), Some(vec![]), "who has gone has made room");
    }

    #[test]
    fn in_a_full_agreement_the_largest_key_gives_up_until_all_have_as_many() {
        let mut room = Room::new();
        room.all_come(&[(1, 2), (1, 1), (1, 1), (1, 1)]);
        assert_eq!(room.comes(1, 3), Some(vec![(1, 1)]));
        assert_eq!(room.comes(1, 3), None, "one more than the largest would have left");
        assert_eq!(room.comes(1, 1), None, "the largest itself");
    }

    #[test]
    fn a_crowd_of_keys_keeps_no_new_key_out() {
        let mut room = Room::new();
        room.all_come(&[(1, 1), (1, 2), (1, 3), (1, 4)]);
        assert_eq!(room.comes(1, 5), Some(vec![(1, 1)]), "among equals the first goes");
        assert_eq!(room.comes(1, 1), Some(vec![(1, 2)]));
        assert_eq!(room.comes(1, 1), None);
    }

    #[test]
    fn in_a_full_house_the_largest_agreement_gives_up_until_all_have_as_many() {
        let mut room = Room::new();
        room.all_come(&[(2, 1), (1, 1), (1, 1), (1, 2), (1, 3), (2, 2)]);
        assert_eq!(
            room.comes(3, 1),
            Some(vec![(1, 1)]),
            "the largest key of the largest agreement"
        );
        assert_eq!(room.comes(3, 2), Some(vec![(1, 1)]));
        assert_eq!(room.comes(3, 1), None, "all have as many");
        assert_eq!(room.comes(3, 3), Some(vec![(3, 1)]), "a key that has none");
    }

    #[test]
    fn a_connection_that_changes_hands_counts_once() {
        let mut room = Room::new();
        room.all_come(&[(1, 1), (1, 1), (1, 1), (1, 2)]);
        let guest = |key| Guest { agreement: [1; 20], key: [key; 32], expires: 0 };
        let (name, leave, seat) = room.1.pop().unwrap();
        assert_eq!(name, (guest(2).agreement, guest(2).key));
        let other = room.0.sit(&guest(3), &leave).unwrap();
        drop(seat);
        assert_eq!(room.0.taken().seats.len(), 4);
        drop(other);
        assert_eq!(room.0.taken().seats.len(), 3);
    }
}
