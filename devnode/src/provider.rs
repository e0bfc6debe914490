//! A chain as alloy sees it, without a connection: the transport behind [`crate::Devnode::provider`].

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

use crate::{NodeStopped, rpc::Bodies};

/// How often somebody who waits asks again. It takes no connection, so nobody needs to wait longer.
const POLL: Duration = Duration::from_millis(10);

/// Brings requests to a chain in this process for as long as it runs.
#[derive(Clone, Debug)]
struct InProcess(Weak<Bodies>);

impl Service<RequestPacket> for InProcess {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: RequestPacket) -> Self::Future {
        let bodies = self.0.upgrade();
        Box::pin(async move {
            let bodies = bodies.ok_or_else(|| TransportErrorKind::custom(NodeStopped))?;
            let body = request.serialize().map_err(TransportError::ser_err)?;
            let reply = bodies.reply(body.get()).await;
            serde_json::from_str(&reply).map_err(|error| TransportError::deser_err(error, reply))
        })
    }
}

/// A provider that asks `bodies` for as long as somebody else holds them.
pub(crate) fn provider(bodies: &Arc<Bodies>) -> RootProvider {
    let client = RpcClient::new(InProcess(Arc::downgrade(bodies)), true);
    RootProvider::new(client.with_poll_interval(POLL))
}
