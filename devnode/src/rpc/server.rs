//! The server: HTTP and WebSocket on one port of one or more addresses.

use std::net::SocketAddr;

use hyper::header::HeaderValue;
use jsonrpsee::{
    RpcModule,
    core::RegisterMethodError,
    server::{
        BatchRequestConfig, Methods, Server as RpcServer, ServerConfig, ServerHandle as HttpHandle,
    },
    types::ErrorObjectOwned,
};
use tokio::{net::TcpListener, sync::watch};
use tower::{ServiceBuilder, layer::layer_fn, service_fn};
use tower_http::cors::CorsLayer;

use super::{
    Args, NodeContext, RpcError, dev,
    methods::METHODS,
    raw_send,
    request::{MAX_BATCH, MAX_REQUEST, MAX_RESPONSE, RequestHandler},
    websocket::WebSocketAcceptor,
};
use crate::chain::ChainThread;

/// Maximum concurrent HTTP requests, and maximum WebSocket connections.
const MAX_CONNECTIONS: u16 = 1000;

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

/// Stops the server.
#[derive(Clone, Debug)]
pub(crate) struct ServerHandle {
    /// Stops to accept connections of each address, and ends those of HTTP.
    http: Vec<HttpHandle>,
    /// Ends WebSocket connections.
    sockets: watch::Sender<()>,
}

impl ServerHandle {
    /// Stops the server without waiting.
    pub(crate) fn stop(&self) {
        // Either may have ended already.
        for http in &self.http {
            let _ = http.stop();
        }
        let _ = self.sockets.send(());
    }

    /// Returns once the server accepts no connections any more.
    pub(crate) async fn stopped(self) {
        for http in self.http {
            http.stopped().await;
        }
    }
}

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    /// Cannot listen on the address.
    #[error(transparent)]
    Listen(#[from] std::io::Error),
    /// There is no address to listen on.
    #[error("there is no address to listen on")]
    NoAddress,
    /// An origin is no value of a header.
    #[error(
        "the allowed origin {0:?} is not valid: expected * or a URL such as http://localhost:3000"
    )]
    Origin(Box<str>),
    /// Two methods have the same name.
    #[error(transparent)]
    Methods(#[from] RegisterMethodError),
}

/// Starts to answer requests on all `listeners`. Only pages of `origin` may read responses; `*` means
/// all pages.
///
/// # Errors
/// See [`ServeError`].
pub(crate) fn serve(
    listeners: Vec<TcpListener>,
    origin: &str,
    chain_thread: ChainThread<NodeContext>,
) -> Result<Server, ServeError> {
    let address = listeners.first().ok_or(ServeError::NoAddress)?.local_addr()?;
    let mut cors = CorsLayer::permissive();
    if origin != "*" {
        let value = HeaderValue::from_str(origin);
        cors = cors.allow_origin(value.map_err(|_| ServeError::Origin(origin.into()))?);
    }
    let config = ServerConfig::builder()
        .max_request_body_size(MAX_REQUEST)
        .max_response_body_size(MAX_RESPONSE)
        .max_connections(MAX_CONNECTIONS.into())
        .set_batch_request_config(BatchRequestConfig::Limit(MAX_BATCH))
        .build();
    let methods: Methods = rpc_module(chain_thread.clone())?.into();
    let (sockets, stop) = watch::channel(());
    let acceptor = WebSocketAcceptor::new(methods.clone(), chain_thread, MAX_CONNECTIONS, stop);
    let handler = RequestHandler::new(methods.clone(), MAX_CONNECTIONS, acceptor);
    let mut http = Vec::new();
    for listener in listeners {
        let shared = handler.clone();
        let server = RpcServer::builder()
            .set_config(config.clone())
            .set_http_middleware(ServiceBuilder::new().layer(cors.clone()).layer(layer_fn(
                move |server| {
                    let handler = shared.clone();
                    service_fn(move |request| {
                        handler.clone().handle_http(Clone::clone(&server), request)
                    })
                },
            )))
            .build_from_tcp(listener.into_std()?)?;
        http.push(server.start(methods.clone()));
    }
    let handle = ServerHandle { http, sockets };
    Ok(Server { address, handle, request_handler: handler })
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
            let reply = chain_thread
                .run(move |node| node.run(name, method, args))
                .await
                .map_err(RpcError::from)?;
            reply.map_err(ErrorObjectOwned::from)
        })?;
    }
    macro_rules! register_async {
        ($($name:literal $method:ident)*) => {
            $(module.register_async_method($name, |params, chain_thread, _| async move {
                raw_send::$method(params, chain_thread).await.map_err(ErrorObjectOwned::from)
            })?;)*
        };
    }
    register_async! {
        "eth_sendRawTransaction" send_raw
        "eth_sendRawTransactionConditional" send_if
        "eth_sendRawTransactionSync" send_and_wait
        "eth_sendTransactionSync" send_for_and_wait
    }
    Ok(module)
}
