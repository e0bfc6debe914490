//! Request smuggling: whatever a client sends, the service reads one request, framed by the gateway, or none.

use crate::{
    service::{OK, TestService},
    support::{TestGateway, status},
};

/// A chunked body that ends at once, followed by a request for `/hidden`.
const SMUGGLED: &str = "0\r\n\r\nGET /hidden HTTP/1.1\r\nhost: x\r\n\r\n";

/// Sends a request with these lines and this body; returns the response's status and what the service received.
async fn send(line: &str, more: &str, body: &str) -> (u16, Vec<String>) {
    let service = TestService::responding(OK).await;
    let gateway = TestGateway::new(service.address).await;
    let token = gateway.token();
    let head = format!("{line}\r\nhost: gate\r\nx-muster-token: {token}\r\n{more}\r\n");
    let response = gateway.send(head + body).await;
    // A request in the body has no token.
    assert_eq!(response.matches("HTTP/1.1 200").count(), service.received().len(), "{response}");
    (status(&response), service.received())
}

/// Asserts that a request with these lines does not reach the service.
async fn assert_rejected(more: &str, body: &str) {
    assert_eq!(send("POST / HTTP/1.1", more, body).await, (400, Vec::new()), "{more:?}");
}

#[tokio::test]
async fn lengths_that_contradict_each_other_are_refused() {
    assert_rejected("content-length: 4\r\ncontent-length: 5\r\n", "12345").await;
    assert_rejected("content-length: 4, 5\r\n", "12345").await;
    for length in ["-1", "+4", "4 4", "0x4", "4a", "", "18446744073709551616"] {
        assert_rejected(&format!("content-length: {length}\r\n"), "1234").await;
    }
}

#[tokio::test]
async fn encodings_that_are_not_chunked_are_refused() {
    for encoding in
        ["identity", "gzip", "chunked, identity", "xchunked", "chunked;", "\u{b}chunked"]
    {
        assert_rejected(&format!("transfer-encoding: {encoding}\r\n"), SMUGGLED).await;
    }
    assert_rejected("transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n", SMUGGLED)
        .await;
}

#[tokio::test]
async fn an_http_1_0_request_with_transfer_encoding_is_rejected() {
    let old = send("POST / HTTP/1.0", "transfer-encoding: chunked\r\n", SMUGGLED).await;
    assert_eq!(old, (400, Vec::new()));
}

#[tokio::test]
async fn headers_of_dubious_form_are_refused() {
    assert_rejected("x-a: 1\r\n folded: 2\r\n", "").await;
    assert_rejected("x-a : 1\r\n", "").await;
    assert_rejected("transfer-encoding : chunked\r\n", SMUGGLED).await;
    assert_rejected("\r transfer-encoding: chunked\r\n", SMUGGLED).await;
    assert_rejected(" x-a: 1\r\n", "").await;
    assert_rejected("x-a: 1\0\r\n", "").await;
    assert_rejected("x-a: 1\rx-b: 2\r\n", "").await;
    assert_rejected(": 1\r\n", "").await;
    assert_rejected("x-a\r\n", "").await;
}

#[tokio::test]
async fn a_request_with_length_and_encoding_is_chunked_for_all_and_the_last_one() {
    for more in [
        "content-length: 41\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 41\r\n",
        "transfer-encoding: gzip, chunked\r\ncontent-length: 41\r\n",
        "content-length: 41\r\nconnection: content-length\r\ntransfer-encoding: chunked\r\n",
    ] {
        let (status, received) = send("POST / HTTP/1.1", more, SMUGGLED).await;
        assert_eq!((status, received.len()), (200, 1), "{more}");
        let received = received.concat().to_lowercase();
        assert!(received.ends_with("\r\n\r\n0\r\n\r\n"), "{received}");
        assert_eq!(received.matches("transfer-encoding: chunked\r\n").count(), 1, "{received}");
        assert!(!received.contains("content-length") && !received.contains("hidden"), "{received}");
    }
}

#[tokio::test]
async fn chunks_of_dubious_form_end_the_connection() {
    for body in ["x\r\n", "5\r\n123456\r\n0\r\n\r\n", "ffffffffffffffffff\r\n1", "-1\r\n1\r\n"] {
        let sent = send("POST / HTTP/1.1", "transfer-encoding: chunked\r\n", body).await;
        assert_eq!(sent, (400, Vec::new()), "{body:?}");
    }
}

#[tokio::test]
async fn a_second_request_behind_the_first_needs_a_token_too() {
    let (status, received) =
        send("GET / HTTP/1.1", "", "GET /hidden HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .await;
    assert_eq!(status, 200);
    assert_eq!(received.len(), 1);
    assert!(received.concat().starts_with("GET / HTTP/1.1\r\n"));
}

#[tokio::test]
async fn the_service_never_gets_a_request_for_another_target() {
    for line in [
        "GET http://127.0.0.1:22/ HTTP/1.1",
        "GET https://gate/ HTTP/1.1",
        "GET gate:80 HTTP/1.1",
        "GET * HTTP/1.1",
        "GET  / HTTP/1.1",
        "GET / HTTP/1.1 x",
        "GET /a b HTTP/1.1",
        "GET / HTTP/2.0",
    ] {
        assert_eq!(send(line, "connection: close\r\n", "").await, (400, Vec::new()), "{line}");
    }
    assert_eq!(send("CONNECT 127.0.0.1:22 HTTP/1.1", "", "").await, (405, Vec::new()));
}

#[tokio::test]
async fn a_path_is_passed_as_it_is() {
    for path in
        ["//other.example/a", "/../../etc/passwd", "/%2e%2e%2f", "/;a?b=http://c", "/a%0d%0ab:c"]
    {
        let (status, received) =
            send(&format!("GET {path} HTTP/1.1"), "connection: close\r\n", "").await;
        assert_eq!(status, 200, "{path}");
        assert!(received.concat().starts_with(&format!("GET {path} HTTP/1.1\r\n")), "{received:?}");
    }
}
