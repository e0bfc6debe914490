//! What each guest uses: connections and requests, counted for each and in all.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use governor::{DefaultDirectRateLimiter, Quota};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use crate::{answer::Refused, config::Limits, token::Guest};

/// From how many tabs on those that nobody uses are closed.
const MANY: usize = 1024;

/// How long an unused tab is kept; a second's requests are long forgotten by then.
const KEPT: Duration = Duration::from_mins(1);

/// An agreement, and a key of it.
type Name = ([u8; 20], [u8; 32]);

/// Everybody's use.
#[derive(Debug)]
pub(crate) struct Tabs {
    /// What each may use.
    limits: Limits,
    /// Room for connections of guests.
    room: Arc<Semaphore>,
    /// One for each key that was used lately, by agreement and key.
    open: Mutex<HashMap<Name, Tab>>,
}

/// One key's use.
#[derive(Debug)]
struct Tab {
    /// Requests.
    pace: DefaultDirectRateLimiter,
    /// Room for connections.
    room: Arc<Semaphore>,
    /// When it was used last.
    used: Instant,
}

/// A guest's connection, counted until dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    /// Among its own.
    _own: OwnedSemaphorePermit,
    /// Among all.
    _all: OwnedSemaphorePermit,
}

impl Tabs {
    /// Nobody has used anything.
    pub(crate) fn new(limits: Limits) -> Self {
        let room = Arc::new(Semaphore::new(limits.connections));
        Self { limits, room, open: Mutex::default() }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// [`Refused::Rate`].
    pub(crate) fn request(&self, guest: &Guest) -> Result<(), Refused> {
        self.with(guest, |tab| tab.pace.check().map_err(|_| Refused::Rate))
    }

    /// Counts a connection.
    ///
    /// # Errors
    /// [`Refused::Connections`], [`Refused::Full`].
    pub(crate) fn sit(&self, guest: &Guest) -> Result<Seat, Refused> {
        let room = self.with(guest, |tab| Arc::clone(&tab.room));
        let own = room.try_acquire_owned().map_err(|_| Refused::Connections)?;
        let all = Arc::clone(&self.room).try_acquire_owned().map_err(|_| Refused::Full)?;
        Ok(Seat { _own: own, _all: all })
    }

    /// Does something with a guest's tab, which is opened if there is none.
    fn with<T>(&self, guest: &Guest, act: impl FnOnce(&mut Tab) -> T) -> T {
        // A panic elsewhere cannot leave the map half written.
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let name = (guest.agreement, guest.key);
        if open.len() >= MANY && !open.contains_key(&name) {
            open.retain(|_, tab| Arc::strong_count(&tab.room) > 1 || tab.used.elapsed() < KEPT);
        }
        let tab = open.entry(name).or_insert_with(|| Tab::open(&self.limits));
        tab.used = Instant::now();
        act(tab)
    }
}

impl Tab {
    /// Nothing was used.
    fn open(limits: &Limits) -> Self {
        let pace = DefaultDirectRateLimiter::direct(Quota::per_second(limits.requests_per_second));
        Self {
            pace,
            room: Arc::new(Semaphore::new(limits.connections_per_key)),
            used: Instant::now(),
        }
    }
}
