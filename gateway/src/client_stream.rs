//! The stream of a client's connection, with TLS if the gateway has a certificate.

use muster_tls::TlsStream;
use tokio::time::timeout;
use tokio_util::either::Either;

use crate::{config::Config, idle::IdleTracked};

/// A client's connection.
pub(crate) type ClientStream = Either<IdleTracked, TlsStream<IdleTracked>>;

/// Makes the stream of a connection; `None` if the client does not complete the handshake in time. Handshakes count as bytes that
/// pass.
pub(crate) async fn client_stream(
    connection: IdleTracked,
    config: &Config,
) -> Option<ClientStream> {
    let Some(tls) = &config.tls else { return Some(Either::Left(connection)) };
    let handshake = timeout(config.limits.header_timeout, tls.accept(connection));
    handshake.await.ok()?.ok().map(Either::Right)
}
