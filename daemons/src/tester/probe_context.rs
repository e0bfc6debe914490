//! What every probe of a tester needs.

use std::sync::Arc;

use alloy::primitives::{Address, B256};
use alloy::signers::local::PrivateKeySigner;
use muster_client::Session;
use muster_messaging::{MessageKey, Transport};
use secrecy::{ExposeSecret, SecretBox};
use tokio::time::Duration;

use super::options::TesterOptions;
use super::reference_runner::ReferenceRunner;
use super::report_inbox::ReportInbox;
use crate::chain::MarketClock;
use crate::checks::{Checks, Prober};
use crate::context::DaemonContext;
use crate::error::DaemonError;
use crate::failpoint::fail_point;
use crate::request_client::{Listener, RequestClient};
use crate::schedule::derive;
use crate::service_client::RESPONSE_TIMEOUT;
use crate::store::{Store, StoreError};

/// What every probe of a tester needs.
#[derive(Debug)]
pub(super) struct ProbeContext {
    /// The tester's key.
    pub(super) signer: PrivateKeySigner,
    /// The state file.
    pub(super) store: Store,
    /// The market's clock.
    pub(super) clock: MarketClock,
    /// Sends requests under the account's own key.
    pub(super) request_client: Arc<RequestClient>,
    /// The transport for messages of other keys.
    pub(super) transport: Arc<dyn Transport>,
    /// Reports of other testers.
    pub(super) report_inbox: Arc<ReportInbox>,
    /// How services are checked.
    pub(super) checks: Checks,
    /// Checks services.
    pub(super) prober: Prober,
    /// Runs jobs to know their results.
    pub(super) reference: ReferenceRunner,
    /// A response that takes longer does not count.
    pub(super) slow_after: Duration,
    /// The secret that window keys are derived from.
    key_seed: SecretBox<[u8; 32]>,
    /// The secret that moments are derived from.
    moment_seed: SecretBox<[u8; 32]>,
}

impl ProbeContext {
    /// Opens the account's mailbox and starts a clock.
    pub(super) async fn open(
        context: &DaemonContext,
        options: &TesterOptions,
    ) -> Result<Self, DaemonError> {
        let (store, transport, market) =
            (context.store().clone(), context.transport(), context.market());
        let (key, replay_guard) = (context.message_key()?, Arc::new(store.clone()));
        let report_inbox = Arc::<ReportInbox>::default();
        let listener: Arc<dyn Listener> = report_inbox.clone();
        let request_client =
            RequestClient::open_with(key, transport.clone(), replay_guard, Some(listener));
        let request_client = Arc::new(request_client.await?);
        Ok(Self {
            signer: context.signer().clone(),
            key_seed: store.secret("passes")?,
            moment_seed: store.secret("moments")?,
            clock: MarketClock::start(market.clone(), market.now().await?),
            prober: Prober::new(RESPONSE_TIMEOUT, options.proxy.as_ref())?,
            slow_after: options.probe_timeout,
            checks: options.checks.clone(),
            reference: ReferenceRunner::new(options.reference.clone()),
            report_inbox,
            store,
            request_client,
            transport,
        })
    }

    /// The tester's account.
    pub(super) const fn account(&self) -> Address {
        self.signer.address()
    }

    /// The message key for a window of an agreement. It is the same after a restart, so that the client's pass for it
    /// stays valid; nobody else can compute it.
    pub(super) fn window_key(&self, agreement: Address, window: u8) -> MessageKey {
        let bytes = derive(self.key_seed.expose_secret(), agreement, &[window]);
        // A hash is no key with probability 2^-128.
        MessageKey::from_bytes(&bytes).unwrap_or_else(|_| MessageKey::random())
    }

    /// The seed of the moments that belong to `subject` in an agreement. It is the same after a restart.
    pub(super) fn moments(&self, agreement: Address, subject: &[u8]) -> B256 {
        derive(self.moment_seed.expose_secret(), agreement, subject)
    }

    /// The secret of the sessions in an agreement.
    pub(super) fn session(&self, agreement: Address) -> Result<Session, StoreError> {
        let salt = self.store.session_salt(agreement, || Session::random().salt)?;
        fail_point!("session/stored");
        Ok(Session { salt })
    }
}
