//! The gateway's door: what it knows of agreements, and whom it lets in.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use alloy::primitives::{Address, B256};
use muster_client::protocol::lifecycle;
use muster_gateway::{AuthorizationError, Authorizer, Claims, Upstream};
use muster_messaging::Party;
use tokio::time::Instant;

use crate::store::Store;

/// What the door knows of an agreement that this worker has accepted.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Tick of the first accept.
    pub(super) start: u64,
    /// Ticks from there to the end.
    pub(super) length: u32,
    /// How many windows these are.
    pub(super) windows: u8,
    /// What its receipts are signed under.
    pub(super) domain: B256,
    /// Where its guests are served.
    pub(super) upstream: Upstream,
}

/// What the gateway knows: renewed by every step, and good in between.
#[derive(Debug)]
pub(super) struct Roll(RwLock<State>);

/// See [`Roll`].
#[derive(Debug)]
struct State {
    /// The tick of the latest step.
    tick: u64,
    /// Whether ticks are seconds, so that they pass by themselves.
    seconds: bool,
    /// When that step was.
    since: Instant,
    /// Agreements.
    entries: HashMap<Address, Entry>,
}

impl Default for Roll {
    fn default() -> Self {
        let (since, entries) = (Instant::now(), HashMap::new());
        Self(RwLock::new(State { tick: 0, seconds: false, since, entries }))
    }
}

impl Roll {
    /// Takes note of how things stand at a tick.
    pub(super) fn renew(&self, tick: u64, seconds: bool, open: Vec<(Address, Entry)>) {
        let entries = open.into_iter().collect();
        let state = State { tick, seconds, since: Instant::now(), entries };
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// An agreement and its current window.
    ///
    /// # Errors
    /// [`Refusal::Unknown`], [`Refusal::Closed`].
    pub(super) fn find(&self, agreement: Address) -> Result<(Entry, u8), AuthorizationError> {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let entry = state.entries.get(&agreement).ok_or(AuthorizationError::UnknownAgreement)?;
        let passed = if state.seconds { state.since.elapsed().as_secs() } else { 0 };
        let now = state.tick.saturating_add(passed);
        let Entry { start, length, windows, .. } = *entry;
        let end = start.saturating_add(length.into());
        let window = lifecycle::window_at(now, start, length, windows);
        Ok((entry.clone(), window.ok_or(AuthorizationError::NotRunning { start, now, end })?))
    }
}

/// Keeps the door.
#[derive(Debug)]
pub(super) struct Keeper {
    /// What is known of agreements.
    pub(super) roll: Arc<Roll>,
    /// Who was let in.
    pub(super) store: Store,
}

impl Keeper {
    /// Where a guest is served.
    fn judge(&self, guest: &Claims) -> Result<Upstream, AuthorizationError> {
        let (agreement, key) = (Address::new(guest.agreement), B256::new(guest.key));
        let (entry, current) = self.roll.find(agreement)?;
        let party = self.store.party(agreement, key).map_err(|error| {
            tracing::error!("{error}");
            AuthorizationError::Unavailable
        })?;
        let welcome = match party.ok_or(AuthorizationError::NotAParty)? {
            Party::Client => true,
            Party::Delegate { until } => unix() < until,
            Party::Tester { window } => window == current,
        };
        if welcome { Ok(entry.upstream) } else { Err(AuthorizationError::NotAParty) }
    }
}

impl Authorizer for Keeper {
    async fn authorize(&self, guest: &Claims) -> Result<Upstream, AuthorizationError> {
        self.judge(guest)
    }
}

/// The Unix second.
fn unix() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use muster_messaging::AccessGrant;
    use tokio::time::{Duration, advance};

    use super::*;
    use crate::store::{Identity, Role};

    const DEAL: Address = Address::repeat_byte(3);

    /// A keeper of one agreement that runs from tick 100 in four windows of 10; it is tick 100.
    fn keeper(folder: &tempfile::TempDir, seconds: bool) -> Keeper {
        let (dispatcher, account) = (Address::ZERO, Address::ZERO);
        let identity = Identity { role: Role::Worker, chain: 1, dispatcher, account };
        let store = Store::open(&folder.path().join("state.db"), &identity).unwrap();
        let upstream = "http://127.0.0.1:1".parse().unwrap();
        let entry = Entry { start: 100, length: 40, windows: 4, domain: B256::ZERO, upstream };
        let roll = Arc::new(Roll::default());
        roll.renew(100, seconds, vec![(DEAL, entry)]);
        Keeper { roll, store }
    }

    /// Somebody with a token.
    fn guest(key: u8) -> Claims {
        Claims { agreement: DEAL.0.0, key: [key; 32], expires_at: u64::MAX }
    }

    fn admit(keeper: &Keeper, key: u8, party: Party) {
        let key = B256::repeat_byte(key);
        keeper.store.admit(&AccessGrant { agreement: DEAL, key, party }).unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn everybody_comes_in_as_long_as_they_may() {
        let folder = tempfile::tempdir().unwrap();
        let keeper = keeper(&folder, true);
        admit(&keeper, 1, Party::Client);
        admit(&keeper, 2, Party::Delegate { until: u64::MAX });
        admit(&keeper, 3, Party::Delegate { until: unix() });
        admit(&keeper, 4, Party::Tester { window: 0 });
        let judged = || [1, 2, 3, 4, 5].map(|key| keeper.judge(&guest(key)).err());
        let no = Some(AuthorizationError::NotAParty);
        assert_eq!(judged(), [None, None, no, None, no]);
        advance(Duration::from_secs(10)).await;
        assert_eq!(judged(), [None, None, no, no, no], "the window of the seat is over");
        admit(&keeper, 4, Party::Tester { window: 1 });
        assert_eq!(judged(), [None, None, no, None, no], "there is another seat");
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_comes_in_before_the_start_or_from_the_end_on() {
        let folder = tempfile::tempdir().unwrap();
        let keeper = keeper(&folder, true);
        admit(&keeper, 1, Party::Client);
        advance(Duration::from_secs(39)).await;
        assert!(keeper.judge(&guest(1)).is_ok());
        advance(Duration::from_secs(1)).await;
        let closed = AuthorizationError::NotRunning { start: 100, now: 140, end: 140 };
        assert_eq!(keeper.judge(&guest(1)), Err(closed));
        let other = Claims { agreement: [9; 20], ..guest(1) };
        assert_eq!(keeper.judge(&other), Err(AuthorizationError::UnknownAgreement));
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_of_blocks_waits_for_the_next_step() {
        let folder = tempfile::tempdir().unwrap();
        let keeper = keeper(&folder, false);
        admit(&keeper, 1, Party::Client);
        advance(Duration::from_secs(100)).await;
        assert!(keeper.judge(&guest(1)).is_ok());
    }
}
