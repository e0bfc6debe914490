//! The gateway's authorizer: which token holders are forwarded, and to which service.

use std::sync::Arc;

use alloy::primitives::{Address, B256};
use muster_gateway::{AuthorizationError, Authorizer, Claims, Upstream};
use muster_messaging::Party;

use super::agreement_table::AgreementTable;
use super::self_check::OwnKey;
use crate::store::Store;
use crate::unix_time::unix_now;

/// Authorizes by the agreements of the latest step and the stored admissions. It asks no node, so it answers at once.
#[derive(Debug)]
pub(super) struct AgreementAccess {
    /// The agreements.
    pub(super) agreement_table: Arc<AgreementTable>,
    /// The admissions.
    pub(super) store: Store,
    /// The key of the worker's own requests.
    pub(super) own_key: OwnKey,
    /// The service for them, if one serves all agreements.
    pub(super) own_upstream: Option<Upstream>,
}

impl AgreementAccess {
    /// The service for a token holder.
    fn upstream_for(&self, claims: &Claims) -> Result<Upstream, AuthorizationError> {
        let (agreement, key) = (Address::new(claims.agreement), B256::new(claims.key));
        if agreement.is_zero() && key == self.own_key.0 {
            let upstream =
                self.own_upstream.clone().or_else(|| self.agreement_table.any_upstream());
            return upstream.ok_or(AuthorizationError::Unavailable);
        }
        let (entry, current) = self.agreement_table.lookup(agreement)?;
        let party = self.store.admitted_party(agreement, key).map_err(|error| {
            tracing::error!(%agreement, %error, "admission not read");
            AuthorizationError::Unavailable
        })?;
        let is_party = match party.ok_or(AuthorizationError::NotAParty)? {
            Party::Client => true,
            Party::Delegate { until } => unix_now() < until,
            Party::Tester { window } => window == current.window,
        };
        if is_party { Ok(entry.upstream) } else { Err(AuthorizationError::NotAParty) }
    }
}

impl Authorizer for AgreementAccess {
    async fn authorize(&self, claims: &Claims) -> Result<Upstream, AuthorizationError> {
        self.upstream_for(claims)
    }
}

#[cfg(test)]
mod tests {
    use muster_messaging::AccessGrant;
    use tokio::time::{Duration, advance};

    use super::super::agreement_table::TableEntry;
    use super::*;
    use crate::store::{Identity, Role};

    const AGREEMENT: Address = Address::repeat_byte(3);

    /// The access to one agreement that runs from tick 100 in four windows of 10; it is tick 100.
    fn new_access(folder: &tempfile::TempDir, ticks_are_seconds: bool) -> AgreementAccess {
        let (dispatcher, account) = (Address::ZERO, Address::ZERO);
        let identity = Identity { role: Role::Worker, chain: 1, dispatcher, account };
        let store = Store::open(&folder.path().join("state.db"), &identity).unwrap();
        let upstream = "http://127.0.0.1:1".parse().unwrap();
        let windows = vec![(0, 100..110), (1, 110..120), (2, 120..130), (3, 130..140)];
        let (ticks, receipt_domain) = (100..140, B256::ZERO);
        let entry = TableEntry { ticks, windows, receipt_domain, upstream };
        let agreement_table = Arc::new(AgreementTable::default());
        agreement_table.replace(100, ticks_are_seconds, vec![(AGREEMENT, entry)]);
        let own_key = OwnKey(B256::repeat_byte(9));
        AgreementAccess { agreement_table, store, own_key, own_upstream: None }
    }

    /// The claims of a token holder.
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
        let errors = || [1, 2, 3, 4, 5].map(|key| access.upstream_for(&claims(key)).err());
        let no = Some(AuthorizationError::NotAParty);
        assert_eq!(errors(), [None, None, no, None, no]);
        advance(Duration::from_secs(10)).await;
        assert_eq!(errors(), [None, None, no, no, no], "the window of the seat is over");
        record_admission(&access, 4, Party::Tester { window: 1 });
        assert_eq!(errors(), [None, None, no, None, no], "it has another seat");
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
    async fn the_worker_itself_is_let_in_by_its_own_key_alone() {
        let folder = tempfile::tempdir().unwrap();
        let access = new_access(&folder, true);
        let own = |key| Claims { agreement: [0; 20], ..claims(key) };
        assert!(access.upstream_for(&own(9)).is_ok());
        assert_eq!(access.upstream_for(&own(8)), Err(AuthorizationError::UnknownAgreement));
        assert_eq!(access.upstream_for(&claims(9)), Err(AuthorizationError::NotAParty));
        access.agreement_table.replace(0, true, Vec::new());
        assert_eq!(access.upstream_for(&own(9)), Err(AuthorizationError::Unavailable));
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
