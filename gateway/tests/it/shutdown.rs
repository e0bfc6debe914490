//! Stopping and dropping a gateway.

use std::{sync::Arc, time::Duration};

use muster_gateway::Limits;
use tokio::{io::AsyncWriteExt, net::TcpStream, sync::Notify};

use crate::{
    service::{OK, TestService, read_request, serve},
    support::{TestGateway, body, eventually, frequent_reauthorization, read_rest, read_until},
};

#[tokio::test]
async fn a_response_in_flight_is_finished_and_no_new_connection_is_accepted() {
    let go = Arc::new(Notify::new());
    let gone = Arc::clone(&go);
    let service = serve(move |mut stream| {
        let go = Arc::clone(&gone);
        async move {
            read_request(&mut stream).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nha").await.unwrap();
            go.notified().await;
            stream.write_all(b"lf").await.unwrap();
        }
    });
    let limits = Limits { shutdown_timeout: Duration::MAX, ..frequent_reauthorization() };
    let gateway = TestGateway::with_limits(service.await, limits).await;
    let address = gateway.inner.address();
    let mut stream = gateway.connect().await;
    let head = format!("GET / HTTP/1.1\r\nx-muster-token: {}\r\n\r\n", gateway.token());
    stream.write_all(head.as_bytes()).await.unwrap();
    let begun = read_until(&mut stream, "ha").await;
    let stopped = tokio::spawn(gateway.inner.stop());
    eventually(async || TcpStream::connect(address).await.is_err()).await;
    go.notify_one();
    assert_eq!(body(&(begun + &read_rest(&mut stream).await)), "half");
    stopped.await.unwrap();
}

#[tokio::test]
async fn a_response_that_does_not_end_is_cut_after_the_shutdown_timeout() {
    let service = serve(|mut stream| async move {
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nha").await.unwrap();
        drop(read_rest(&mut stream).await);
    });
    let limits = Limits { shutdown_timeout: Duration::from_millis(50), ..Limits::default() };
    let gateway = TestGateway::with_limits(service.await, limits).await;
    let mut stream = gateway.connect().await;
    stream.write_all(gateway.head("GET /", "").as_bytes()).await.unwrap();
    read_until(&mut stream, "ha").await;
    gateway.inner.stop().await;
    assert_eq!(read_rest(&mut stream).await, "");
}

#[tokio::test]
async fn shutdown_does_not_wait_for_unauthenticated_and_idle_connections() {
    let limits = Limits { shutdown_timeout: Duration::MAX, ..frequent_reauthorization() };
    let gateway = TestGateway::with_limits(TestService::responding(OK).await.address, limits).await;
    let mut unauthenticated = gateway.connect().await;
    unauthenticated.write_all(b"GET / HT").await.unwrap();
    let mut client = gateway.connect().await;
    let head = format!("GET / HTTP/1.1\r\nx-muster-token: {}\r\n\r\n", gateway.token());
    client.write_all(head.as_bytes()).await.unwrap();
    read_until(&mut client, "ok").await;
    gateway.inner.stop().await;
    assert_eq!(
        (read_rest(&mut unauthenticated).await, read_rest(&mut client).await),
        (String::new(), String::new())
    );
}

#[tokio::test]
async fn a_dropped_gateway_stops_listening() {
    let gateway = TestGateway::new(TestService::responding(OK).await.address).await;
    let address = gateway.inner.address();
    drop(gateway);
    eventually(async || TcpStream::connect(address).await.is_err()).await;
}
