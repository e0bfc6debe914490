//! Bodies: streamed both ways, never buffered whole.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use muster_gateway::Limits;
use tokio::{io::AsyncWriteExt, sync::Notify, time::timeout};

use crate::{
    service::{OK, TestService, read_request, serve},
    support::{TestGateway, body, error_code, header, read_rest, read_until, status},
};

#[tokio::test]
async fn bodies_are_streamed_both_ways() {
    let address = serve(|mut stream| async move {
        read_until(&mut stream, "\r\n\r\n").await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await.unwrap();
        for _ in 0..3 {
            let chunk =
                read_until(&mut stream, "\r\n").await + &read_until(&mut stream, "\r\n").await;
            stream.write_all(chunk.as_bytes()).await.unwrap();
        }
        read_until(&mut stream, "0\r\n\r\n").await;
        stream.write_all(b"0\r\n\r\n").await.unwrap();
    });
    let gateway = TestGateway::new(address.await).await;
    let mut stream = gateway.connect().await;
    let head = gateway.head("POST /", "transfer-encoding: chunked\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(b"3\r\none\r\n").await.unwrap();
    let response = read_until(&mut stream, "3\r\none\r\n").await;
    assert_eq!(header(&response, "transfer-encoding"), Some("chunked"));
    for word in ["two", "six"] {
        let chunk = format!("3\r\n{word}\r\n");
        stream.write_all(chunk.as_bytes()).await.unwrap();
        assert_eq!(read_until(&mut stream, &chunk).await, chunk);
    }
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    assert_eq!(read_rest(&mut stream).await, "0\r\n\r\n");
}

#[tokio::test]
async fn a_client_that_does_not_read_applies_backpressure_to_the_service() {
    const TOTAL: usize = 512 << 20;
    let written = Arc::new(AtomicUsize::new(0));
    let stuck = Arc::new(Notify::new());
    let (progress, notify) = (Arc::clone(&written), Arc::clone(&stuck));
    let address = serve(move |mut stream| {
        let (progress, notify) = (Arc::clone(&progress), Arc::clone(&notify));
        async move {
            read_request(&mut stream).await;
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {TOTAL}\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            let part = vec![b'x'; 1 << 20];
            while progress.load(Ordering::Relaxed) < TOTAL {
                // On a busy machine this may stop too early, never too late.
                if timeout(Duration::from_millis(500), stream.write_all(&part)).await.is_err() {
                    break;
                }
                progress.fetch_add(part.len(), Ordering::Relaxed);
            }
            notify.notify_one();
        }
    });
    let gateway = TestGateway::new(address.await).await;
    let mut stream = gateway.connect().await;
    stream.write_all(gateway.head("GET /", "").as_bytes()).await.unwrap();
    stuck.notified().await;
    let written = written.load(Ordering::Relaxed);
    assert!(written < 64 << 20, "{written} bytes are buffered");
}

#[tokio::test]
async fn a_client_that_expects_100_continue_gets_it() {
    let service = TestService::responding(OK).await;
    let gateway = TestGateway::new(service.address).await;
    let mut stream = gateway.connect().await;
    let head = gateway.head("PUT /", "expect: 100-continue\r\ncontent-length: 4\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(read_until(&mut stream, "\r\n\r\n").await, "HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"body").await.unwrap();
    assert_eq!(status(&read_rest(&mut stream).await), 200);
    assert_eq!(header(&service.received().concat(), "expect"), None);
    assert_eq!(body(&service.received().concat()), "body");
}

#[tokio::test]
async fn a_slow_upload_does_not_time_out_the_service() {
    let service = TestService::responding(OK).await;
    let limits = Limits { response_timeout: Duration::from_secs(2), ..Limits::default() };
    let gateway = TestGateway::with_limits(service.address, limits).await;
    let mut stream = gateway.connect().await;
    stream.write_all(gateway.head("POST /", "content-length: 8\r\n").as_bytes()).await.unwrap();
    for _ in 0..8 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        stream.write_all(b"x").await.unwrap();
    }
    assert_eq!(status(&read_rest(&mut stream).await), 200);
}

#[tokio::test]
async fn a_body_over_the_limit_is_rejected_with_and_without_a_length() {
    let service = TestService::responding(OK).await;
    let limits = Limits { body_bytes: 10, ..Limits::default() };
    let gateway = TestGateway::with_limits(service.address, limits).await;
    let exact = gateway.send(gateway.head("POST /", "content-length: 10\r\n") + "0123456789").await;
    assert_eq!(status(&exact), 200);
    for (framing, body) in [
        // Rejected before any of it arrives.
        ("content-length: 11\r\n", ""),
        ("transfer-encoding: chunked\r\n", "b\r\n01234567890\r\n0\r\n\r\n"),
    ] {
        let response = gateway.send(gateway.head("POST /", framing) + body).await;
        assert_eq!(
            (status(&response), error_code(&response).as_str()),
            (413, "body_too_long"),
            "{framing}"
        );
    }
}

#[tokio::test]
async fn trailers_are_dropped() {
    let service = "HTTP/1.1 200 OK\r\ntrailer: x-muster-receipt\r\ntransfer-encoding: chunked\r\n\r\n\
        2\r\nok\r\n0\r\nx-muster-receipt: false\r\n\r\n";
    let gateway = TestGateway::new(TestService::responding(service).await.address).await;
    let response = gateway.send(gateway.head("GET /", "te: trailers\r\n")).await;
    assert_eq!(body(&response), "2\r\nok\r\n0\r\n\r\n");
}

#[tokio::test]
async fn a_response_that_ends_with_its_connection_arrives_whole() {
    let address = serve(|mut stream| async move {
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        stream.write_all(&vec![b'x'; 5 << 20]).await.unwrap();
    });
    let gateway = TestGateway::new(address.await).await;
    let response = gateway.get("/").await;
    assert!(response.ends_with("\r\n0\r\n\r\n"));
    assert_eq!(body(&response).matches('x').count(), 5 << 20);
}

#[tokio::test]
async fn a_service_may_respond_before_it_has_read_the_body() {
    let address = serve(|mut stream| async move {
        read_until(&mut stream, "\r\n\r\n").await;
        stream.write_all(b"HTTP/1.1 403 No\r\ncontent-length: 2\r\n\r\nno").await.unwrap();
        // Disconnects with most of the body unread.
    });
    let gateway = TestGateway::new(address.await).await;
    let mut stream = gateway.connect().await;
    let head = gateway.head("POST /", "content-length: 1000000\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let response = read_until(&mut stream, "no").await;
    assert_eq!(status(&response), 403);
}
