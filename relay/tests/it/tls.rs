//! A relay with a certificate.

use std::time::Duration;

use muster_relay::{Limits, Relay, RelayConfig, TlsServer};
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_tungstenite::{Connector, connect_async_tls_with_config};

use crate::certificate::TestCertificate;
use crate::harness::{RawConnection, key, wrap};

/// A relay with a certificate for `localhost`, and a client's connection that trusts this certificate alone.
async fn connect(config: RelayConfig) -> (Relay, RawConnection) {
    let (folder, trusted) = (tempfile::tempdir().unwrap(), TestCertificate::new());
    let [certificate, key] = trusted.write(folder.path());
    let tls = Some(TlsServer::open(certificate, key).unwrap());
    let relay = Relay::start(RelayConfig { tls, ..config }).await.unwrap();
    let url = relay.url().replace("127.0.0.1", "localhost");
    let connector = Some(Connector::Rustls(trusted.client()));
    let (socket, _) = connect_async_tls_with_config(url, None, false, connector).await.unwrap();
    (relay, RawConnection(socket))
}

#[tokio::test]
async fn wraps_pass_over_tls() {
    let (relay, mut connection) = connect(RelayConfig::default()).await;
    assert!(relay.url().starts_with("wss://127.0.0.1:"), "{}", relay.url());
    let receiver = key();
    let event = wrap(receiver);
    assert_eq!(connection.publish(&event).await, (true, String::new()));
    let stored = connection.stored(&json!({ "#p": [receiver] })).await;
    assert_eq!(stored, [event.id.to_string()]);
}

#[tokio::test]
async fn who_completes_no_handshake_is_disconnected() {
    let io_timeout = Duration::from_millis(200);
    let limits = Limits { io_timeout, ..Limits::default() };
    let (relay, _) = connect(RelayConfig { limits, ..RelayConfig::default() }).await;
    let mut silent = TcpStream::connect(relay.address()).await.unwrap();
    assert_eq!(silent.read(&mut [0]).await.unwrap(), 0);
}
