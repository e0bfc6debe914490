//! How a gateway ends.

use std::{sync::Arc, time::Duration};

use muster_gateway::Limits;
use tokio::{io::AsyncWriteExt, net::TcpStream, sync::Notify};

use crate::{
    service::{OK, Service, request, serve},
    support::{House, body, eventually, rest, until, watchful},
};

#[tokio::test]
async fn an_answer_that_has_begun_is_finished_and_nobody_new_comes_in() {
    let go = Arc::new(Notify::new());
    let gone = Arc::clone(&go);
    let service = serve(move |mut stream| {
        let go = Arc::clone(&gone);
        async move {
            request(&mut stream).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nha").await.unwrap();
            go.notified().await;
            stream.write_all(b"lf").await.unwrap();
        }
    });
    let limits = Limits { grace: Duration::MAX, ..watchful() };
    let house = House::with(service.await, limits).await;
    let address = house.gateway.address();
    let mut stream = house.connect().await;
    let head = format!("GET / HTTP/1.1\r\nx-muster-token: {}\r\n\r\n", house.token());
    stream.write_all(head.as_bytes()).await.unwrap();
    let begun = until(&mut stream, "ha").await;
    let stopped = tokio::spawn(house.gateway.stop());
    eventually(async || TcpStream::connect(address).await.is_err()).await;
    go.notify_one();
    assert_eq!(body(&(begun + &rest(&mut stream).await)), "half");
    stopped.await.unwrap();
}

#[tokio::test]
async fn an_answer_that_does_not_end_is_cut_in_the_end() {
    let service = serve(|mut stream| async move {
        request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nha").await.unwrap();
        drop(rest(&mut stream).await);
    });
    let limits = Limits { grace: Duration::from_millis(50), ..Limits::default() };
    let house = House::with(service.await, limits).await;
    let mut stream = house.connect().await;
    stream.write_all(house.head("GET /", "").as_bytes()).await.unwrap();
    until(&mut stream, "ha").await;
    house.gateway.stop().await;
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn strangers_and_silent_guests_are_not_waited_for() {
    let limits = Limits { grace: Duration::MAX, ..watchful() };
    let house = House::with(Service::answering(OK).await.address, limits).await;
    let mut stranger = house.connect().await;
    stranger.write_all(b"GET / HT").await.unwrap();
    let mut guest = house.connect().await;
    let head = format!("GET / HTTP/1.1\r\nx-muster-token: {}\r\n\r\n", house.token());
    guest.write_all(head.as_bytes()).await.unwrap();
    until(&mut guest, "ok").await;
    house.gateway.stop().await;
    assert_eq!((rest(&mut stranger).await, rest(&mut guest).await), (String::new(), String::new()));
}

#[tokio::test]
async fn a_gateway_that_is_dropped_is_gone() {
    let house = House::of(Service::answering(OK).await.address).await;
    let address = house.gateway.address();
    drop(house);
    eventually(async || TcpStream::connect(address).await.is_err()).await;
}
