//! What guests use: connections and requests, counted for each key, each agreement and in all.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use governor::{DefaultKeyedRateLimiter, Quota};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{answer::Refused, config::Limits, token::Guest};

/// From how many names on those that nobody uses are forgotten.
const MANY: usize = 1024;

/// An agreement, and a key of it.
type Name = ([u8; 20], [u8; 32]);

/// Everybody's use.
#[derive(Debug)]
pub(crate) struct Tabs {
    /// Requests of each key.
    pace: DefaultKeyedRateLimiter<Name>,
    /// Connections of each key.
    keys: Rooms<Name>,
    /// Connections of each agreement.
    agreements: Rooms<[u8; 20]>,
    /// Connections of all.
    all: Arc<Semaphore>,
}

/// A guest's connection, counted until dropped.
#[derive(Debug)]
pub(crate) struct Seat(
    #[expect(dead_code, reason = "it is there to be dropped")] [OwnedSemaphorePermit; 3],
);

/// Room for so many connections under each name.
#[derive(Debug)]
struct Rooms<K> {
    /// How many.
    most: usize,
    /// Rooms that were entered.
    open: Mutex<HashMap<K, Arc<Semaphore>>>,
}

impl Tabs {
    /// Nobody has used anything.
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            pace: DefaultKeyedRateLimiter::keyed(Quota::per_second(limits.requests_per_second)),
            keys: Rooms::of(limits.connections_per_key),
            agreements: Rooms::of(limits.connections_per_agreement),
            all: Arc::new(Semaphore::new(limits.connections)),
        }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// [`Refused::Rate`].
    pub(crate) fn request(&self, guest: &Guest) -> Result<(), Refused> {
        if self.pace.len() >= MANY {
            self.pace.retain_recent();
        }
        self.pace.check_key(&(guest.agreement, guest.key)).map_err(|_| Refused::Rate)
    }

    /// Counts a connection.
    ///
    /// # Errors
    /// [`Refused::Connections`], [`Refused::Full`].
    pub(crate) fn sit(&self, guest: &Guest) -> Result<Seat, Refused> {
        let own = self.keys.enter((guest.agreement, guest.key)).ok_or(Refused::Connections)?;
        let among = self.agreements.enter(guest.agreement).ok_or(Refused::Connections)?;
        let all = Arc::clone(&self.all).try_acquire_owned().map_err(|_| Refused::Full)?;
        Ok(Seat([own, among, all]))
    }
}

impl<K: Eq + Hash> Rooms<K> {
    /// Rooms for so many each.
    fn of(most: usize) -> Self {
        Self { most, open: Mutex::default() }
    }

    /// A place in a room; `None` if it is full.
    fn enter(&self, name: K) -> Option<OwnedSemaphorePermit> {
        // A panic elsewhere cannot leave the map half written.
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= MANY {
            // Every place holds on to its room.
            open.retain(|_, room| Arc::strong_count(room) > 1);
        }
        let room = open.entry(name).or_insert_with(|| Arc::new(Semaphore::new(self.most)));
        Arc::clone(room).try_acquire_owned().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A guest with this number as its key.
    fn guest(number: u64) -> Guest {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.to_be_bytes());
        Guest { agreement: [0; 20], key, expires: 0 }
    }

    #[test]
    fn keys_that_are_gone_are_forgotten_and_those_that_stay_are_not() {
        let limits = Limits { connections_per_key: 1, ..Limits::default() };
        let tabs = Tabs::new(&limits);
        let stays = tabs.sit(&guest(0)).unwrap();
        for number in 1..10_000 {
            tabs.request(&guest(number)).unwrap();
            tabs.sit(&guest(number)).unwrap();
        }
        assert!(tabs.keys.open.lock().unwrap().len() <= MANY);
        assert_eq!(tabs.sit(&guest(0)).unwrap_err(), Refused::Connections);
        drop(stays);
        tabs.sit(&guest(0)).unwrap();
    }
}
