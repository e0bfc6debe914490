//! The server: HTTP and WebSocket on one port, with permissive CORS.

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
    request::{MAX_BATCH, MAX_REQUEST, MAX_RESPONSE, RequestHandler},
    subscriptions,
};
use crate::chain::{ChainError, ChainThread, RecoveredTransaction};

/// Maximum concurrent HTTP requests, and maximum WebSocket connections.
const MAX_CONNECTIONS: u16 = 1000;

/// Maximum subscriptions per connection.
const MAX_SUBSCRIPTIONS: u32 = 64;

/// Messages that a connection may buffer before its subscriptions have to wait.
const MAX_BUFFERED_MESSAGES: u32 = 128;

/// How long a transaction waits for missing lower nonces.
const NONCE_GAP_TIMEOUT: Duration = Duration::from_secs(1);

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    /// Address that the server listens on.
    pub(crate) address: SocketAddr,
    /// Stops the server.
    pub(crate) handle: ServerHandle,
    /// Answers requests without a connection.
    pub(crate) request_handler: RequestHandler,
}

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    /// Cannot listen on the address.
    #[error(transparent)]
    Listen(#[from] std::io::Error),
    /// Two methods have the same name.
    #[error(transparent)]
    Methods(#[from] RegisterMethodError),
}

/// Starts to answer requests on `listener`.
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
                let handler = shared.clone();
                service_fn(move |request| {
                    handler.clone().handle_http(Clone::clone(&server), request)
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
    let dev_methods = dev::METHODS
        .iter()
        .flat_map(|&(names, method)| names.iter().map(move |&name| (name, method)));
    for (name, method) in METHODS.iter().copied().chain(dev_methods) {
        module.register_async_method(name, move |params, chain_thread, _| async move {
            let args = Args::parse(params.as_str())?;
            let reply =
                chain_thread.run(move |node| method(node, args)).await.map_err(RpcError::from)?;
            reply.map_err(ErrorObjectOwned::from)
        })?;
    }
    module.register_async_method(
        "eth_sendRawTransaction",
        |params, chain_thread, _| async move {
            send_raw_transaction(params, chain_thread).await.map_err(ErrorObjectOwned::from)
        },
    )?;
    subscriptions::register(&mut module)?;
    Ok(module)
}

/// `eth_sendRawTransaction`: submits a transaction. One whose nonce is too high waits up to
/// [`NONCE_GAP_TIMEOUT`] for the missing ones.
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
        let submitted = chain_thread.run(move |node| match node.chain.submit(next) {
            Err(error @ ChainError::NonceTooHigh { .. }) => {
                Err((error, node.chain.changes().subscribe()))
            }
            done => Ok(done),
        });
        let (error, mut changes) = match submitted.await? {
            Ok(done) => return Ok(done?),
            Err(retry) => retry,
        };
        tokio::select! {
            () = &mut timeout => return Err(error.into()),
            _ = changes.changed() => {}
        }
    }
}
