//! The server: HTTP and WebSocket on one port, open to every web page.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use alloy::primitives::B256;
use jsonrpsee::{
    RpcModule,
    core::RegisterMethodError,
    server::{
        BatchRequestConfig, Methods, RandomStringIdProvider, Server as RpcServer, ServerConfig,
        ServerHandle,
    },
    types::{ErrorObjectOwned, Params},
};
use tokio::{net::TcpListener, time::sleep};
use tower::{ServiceBuilder, layer::layer_fn, service_fn};
use tower_http::cors::CorsLayer;

use super::{
    Args, NodeContext, RpcError, dev,
    methods::METHODS,
    request::{MAX_BATCH, RequestHandler},
    subscriptions,
};
use crate::chain::{ChainError, ChainThread, RecoveredTransaction};

/// Bytes of a request.
pub(super) const MAX_REQUEST: u32 = 5 << 20;

/// Bytes of an answer.
pub(super) const MAX_RESPONSE: u32 = 64 << 20;

/// Requests over HTTP at the same time, and as many connections over WebSocket.
const MAX_CONNECTIONS: u16 = 1000;

/// Subscriptions of one connection.
const MAX_SUBSCRIPTIONS: u32 = 64;

/// Messages that a connection may be behind before it slows down what it is told.
const MAX_BUFFERED_MESSAGES: u32 = 128;

/// How long a transaction waits for those before it.
const NONCE_GAP_TIMEOUT: Duration = Duration::from_secs(1);

/// A server that runs.
#[derive(Debug)]
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Stops it.
    pub(crate) handle: ServerHandle,
    /// Answers without a connection.
    pub(crate) request_handler: RequestHandler,
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    /// The address cannot be listened on.
    #[error(transparent)]
    Listen(#[from] std::io::Error),
    /// Two methods have one name.
    #[error(transparent)]
    Methods(#[from] RegisterMethodError),
}

/// Answers requests on `listener` from a node.
///
/// # Errors
/// See [`ServeError`].
pub(crate) fn serve(
    listener: TcpListener,
    chain_thread: ChainThread<NodeContext>,
) -> Result<Server, ServeError> {
    let address = listener.local_addr()?;
    let config = ServerConfig::builder()
        .max_request_body_size(MAX_REQUEST)
        .max_response_body_size(MAX_RESPONSE)
        .max_connections(MAX_CONNECTIONS.into())
        .max_subscriptions_per_connection(MAX_SUBSCRIPTIONS)
        .set_message_buffer_capacity(MAX_BUFFERED_MESSAGES)
        .set_batch_request_config(BatchRequestConfig::Limit(MAX_BATCH))
        .set_id_provider(RandomStringIdProvider::new(16))
        .build();
    let methods: Methods = rpc_module(chain_thread)?.into();
    let handler = RequestHandler::new(methods.clone(), MAX_CONNECTIONS);
    let shared = handler.clone();
    let server = RpcServer::builder()
        .set_config(config)
        .set_http_middleware(ServiceBuilder::new().layer(CorsLayer::permissive()).layer(layer_fn(
            move |server| {
                let bodies = shared.clone();
                service_fn(move |request| {
                    bodies.clone().handle_http(Clone::clone(&server), request)
                })
            },
        )))
        .build_from_tcp(listener.into_std()?)?;
    Ok(Server { address, handle: server.start(methods), request_handler: handler })
}

/// All methods.
fn rpc_module(
    chain_thread: ChainThread<NodeContext>,
) -> Result<RpcModule<ChainThread<NodeContext>>, RegisterMethodError> {
    let mut module = RpcModule::new(chain_thread);
    let named = dev::METHODS
        .iter()
        .flat_map(|&(names, method)| names.iter().map(move |&name| (name, method)));
    for (name, method) in METHODS.iter().copied().chain(named) {
        module.register_async_method(name, move |params, worker, _| async move {
            let args = Args::parse(params.as_str())?;
            let reply = worker.run(move |node| method(node, args)).await.map_err(RpcError::from)?;
            reply.map_err(ErrorObjectOwned::from)
        })?;
    }
    module.register_async_method("eth_sendRawTransaction", |params, worker, _| async move {
        send_raw_transaction(params, worker).await.map_err(ErrorObjectOwned::from)
    })?;
    subscriptions::register(&mut module)?;
    Ok(module)
}

/// `eth_sendRawTransaction`: answers when the transaction is in a block. One that is ahead of others
/// of its sender waits a moment for them.
async fn send_raw_transaction(
    params: Params<'static>,
    chain_thread: Arc<ChainThread<NodeContext>>,
) -> Result<B256, RpcError> {
    let mut args = Args::parse(params.as_str())?;
    let raw = args.bytes()?;
    args.finish()?;
    let incoming = RecoveredTransaction::decode(&raw).map_err(ChainError::from)?;
    let timeout = sleep(NONCE_GAP_TIMEOUT);
    tokio::pin!(timeout);
    loop {
        let next = incoming.clone();
        let taken = chain_thread.run(move |node| match node.chain.submit(next) {
            Err(error @ ChainError::NonceTooHigh { .. }) => {
                Err((error, node.chain.changes().subscribe()))
            }
            done => Ok(done),
        });
        let (refusal, mut changes) = match taken.await? {
            Ok(done) => return Ok(done?),
            Err(early) => early,
        };
        tokio::select! {
            () = &mut timeout => return Err(refusal.into()),
            _ = changes.changed() => {}
        }
    }
}
