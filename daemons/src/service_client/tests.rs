use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// A client whose timeouts no test reaches.
fn client() -> ServiceClient {
    ServiceClient::new(RESPONSE_TIMEOUT, None).unwrap()
}

/// A server that writes `first` on its first connection and cuts it, and serves the others; and how many it has accepted.
async fn cutting_server(first: &'static [u8]) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::<AtomicUsize>::default();
    let accepted = count.clone();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            // The request is read, so that closing does not reset the connection.
            let _ = stream.read(&mut [0; 4_096]).await;
            let is_first = accepted.fetch_add(1, Ordering::Relaxed) == 0;
            let rest = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
            stream.write_all(if is_first { first } else { rest }).await.unwrap();
        }
    });
    (url, count)
}

#[tokio::test]
async fn a_request_whose_connection_was_cut_is_repeated_once() {
    for first in [&b""[..], b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel"] {
        let (url, count) = cutting_server(first).await;
        let response = client().send(client().get(&url), "", B256::ZERO).await.unwrap();
        assert_eq!(client().read_body(response).await.unwrap(), b"hello");
        assert_eq!(count.load(Ordering::Relaxed), 2);
    }
    let (url, count) = cutting_server(b"").await;
    let result = client().send(client().post(&url).body("1"), "", B256::ZERO).await;
    assert!(matches!(result, Err(RequestFailure::Cut)), "{result:?}");
    assert_eq!(count.load(Ordering::Relaxed), 1, "it could do something twice");
}

#[tokio::test]
async fn an_endpoint_works_unless_it_does_not_respond_or_rejects_the_token() {
    let with_receipt = |status| get(async move || (status, [(RECEIPT_HEADER, "0")], "no"));
    let without = |status| get(async move || (status, "no"));
    let app = Router::new()
        .route("/rejected", without(StatusCode::UNAUTHORIZED))
        .route("/forbidden", without(StatusCode::FORBIDDEN))
        .route("/served", with_receipt(StatusCode::FORBIDDEN))
        .route("/missing", without(StatusCode::NOT_FOUND))
        .route("/down", without(StatusCode::BAD_GATEWAY));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
    for (path, works) in [
        ("/rejected", false),
        ("/forbidden", false),
        ("/served", true),
        ("/missing", true),
        ("/down", true),
    ] {
        let result = client().send(client().get(service_url(&url, path)), "", B256::ZERO).await;
        assert_eq!(result.is_ok(), works, "{path}: {result:?}");
    }
    let nobody = client().send(client().get("http://127.0.0.1:1"), "", B256::ZERO).await;
    assert!(matches!(nobody, Err(RequestFailure::NoConnection)), "{nobody:?}");
    let invalid = client().send(client().get("no url"), "", B256::ZERO).await;
    assert!(matches!(invalid, Err(RequestFailure::NoConnection)), "{invalid:?}");
}
