//! A client's connection, with TLS if the relay has a certificate.

use std::time::Duration;

use muster_tls::{TlsServer, TlsStream};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::either::Either;

/// A client's connection.
pub(crate) type Socket = Either<TcpStream, TlsStream<TcpStream>>;

/// Makes a connection that was accepted ready; `None` if the client does not complete the handshake in time.
pub(crate) async fn open_socket(
    connection: TcpStream,
    tls: Option<&TlsServer>,
    handshake_timeout: Duration,
) -> Option<Socket> {
    // Without it the connection works, only slower.
    drop(connection.set_nodelay(true));
    let Some(tls) = tls else { return Some(Either::Left(connection)) };
    timeout(handshake_timeout, tls.accept(connection)).await.ok()?.ok().map(Either::Right)
}
