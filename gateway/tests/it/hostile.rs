//! Many connections, slow clients and greedy keys: other clients are served as before.

use std::{collections::VecDeque, num::NonZeroU32, time::Duration};

use muster_gateway::{Claims, Limits};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::{
    service::{OK, TestService, read_request, serve},
    support::{
        CLIENT, NEVER, TestGateway, error_code, eventually, header, read_rest, read_until, status,
    },
};

/// Connections of an attacker.
const CONNECTIONS: usize = 2000;

/// A gateway with these limits in front of a service.
async fn gateway(limits: Limits) -> TestGateway {
    TestGateway::with_limits(TestService::responding(OK).await.address, limits).await
}

/// A request that keeps its connection open.
fn head(token: &str) -> String {
    format!("GET / HTTP/1.1\r\nx-muster-token: {token}\r\n\r\n")
}

/// Sends a request on a connection that stays open; returns the response.
async fn request(stream: &mut TcpStream, token: &str) -> String {
    stream.write_all(head(token).as_bytes()).await.unwrap();
    let response = read_until(stream, "\r\n\r\n").await;
    let length = header(&response, "content-length").unwrap().parse().unwrap();
    let mut body = vec![0; length];
    tokio::io::AsyncReadExt::read_exact(stream, &mut body).await.unwrap();
    response + &String::from_utf8(body).unwrap()
}

/// The resident memory of this process, in bytes.
fn memory() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[tokio::test]
async fn many_silent_unauthenticated_connections_keep_no_client_out_and_memory_is_bounded() {
    let gateway = gateway(Limits::default()).await;
    let token = gateway.token();
    let mut before = gateway.connect().await;
    assert_eq!(status(&request(&mut before, &token).await), 200);
    let limit = Limits::default().unauthenticated_connections;
    let begun = format!("GET / HTTP/1.1\r\nx-slow: {}", "x".repeat(15 << 10));
    let (mut opened, empty) = (VecDeque::new(), memory());
    for _ in 0..CONNECTIONS {
        let mut silent = gateway.connect().await;
        silent.write_all(begun.as_bytes()).await.unwrap();
        opened.push_back(silent);
        if opened.len() > limit {
            assert_eq!(read_rest(&mut opened.pop_front().unwrap()).await, "");
        }
    }
    let grown = memory().saturating_sub(empty);
    assert!(
        grown < CONNECTIONS * (15 << 10),
        "{grown} bytes for {CONNECTIONS} connections, {limit} at a time"
    );
    assert_eq!(status(&request(&mut before, &token).await), 200);
    for _ in 0..100 {
        assert_eq!(status(&gateway.get("/").await), 200);
    }
}

#[tokio::test]
async fn many_connections_with_invalid_tokens_keep_no_client_out() {
    let gateway = gateway(Limits::default()).await;
    let mut client = gateway.connect().await;
    let token = gateway.token();
    for _ in 0..CONNECTIONS >> 3 {
        let mut opened = Vec::new();
        for _ in 0..8 {
            let mut unauthenticated = gateway.connect().await;
            unauthenticated
                .write_all(b"GET / HTTP/1.1\r\nauthorization: Bearer x\r\n\r\n")
                .await
                .unwrap();
            opened.push(unauthenticated);
        }
        for mut unauthenticated in opened {
            assert_eq!(status(&read_rest(&mut unauthenticated).await), 401);
        }
    }
    assert_eq!(status(&request(&mut client, &token).await), 200);
}

