//! Which headers, targets and errors pass.

use std::time::Duration;

use muster_gateway::Limits;
use tokio::io::AsyncWriteExt;

use crate::{
    service::{OK, TestService, read_request, serve, unused_address},
    support::{SESSION, TestGateway, body, error_code, header, read_rest, read_until, status},
};

#[tokio::test]
async fn the_service_sees_what_concerns_it_and_nothing_else() {
    let service = TestService::responding(OK).await;
    let gateway = TestGateway::new(service.address).await;
    let token = gateway.token();
    let response = gateway
        .send(format!(
            "GET /a/../b//c?d=e%20f HTTP/1.1\r\nHost: gate.example\r\nX-Muster-Token: {token}\r\n\
             Authorization: Basic abc\r\nX-Muster-Session: {SESSION}\r\nX-Muster-Other: x\r\n\
             Connection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\nTrailer: x\r\n\
             Proxy-Authorization: x\r\nProxy-Connection: x\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\
             X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Host: x\r\nForwarded: for=1.2.3.4\r\n\
             X-Real-IP: 1.2.3.4\r\nAccept: text/html\r\nCookie: a=b\r\n\r\n"
        ))
        .await;
    assert_eq!(status(&response), 200);
    let received = service.received().concat();
    let mut lines: Vec<&str> = received.trim_end().split("\r\n").collect();
    assert_eq!(lines.remove(0), "GET /a/../b//c?d=e%20f HTTP/1.1");
    lines.sort_unstable();
    let host = format!("host: {}", service.address);
    let expected = [
        "accept: text/html",
        "authorization: Basic abc",
        "connection: close",
        "cookie: a=b",
        &host,
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn the_client_sees_what_concerns_it_and_nothing_else() {
    let service = "HTTP/1.1 201 Made\r\nconnection: x-hop\r\nx-hop: 1\r\nkeep-alive: 5\r\nx-muster-a: x\r\n\
        set-cookie: a=b\r\nset-cookie: c=d\r\ndate: x\r\ncontent-length: 2\r\n\r\nok";
    let gateway = TestGateway::new(TestService::responding(service).await.address).await;
    let response = gateway.get("/").await;
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<&str> = head.split("\r\n").collect();
    assert_eq!(lines.remove(0), "HTTP/1.1 201 Made");
    lines.sort_unstable();
    let expected =
        ["connection: close", "content-length: 2", "date: x", "set-cookie: a=b", "set-cookie: c=d"];
    assert_eq!((lines.as_slice(), body), (expected.as_slice(), "ok"));
}

#[tokio::test]
async fn a_redirect_within_the_service_becomes_a_path() {
    let address = serve(|mut stream| async move {
        let request = read_request(&mut stream).await;
        let host = header(&request, "host").unwrap();
        let response = format!(
            "HTTP/1.1 302 Found\r\nlocation: http://{host}/there?a\r\ncontent-length: 0\r\n\r\n"
        );
        stream.write_all(response.as_bytes()).await.unwrap();
    });
    let gateway = TestGateway::new(address.await).await;
    assert_eq!(header(&gateway.get("/").await, "location"), Some("/there?a"));
}

#[tokio::test]
async fn a_response_to_head_has_a_length_and_no_body() {
    let service = TestService::responding("HTTP/1.1 200 OK\r\ncontent-length: 1234\r\n\r\n").await;
    let gateway = TestGateway::new(service.address).await;
    let response = gateway.send(gateway.head("HEAD /", "")).await;
    assert_eq!((header(&response, "content-length"), body(&response)), (Some("1234"), ""));
    assert!(service.received().concat().starts_with("HEAD / HTTP/1.1\r\n"));
}

#[tokio::test]
async fn options_asterisk_reaches_the_service() {
    let service = TestService::responding("HTTP/1.1 204 No Content\r\nallow: GET\r\n\r\n").await;
    let gateway = TestGateway::new(service.address).await;
    let response = gateway.send(gateway.head("OPTIONS *", "")).await;
    assert_eq!((status(&response), header(&response, "allow")), (204, Some("GET")));
    assert!(service.received().concat().starts_with("OPTIONS * HTTP/1.1\r\n"));
}

#[tokio::test]
async fn pipelined_requests_are_served_in_order() {
    let service = TestService::responding(OK).await;
    let gateway = TestGateway::new(service.address).await;
    let mut stream = gateway.connect().await;
    let token = gateway.token();
    let one = |path: &str| format!("GET {path} HTTP/1.1\r\nx-muster-token: {token}\r\n\r\n");
    stream.write_all((one("/1") + &one("/2")).as_bytes()).await.unwrap();
    read_until(&mut stream, "ok").await;
    read_until(&mut stream, "ok").await;
    stream.write_all(one("/3").as_bytes()).await.unwrap();
    read_until(&mut stream, "ok").await;
    let paths: Vec<String> = service.received().iter().map(|head| head[4..6].to_owned()).collect();
    assert_eq!(paths, ["/1", "/2", "/3"]);
}

#[tokio::test]
async fn an_http_1_0_client_gets_an_http_1_0_response() {
    let service = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    let gateway = TestGateway::new(TestService::responding(service).await.address).await;
    let response = gateway
        .send(format!("GET / HTTP/1.0\r\nx-muster-token: {}\r\n\r\n", gateway.token()))
        .await;
    assert!(response.starts_with("HTTP/1.0 200 OK\r\n"), "{response}");
    assert_eq!((header(&response, "transfer-encoding"), body(&response)), (None, "ok"));
}

#[tokio::test]
async fn a_service_that_is_down_or_invalid_is_502_and_a_silent_one_504() {
    let limits = Limits { response_timeout: Duration::from_millis(50), ..Limits::default() };
    let silent = serve(|mut stream| async move { drop(read_rest(&mut stream).await) });
    let switching =
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
    for (address, expected) in [
        (unused_address().await, (502, "no_service")),
        (TestService::responding("nonsense\r\n\r\n").await.address, (502, "no_service")),
        (TestService::responding("").await.address, (502, "no_service")),
        (TestService::responding(switching).await.address, (502, "no_service")),
        (silent.await, (504, "service_late")),
    ] {
        let gateway = TestGateway::with_limits(address, limits).await;
        let response = gateway.get("/").await;
        assert_eq!((status(&response), error_code(&response).as_str()), expected);
    }
}

#[tokio::test]
async fn limits_out_of_range_are_clamped() {
    let most = Limits {
        connections: usize::MAX,
        connections_per_agreement: usize::MAX,
        connections_per_key: usize::MAX,
        unauthenticated_connections: usize::MAX,
        header_bytes: 0,
        body_bytes: u64::MAX,
        header_timeout: Duration::MAX,
        connect_timeout: Duration::MAX,
        response_timeout: Duration::MAX,
        idle_timeout: Duration::MAX,
        reauthorize_interval: Duration::ZERO,
        shutdown_timeout: Duration::MAX,
        ..Limits::default()
    };
    let gateway = TestGateway::with_limits(TestService::responding(OK).await.address, most).await;
    assert_eq!(status(&gateway.get("/").await), 200);
    gateway.inner.stop().await;
}
