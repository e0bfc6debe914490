//! A gateway with a certificate.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use muster_gateway::{Limits, TlsServer};
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_tungstenite::{accept_async, client_async, tungstenite::client::IntoClientRequest};

use crate::{
    certificate::TestCertificate,
    service::{OK, TestService, serve},
    support::{TestGateway, read_rest, status},
};

/// A gateway with a certificate for `localhost`, and a client that trusts this certificate alone.
async fn gateway(service: std::net::SocketAddr, limits: Limits) -> (TestGateway, TlsConnector) {
    let (folder, trusted) = (tempfile::tempdir().unwrap(), TestCertificate::new());
    let [certificate, key] = trusted.write(folder.path());
    let tls = TlsServer::open(certificate, key).unwrap();
    (TestGateway::with_tls(service, limits, Some(tls)).await, trusted.client().into())
}

/// Opens an encrypted connection.
async fn connect(gateway: &TestGateway, connector: &TlsConnector) -> TlsStream<TcpStream> {
    let name = ServerName::try_from("localhost").unwrap();
    connector.connect(name, gateway.connect().await).await.unwrap()
}

#[tokio::test]
async fn requests_are_served_over_tls() {
    let service = TestService::responding(OK).await;
    let (gateway, connector) = gateway(service.address, Limits::default()).await;
    let mut stream = connect(&gateway, &connector).await;
    stream.write_all(gateway.head("GET /a", "").as_bytes()).await.unwrap();
    assert_eq!(status(&read_rest(&mut stream).await), 200);
    let mut stream = connect(&gateway, &connector).await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: gate\r\n\r\n").await.unwrap();
    assert_eq!(status(&read_rest(&mut stream).await), 401);
    assert_eq!(service.received().len(), 1);
}

#[tokio::test]
async fn a_web_socket_passes_over_tls() {
    let service = serve(|stream| async move {
        let (mut out, back) = accept_async(stream).await.unwrap().split();
        drop(out.send_all(&mut back.boxed()).await);
    });
    let (gateway, connector) = gateway(service.await, Limits::default()).await;
    let mut request = "ws://gate/".into_client_request().unwrap();
    request.headers_mut().insert("x-muster-token", gateway.token().parse().unwrap());
    let (mut socket, _) = client_async(request, connect(&gateway, &connector).await).await.unwrap();
    let text = "long".repeat(100_000);
    socket.send(text.as_str().into()).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap().into_text().unwrap(), text);
}

#[tokio::test]
async fn who_completes_no_handshake_is_disconnected() {
    let limits = Limits { header_timeout: Duration::from_millis(200), ..Limits::default() };
    let service = TestService::responding(OK).await;
    let (gateway, connector) = gateway(service.address, limits).await;
    let mut silent = gateway.connect().await;
    assert_eq!(silent.read(&mut [0]).await.unwrap(), 0);
    let plain = gateway.get("/").await;
    assert!(!plain.starts_with("HTTP"), "{plain}");
    assert_eq!(service.received().len(), 0);

    // Others are served meanwhile.
    let _unfinished = gateway.connect().await;
    let mut stream = connect(&gateway, &connector).await;
    stream.write_all(gateway.head("GET /", "").as_bytes()).await.unwrap();
    assert_eq!(status(&read_rest(&mut stream).await), 200);
}

#[tokio::test]
async fn a_handshake_ends_with_the_gateway() {
    let service = TestService::responding(OK).await;
    let (gateway, _) = gateway(service.address, Limits::default()).await;
    let mut unfinished = gateway.connect().await;
    // The first byte of a handshake.
    unfinished.write_u8(22).await.unwrap();
    gateway.inner.stop().await;
    assert!(!matches!(unfinished.read(&mut [0]).await, Ok(1..)));
}
