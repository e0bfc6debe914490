//! A WebSocket through the gateway.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use muster_gateway::{AuthorizationError, Limits};
use tokio::{io::AsyncWriteExt, net::TcpStream};
use tokio_tungstenite::{
    WebSocketStream, accept_async, client_async,
    tungstenite::{self, Message, client::IntoClientRequest, handshake::client::Response},
};

use crate::{
    service::{OK, TestService, serve},
    support::{
        SESSION, TestGateway, frequent_reauthorization, header, read_rest, read_until, status,
    },
};

/// A service that returns every message.
async fn echo() -> std::net::SocketAddr {
    serve(|stream| async move {
        let (mut out, back) = accept_async(stream).await.unwrap().split();
        let messages = back
            .take_while(|message| std::future::ready(message.as_ref().is_ok_and(Message::is_text)));
        // It ends when the gateway disconnects.
        drop(out.send_all(&mut messages.boxed()).await);
    })
    .await
}

/// Opens a WebSocket as the client.
async fn open(
    gateway: &TestGateway,
) -> Result<(WebSocketStream<TcpStream>, Response), tungstenite::Error> {
    let mut request = "ws://gate/".into_client_request()?;
    request.headers_mut().insert("x-muster-token", gateway.token().parse().unwrap());
    request.headers_mut().insert("x-muster-session", SESSION.parse().unwrap());
    client_async(request, gateway.connect().await).await
}

/// Sends a message and expects it back.
async fn echo_message(socket: &mut WebSocketStream<TcpStream>, text: &str) {
    socket.send(text.into()).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap().into_text().unwrap(), text);
}

#[tokio::test]
async fn messages_pass_both_ways_and_the_handshake_carries_a_receipt() {
    let gateway = TestGateway::new(echo().await).await;
    let (mut socket, response) = open(&gateway).await.unwrap();
    assert_eq!(response.headers()["x-muster-receipt"], "agreement 7 session 17 before 0");
    echo_message(&mut socket, "hello").await;
    echo_message(&mut socket, &"long".repeat(100_000)).await;
}

#[tokio::test]
async fn when_the_client_disconnects_so_does_the_gateway() {
    let (sender, mut ended) = tokio::sync::mpsc::unbounded_channel();
    let service = serve(move |stream| {
        let sender = sender.clone();
        async move {
            let mut socket = accept_async(stream).await.unwrap();
            while let Some(Ok(_)) = socket.next().await {}
            sender.send(()).unwrap();
        }
    });
    let gateway = TestGateway::new(service.await).await;
    drop(open(&gateway).await.unwrap());
    ended.recv().await.unwrap();
}

#[tokio::test]
async fn it_is_cut_when_the_agreement_ends() {
    let gateway = TestGateway::with_limits(echo().await, frequent_reauthorization()).await;
    let (mut socket, _) = open(&gateway).await.unwrap();
    echo_message(&mut socket, "hello").await;
    gateway.authorizer.deny(AuthorizationError::NotRunning { start: 1, now: 2, end: 2 });
    assert!(!matches!(socket.next().await, Some(Ok(_))));
}

#[tokio::test]
async fn it_is_cut_after_the_idle_timeout() {
    let limits = Limits { idle_timeout: Duration::from_millis(300), ..Limits::default() };
    let gateway = TestGateway::with_limits(echo().await, limits).await;
    let (mut socket, _) = open(&gateway).await.unwrap();
    assert!(!matches!(socket.next().await, Some(Ok(_))));
}

#[tokio::test]
async fn a_denied_client_gets_no_websocket() {
    let gateway = TestGateway::new(echo().await).await;
    gateway.authorizer.deny(AuthorizationError::NotAParty);
    let Err(tungstenite::Error::Http(response)) = open(&gateway).await else { panic!("no error") };
    assert_eq!(response.status(), 403);
}

#[tokio::test]
async fn other_protocols_are_not_asked_for() {
    let service = TestService::responding(OK).await;
    let gateway = TestGateway::new(service.address).await;
    for more in [
        "upgrade: h2c\r\nconnection: upgrade\r\n",
        "upgrade: websocket, h2c\r\nconnection: upgrade\r\n",
        "upgrade: websocket\r\n",
    ] {
        assert_eq!(status(&gateway.send(gateway.head("GET /", more)).await), 200);
    }
    let post = gateway.head("POST /", "upgrade: websocket\r\nconnection: upgrade\r\n");
    assert_eq!(status(&gateway.send(post).await), 200);
    for received in service.received() {
        assert_eq!(header(&received, "upgrade"), None, "{received}");
    }
}

#[tokio::test]
async fn after_a_refused_upgrade_the_next_request_needs_a_token() {
    let service =
        TestService::responding("HTTP/1.1 426 Upgrade Required\r\ncontent-length: 0\r\n\r\n").await;
    let gateway = TestGateway::new(service.address).await;
    let mut stream = gateway.connect().await;
    let token = gateway.token();
    let more = "upgrade: websocket\r\nconnection: upgrade\r\n";
    let head = format!("GET / HTTP/1.1\r\nx-muster-token: {token}\r\n{more}\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(status(&read_until(&mut stream, "\r\n\r\n").await), 426);
    stream.write_all(b"GET /hidden HTTP/1.1\r\nconnection: close\r\n\r\n").await.unwrap();
    assert_eq!(status(&read_rest(&mut stream).await), 401);
    assert_eq!(service.received().len(), 1);
}
