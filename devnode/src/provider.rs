//! The in-process transport behind [`crate::Devnode::provider`].

use std::{
    sync::{Arc, Weak},
    task::{Context, Poll},
    time::Duration,
};

use alloy::{
    providers::RootProvider,
    rpc::{
        client::RpcClient,
        json_rpc::{RequestPacket, ResponsePacket},
    },
    transports::{TransportError, TransportErrorKind, TransportFut},
};
use tower::Service;

use crate::{NodeStopped, rpc::RequestHandler};

/// How often a waiting caller polls. No connection is involved, so polling is cheap.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Passes requests to a chain in this process for as long as it runs.
#[derive(Clone, Debug)]
struct InProcessTransport(Weak<RequestHandler>);

impl Service<RequestPacket> for InProcessTransport {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: RequestPacket) -> Self::Future {
        let handler = self.0.upgrade();
        Box::pin(async move {
            let handler = handler.ok_or_else(|| TransportErrorKind::custom(NodeStopped))?;
            let body = request.serialize().map_err(TransportError::ser_err)?;
            let reply = handler.handle(body.get()).await;
            serde_json::from_str(&reply).map_err(|error| TransportError::deser_err(error, reply))
        })
    }
}

/// A provider for `handler`. It does not keep the handler alive.
pub(crate) fn provider(handler: &Arc<RequestHandler>) -> RootProvider {
    let client = RpcClient::new(InProcessTransport(Arc::downgrade(handler)), true);
    RootProvider::new(client.with_poll_interval(POLL_INTERVAL))
}