#[tokio::test]
async fn a_header_that_takes_too_long_ends_the_connection() {
    let gateway =
        gateway(Limits { header_timeout: Duration::from_millis(100), ..Limits::default() }).await;
    let mut silent = gateway.connect().await;
    assert_eq!(read_rest(&mut silent).await, "");
    // A byte now and then does not extend the time.
    let (mut read, mut write) = gateway.connect().await.into_split();
    tokio::spawn(async move {
        write.write_all(b"GET / HTTP/1.1\r\nx: ").await.unwrap();
        while write.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    // An error is fine: the gateway may reset the connection.
    drop(tokio::io::AsyncReadExt::read_to_end(&mut read, &mut Vec::new()).await);
}

#[tokio::test]
async fn a_head_above_the_limit_is_refused() {
    let gateway = gateway(Limits::default()).await;
    let long = gateway.head("GET /", &format!("x-long: {}\r\n", "x".repeat(16 << 10)));
    assert_eq!(status(&gateway.send(long).await), 431);
    let many = gateway.head("GET /", &"x: y\r\n".repeat(200));
    assert_eq!(status(&gateway.send(many).await), 431);
    let path = gateway.head(&format!("GET /{}", "x".repeat(16 << 10)), "");
    assert!([414, 431].contains(&status(&gateway.send(path).await)));
    assert_eq!(status(&gateway.get("/").await), 200);
}

#[tokio::test]
async fn one_key_has_so_many_connections_and_another_its_own() {
    let gateway = gateway(Limits { connections_per_key: 2, ..Limits::default() }).await;
    let (token, other) = (gateway.token(), gateway.token_for([8; 32], NEVER));
    let mut streams = [gateway.connect().await, gateway.connect().await];
    for stream in &mut streams {
        assert_eq!(status(&request(stream, &token).await), 200);
    }
    // Another token of the same key makes no difference.
    let response = gateway.send(head(&gateway.token_for(CLIENT, NEVER - 1))).await;
    assert_eq!((status(&response), error_code(&response).as_str()), (429, "too_many_connections"));
    assert_eq!(status(&request(&mut gateway.connect().await, &other).await), 200);
    let [mut first, second] = streams;
    assert_eq!(status(&request(&mut first, &token).await), 200);
    drop(second);
    eventually(async || status(&request(&mut gateway.connect().await, &token).await) == 200).await;
}

#[tokio::test]
async fn many_keys_keep_no_other_key_and_no_other_agreement_out() {
    let limits = Limits { connections_per_agreement: 4, connections: 6, ..Limits::default() };
    let gateway = gateway(limits).await;
    let [mut first, mut last] = [gateway.connect().await, gateway.connect().await];
    assert_eq!(status(&request(&mut first, &gateway.token_for([10; 32], NEVER)).await), 200);
    let mut opened = Vec::new();
    for key in 11..13 {
        opened.push(gateway.connect().await);
        let token = gateway.token_for([key; 32], NEVER);
        assert_eq!(status(&request(opened.last_mut().unwrap(), &token).await), 200);
    }
    assert_eq!(status(&request(&mut last, &gateway.token_for([13; 32], NEVER)).await), 200);

    let tester = gateway.token_for([8; 32], NEVER);
    assert_eq!(status(&request(&mut gateway.connect().await, &tester).await), 200);
    assert_eq!(read_rest(&mut first).await, "", "the oldest is evicted");
    assert_eq!(status(&request(&mut last, &gateway.token_for([13; 32], NEVER)).await), 200);

    for key in 1..4 {
        let claims = Claims { agreement: [8; 20], key: [key; 32], expires_at: NEVER };
        let token = gateway.secret.issue(&claims);
        opened.push(gateway.connect().await);
        assert_eq!(status(&request(opened.last_mut().unwrap(), token.reveal()).await), 200);
    }
}

#[tokio::test]
async fn a_key_with_its_share_of_a_full_gateway_is_told_to_retry_later() {
    let gateway = gateway(Limits { connections_per_agreement: 2, ..Limits::default() }).await;
    let (token, other) = (gateway.token(), gateway.token_for([8; 32], NEVER));
    let mut streams = [gateway.connect().await, gateway.connect().await];
    for (stream, token) in streams.iter_mut().zip([&token, &other]) {
        assert_eq!(status(&request(stream, token).await), 200);
    }
    let response = gateway.send(head(&token)).await;
    assert_eq!((status(&response), error_code(&response).as_str()), (429, "too_many_connections"));
    assert_eq!(header(&response, "retry-after"), Some("1"));
    for (stream, token) in streams.iter_mut().zip([&token, &other]) {
        assert_eq!(status(&request(stream, token).await), 200);
    }
}

#[tokio::test]
async fn a_websocket_is_evicted_for_a_key_without_connections() {
    let service = serve(|mut stream| async move {
        read_until(&mut stream, "\r\n\r\n").await;
        let response =
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
        stream.write_all(response.as_bytes()).await.unwrap();
        drop(read_rest(&mut stream).await);
    });
    let limits = Limits { connections_per_agreement: 1, ..Limits::default() };
    let gateway = TestGateway::with_limits(service.await, limits).await;
    let upgrade = |token| {
        format!(
            "GET / HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket\r\nx-muster-token: {token}\r\n\r\n"
        )
    };
    let [mut first, mut second] = [gateway.connect().await, gateway.connect().await];
    for (stream, token) in
        [(&mut first, gateway.token()), (&mut second, gateway.token_for([8; 32], NEVER))]
    {
        stream.write_all(upgrade(token).as_bytes()).await.unwrap();
        assert_eq!(status(&read_until(stream, "\r\n\r\n").await), 101);
    }
    assert_eq!(read_rest(&mut first).await, "");
}

#[tokio::test]
async fn keys_that_share_a_connection_share_no_limits() {
    let gateway = gateway(Limits { connections_per_key: 1, ..Limits::default() }).await;
    let (token, other) = (gateway.token(), gateway.token_for([8; 32], NEVER));
    let mut shared = gateway.connect().await;
    for token in [&token, &other, &token, &other] {
        assert_eq!(status(&request(&mut shared, token).await), 200);
    }
    // The shared connection counts for the other key now.
    assert_eq!(status(&request(&mut gateway.connect().await, &token).await), 200);
    assert_eq!(status(&request(&mut gateway.connect().await, &other).await), 429);
}

#[tokio::test]
async fn one_key_has_so_many_requests_in_a_second_and_another_its_own() {
    let limits = Limits { requests_per_second: NonZeroU32::MIN, ..Limits::default() };
    let gateway = gateway(limits).await;
    let (token, other) = (gateway.token(), gateway.token_for([8; 32], NEVER));
    let mut stream = gateway.connect().await;
    // On a machine of any speed, two of these requests come within a second of each other.
    let mut responses: Vec<String> = Vec::new();
    while responses.iter().all(|response| status(response) == 200) {
        responses.push(request(&mut stream, &token).await);
    }
    let rejected = responses.last().unwrap();
    assert_eq!((status(rejected), error_code(rejected).as_str()), (429, "too_many_requests"));
    assert_eq!(status(&request(&mut gateway.connect().await, &other).await), 200);
    while status(&request(&mut stream, &token).await) != 200 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_client_that_stops_in_the_middle_of_its_body_is_disconnected() {
    let service = serve(|mut stream| async move {
        read_until(&mut stream, "\r\n\r\n").await;
        drop(read_rest(&mut stream).await);
    });
    let limits = Limits {
        response_timeout: Duration::from_mins(1),
        idle_timeout: Duration::from_millis(200),
        ..Limits::default()
    };
    let gateway = TestGateway::with_limits(service.await, limits).await;
    let half = gateway.head("POST /", "content-length: 10\r\n") + "half";
    assert_eq!(gateway.send(half).await, "");
}

#[tokio::test]
async fn a_client_that_stops_reading_is_disconnected() {
    let service = serve(|mut stream| async move {
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        while stream.write_all(&[b'x'; 1 << 12]).await.is_ok() {}
    });
    let limits = Limits { idle_timeout: Duration::from_millis(300), ..Limits::default() };
    let gateway = TestGateway::with_limits(service.await, limits).await;
    let mut stream = gateway.connect().await;
    stream.write_all(gateway.head("GET /", "").as_bytes()).await.unwrap();
    // Reads nothing until the connection is reset.
    while stream.write_all(b"x").await.is_ok() {
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
}
