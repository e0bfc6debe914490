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
pub(super) struct TableEntry {
    /// Tick of the first accept.
    pub(super) start: u64,
    /// Ticks from there to the end.
    pub(super) length: u32,
    /// How many windows these are.
    pub(super) windows: u8,
    /// What its receipts are signed under.
    pub(super) receipt_domain: B256,
    /// Where its guests are served.
    pub(super) upstream: Upstream,
}

/// What the gateway knows: renewed by every step, and good in between.
#[derive(Debug)]
pub(super) struct AgreementTable(RwLock<TableState>);

/// See [`Roll`].
#[derive(Debug)]
struct TableState {
    /// The tick of the latest step.
    tick: u64,
    /// Whether ticks are seconds, so that they pass by themselves.
    ticks_are_seconds: bool,
    /// When that step was.
    updated_at: Instant,
    /// Agreements.
    entries: HashMap<Address, TableEntry>,
}

impl Default for AgreementTable {
    fn default() -> Self {
        let (since, entries) = (Instant::now(), HashMap::new());
        Self(RwLock::new(TableState {
            tick: 0,
            ticks_are_seconds: false,
            updated_at: since,
            entries,
        }))
    }
}

impl AgreementTable {
    /// Takes note of how things stand at a tick.
    pub(super) fn replace(&self, tick: u64, seconds: bool, open: Vec<(Address, TableEntry)>) {
        let entries = open.into_iter().collect();
        let state =
            TableState { tick, ticks_are_seconds: seconds, updated_at: Instant::now(), entries };
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// An agreement and its current window.
    ///
    /// # Errors
    /// [`Refusal::Unknown`], [`Refusal::Closed`].
    pub(super) fn lookup(
        &self,
        agreement: Address,
    ) -> Result<(TableEntry, u8), AuthorizationError> {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let entry = state.entries.get(&agreement).ok_or(AuthorizationError::UnknownAgreement)?;
        let passed = if state.ticks_are_seconds { state.updated_at.elapsed().as_secs() } else { 0 };
        let now = state.tick.saturating_add(passed);
        let TableEntry { start, length, windows, .. } = *entry;
        let end = start.saturating_add(length.into());
        let window = lifecycle::window_at(now, start, length, windows);
        Ok((entry.clone(), window.ok_or(AuthorizationError::NotRunning { start, now, end })?))
    }
}

/// Keeps the door.
#[derive(Debug)]
pub(super) struct AgreementAccess {
    /// What is known of agreements.
    pub(super) agreement_table: Arc<AgreementTable>,
    /// Who was let in.
    pub(super) store: Store,
}

impl AgreementAccess {
    /// Where a guest is served.
    fn upstream_for(&self, claims: &Claims) -> Result<Upstream, AuthorizationError> {
        let (agreement, key) = (Address::new(claims.agreement), B256::new(claims.key));
        let (entry, current) = self.agreement_table.lookup(agreement)?;
        let party = self.store.admitted_party(agreement, key).map_err(|error| {
            tracing::error!("{error}");
            AuthorizationError::Unavailable
        })?;
        let welcome = match party.ok_or(AuthorizationError::NotAParty)? {
            Party::Client => true,
            Party::Delegate { until } => unix_now() < until,
            Party::Tester { window } => window == current,
        };
        if welcome { Ok(entry.upstream) } else { Err(AuthorizationError::NotAParty) }
    }
}

impl Authorizer for AgreementAccess {
    async fn authorize(&self, guest: &Claims) -> Result<Upstream, AuthorizationError> {
        self.upstream_for(guest)
    }
}

/// The Unix second.
fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use muster_messaging::AccessGrant;
    use tokio::time::{Duration, advance};

    use super::*;
    use crate::store::{Identity, Role};

    const AGREEMENT: Address = Address::repeat_byte(3);

    /// The access one agreement that runs from tick 100 in four windows of 10; it is tick 100.
    fn new_access(folder: &tempfile::TempDir, seconds: bool) -> AgreementAccess {
        let (dispatcher, account) = (Address::ZERO, Address::ZERO);
        let identity = Identity { role: Role::Worker, chain: 1, dispatcher, account };
        let store = Store::open(&folder.path().join("state.db"), &identity).unwrap();
        let upstream = "http://127.0.0.1:1".parse().unwrap();
        let entry =
            TableEntry { start: 100, length: 40, windows: 4, receipt_domain: B256::ZERO, upstream };
        let agreement_table = Arc::new(AgreementTable::default());
        agreement_table.replace(100, seconds, vec![(AGREEMENT, entry)]);
        AgreementAccess { agreement_table, store }
    }

    /// Somebody with a token.
    fn claims(key: u8) -> Claims {
        Claims { agreement: AGREEMENT.0.0, key: [key; 32], expires_at: u64::MAX }
    }

    fn record_admission(access: &AgreementAccess, key: u8, party: Party) {
        let key = B256::repeat_byte(key);
        access.store.record_admission(&AccessGrant { agreement: AGREEMENT, key, party }).unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn parties_are_admitted_until_their_access_expires() {
        let folder = tempfile::tempdir().unwrap();
        let access = new_access(&folder, true);
        record_admission(&access, 1, Party::Client);
        record_admission(&access, 2, Party::Delegate { until: u64::MAX });
        record_admission(&access, 3, Party::Delegate { until: unix_now() });
        record_admission(&access, 4, Party::Tester { window: 0 });
        let judged = || [1, 2, 3, 4, 5].map(|key| access.upstream_for(&claims(key)).err());
        let no = Some(AuthorizationError::NotAParty);
        assert_eq!(judged(), [None, None, no, None, no]);
        advance(Duration::from_secs(10)).await;
        assert_eq!(judged(), [None, None, no, no, no], "the window of the seat is over");
        record_admission(&access, 4, Party::Tester { window: 1 });
        assert_eq!(judged(), [None, None, no, None, no], "there is another seat");
    }

    #[tokio::test(start_paused = true)]
    async fn agreement_is_closed_from_its_end_on() {
        let folder = tempfile::tempdir().unwrap();
        let access = new_access(&folder, true);
        record_admission(&access, 1, Party::Client);
        advance(Duration::from_secs(39)).await;
        assert!(access.upstream_for(&claims(1)).is_ok());
        advance(Duration::from_secs(1)).await;
        let closed = AuthorizationError::NotRunning { start: 100, now: 140, end: 140 };
        assert_eq!(access.upstream_for(&claims(1)), Err(closed));
        let other = Claims { agreement: [9; 20], ..claims(1) };
        assert_eq!(access.upstream_for(&other), Err(AuthorizationError::UnknownAgreement));
    }

    #[tokio::test(start_paused = true)]
    async fn block_clock_advances_only_with_steps() {
        let folder = tempfile::tempdir().unwrap();
        let access = new_access(&folder, false);
        record_admission(&access, 1, Party::Client);
        advance(Duration::from_secs(100)).await;
        assert!(access.upstream_for(&claims(1)).is_ok());
    }
}
