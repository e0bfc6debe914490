//! What every probe of a tester needs.

use std::sync::Arc;

use alloy::primitives::{Address, keccak256};
use muster_client::Session;
use muster_messaging::{MessageKey, Transport};
use secrecy::{ExposeSecret, SecretBox};
use tokio::time::Duration;

use super::prober::Prober;
use crate::chain::MarketClock;
use crate::context::DaemonContext;
use crate::error::DaemonError;
use crate::failpoint::fail_point;
use crate::request_client::RequestClient;
use crate::store::{Store, StoreError};

/// What every probe of a tester needs.
#[derive(Debug)]
pub(super) struct ProbeContext {
    /// The tester's account.
    pub(super) account: Address,
    /// The state file.
    pub(super) store: Store,
    /// The market's clock.
    pub(super) clock: MarketClock,
    /// Sends requests under the account's own key.
    pub(super) request_client: Arc<RequestClient>,
    /// The transport for messages of other keys.
    pub(super) transport: Arc<dyn Transport>,
    /// Checks services.
    pub(super) prober: Prober,
    /// The secret that window keys are derived from.
    key_seed: SecretBox<[u8; 32]>,
}

impl ProbeContext {
    /// Opens the account's mailbox and starts a clock; each request to a service has this timeout.
    pub(super) async fn open(
        context: &DaemonContext,
        probe_timeout: Duration,
    ) -> Result<Self, DaemonError> {
        let (store, transport, market) =
            (context.store().clone(), context.transport(), context.market());
        let request_client =
            RequestClient::open(context.message_key()?, transport.clone(), Arc::new(store.clone()));
        let request_client = Arc::new(request_client.await?);
        Ok(Self {
            account: context.account(),
            key_seed: store.secret("passes")?,
            clock: MarketClock::start(market.clone(), market.now().await?),
            prober: Prober::new(probe_timeout)?,
            store,
            request_client,
            transport,
        })
    }

    /// The message key for a window of an agreement. It is the same after a restart, so that the client's pass for it
    /// stays valid; nobody else can compute it.
    pub(super) fn window_key(&self, agreement: Address, window: u8) -> MessageKey {
        let seed = self.key_seed.expose_secret();
        let bytes = keccak256([&seed[..], agreement.as_slice(), &[window]].concat());
        // A hash is no key with probability 2^-128.
        MessageKey::from_bytes(&bytes).unwrap_or_else(|_| MessageKey::random())
    }

    /// The session in an agreement: one for all its windows and workers.
    pub(super) fn session(&self, agreement: Address) -> Result<Session, StoreError> {
        let salt = self.store.session_salt(agreement, || Session::random().salt)?;
        fail_point!("session/stored");
        Ok(Session { salt })
    }
}
