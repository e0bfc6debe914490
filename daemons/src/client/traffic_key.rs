//! The keys under which a client uses workers.

use std::ops::Range;
use std::sync::Arc;

use alloy::primitives::B256;
use muster_messaging::{MessageError, MessageKey, Transport};
use tokio::sync::OnceCell;

use crate::endpoint_slot::EndpointSlot;
use crate::request_client::RequestClient;

/// One of the keys of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KeyId {
    /// The window.
    pub(super) window: u8,
    /// The number of the key in that window.
    pub(super) slot: u8,
}

/// One of a client's keys for a window.
#[derive(Debug)]
pub(super) struct TrafficKey {
    /// Which one.
    pub(super) id: KeyId,
    /// The session that its requests belong to.
    pub(super) session: B256,
    /// The key for messages.
    message_key: MessageKey,
    /// Sends requests under it, once there was one to send.
    request_client: OnceCell<RequestClient>,
}

/// One key at one worker.
#[derive(Debug)]
pub(super) struct Route {
    /// The key.
    pub(super) key: Arc<TrafficKey>,
    /// The worker's index in the agreement.
    pub(super) index: u8,
    /// The ticks of the key's window. It is used in no other.
    pub(super) ticks: Range<u64>,
    /// The worker's endpoint.
    pub(super) slot: EndpointSlot,
}

impl TrafficKey {
    /// A key that sends nothing yet.
    pub(super) const fn new(id: KeyId, session: B256, message_key: MessageKey) -> Self {
        Self { id, session, message_key, request_client: OnceCell::const_new() }
    }

    /// What sends requests under it.
    pub(super) async fn request_client(
        &self,
        transport: Arc<dyn Transport>,
    ) -> Result<&RequestClient, MessageError> {
        let open = || RequestClient::open(self.message_key.clone(), transport);
        self.request_client.get_or_try_init(open).await
    }
}

impl Route {
    /// A key at a worker whose endpoint is not known.
    pub(super) fn new(key: Arc<TrafficKey>, index: u8, ticks: Range<u64>) -> Self {
        Self { key, index, ticks, slot: EndpointSlot::default() }
    }
}
