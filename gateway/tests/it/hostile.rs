//! Crowds, slow talkers and greedy guests: those who are served do not feel them.

use std::{collections::VecDeque, num::NonZeroU32, time::Duration};

use muster_gateway::{Guest, Limits};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::{
    service::{OK, Service, request, serve},
    support::{CLIENT, House, NEVER, eventually, header, reason, rest, status, until},
};

/// How many come in a crowd.
const CROWD: usize = 2000;

/// A gateway with other limits, in front of a service that answers.
async fn house(limits: Limits) -> House {
    House::with(Service::answering(OK).await.address, limits).await
}

/// A request that keeps the connection.
fn head(token: &str) -> String {
    format!("GET / HTTP/1.1\r\nx-muster-token: {token}\r\n\r\n")
}

/// Asks for something on a connection that stays; the answer, up to the end of its head.
async fn ask(stream: &mut TcpStream, token: &str) -> String {
    stream.write_all(head(token).as_bytes()).await.unwrap();
    let answer = until(stream, "\r\n\r\n").await;
    let length = header(&answer, "content-length").unwrap().parse().unwrap();
    let mut body = vec![0; length];
    tokio::io::AsyncReadExt::read_exact(stream, &mut body).await.unwrap();
    answer + &String::from_utf8(body).unwrap()
}

/// The bytes of memory that this process uses.
fn memory() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[tokio::test]
async fn a_crowd_of_silent_strangers_keeps_no_guest_out_and_takes_no_memory_without_end() {
    let house = house(Limits::default()).await;
    let token = house.token();
    let mut before = house.connect().await;
    assert_eq!(status(&ask(&mut before, &token).await), 200);
    let room = Limits::default().strangers;
    let begun = format!("GET / HTTP/1.1\r\nx-slow: {}", "x".repeat(15 << 10));
    let (mut crowd, empty) = (VecDeque::new(), memory());
    for _ in 0..CROWD {
        let mut stranger = house.connect().await;
        stranger.write_all(begun.as_bytes()).await.unwrap();
        crowd.push_back(stranger);
        if crowd.len() > room {
            assert_eq!(rest(&mut crowd.pop_front().unwrap()).await, "");
        }
    }
    let grown = memory().saturating_sub(empty);
    assert!(grown < CROWD * (15 << 10), "{grown} bytes for {room} strangers of {CROWD}");
    assert_eq!(status(&ask(&mut before, &token).await), 200);
    for _ in 0..100 {
        assert_eq!(status(&house.get("/").await), 200);
    }
}

#[tokio::test]
async fn a_crowd_with_bad_tokens_keeps_no_guest_out() {
    let house = house(Limits::default()).await;
    let mut guest = house.connect().await;
    let token = house.token();
    for _ in 0..CROWD >> 3 {
        let mut crowd = Vec::new();
        for _ in 0..8 {
            let mut stranger = house.connect().await;
            stranger.write_all(b"GET / HTTP/1.1\r\nauthorization: Bearer x\r\n\r\n").await.unwrap();
            crowd.push(stranger);
        }
        for mut stranger in crowd {
            assert_eq!(status(&rest(&mut stranger).await), 401);
        }
    }
    assert_eq!(status(&ask(&mut guest, &token).await), 200);
}

#[tokio::test]
async fn whoever_takes_too_long_for_a_head_is_sent_away() {
    let house = house(Limits { head_time: Duration::from_millis(100), ..Limits::default() }).await;
    let mut silent = house.connect().await;
    assert_eq!(rest(&mut silent).await, "");
    // One byte now and then does not help.
    let (mut read, mut write) = house.connect().await.into_split();
    tokio::spawn(async move {
        write.write_all(b"GET / HTTP/1.1\r\nx: ").await.unwrap();
        while write.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    // It ends with an error if the last bytes were not read.
    drop(tokio::io::AsyncReadExt::read_to_end(&mut read, &mut Vec::new()).await);
}

#[tokio::test]
async fn a_head_above_the_limit_is_refused() {
    let house = house(Limits::default()).await;
    let long = house.head("GET /", &format!("x-long: {}\r\n", "x".repeat(16 << 10)));
    assert_eq!(status(&house.ask(long).await), 431);
    let many = house.head("GET /", &"x: y\r\n".repeat(200));
    assert_eq!(status(&house.ask(many).await), 431);
    let path = house.head(&format!("GET /{}", "x".repeat(16 << 10)), "");
    assert!([414, 431].contains(&status(&house.ask(path).await)));
    assert_eq!(status(&house.get("/").await), 200);
}

#[tokio::test]
async fn one_key_has_so_many_connections_and_another_its_own() {
    let house = house(Limits { connections_per_key: 2, ..Limits::default() }).await;
    let (token, other) = (house.token(), house.token_of([8; 32], NEVER));
    let mut streams = [house.connect().await, house.connect().await];
    for stream in &mut streams {
        assert_eq!(status(&ask(stream, &token).await), 200);
    }
    // Another token of the same key makes no difference.
    let answer = house.ask(head(&house.token_of(CLIENT, NEVER - 1))).await;
    assert_eq!((status(&answer), reason(&answer).as_str()), (429, "too_many_connections"));
    assert_eq!(status(&ask(&mut house.connect().await, &other).await), 200);
    let [mut first, second] = streams;
    assert_eq!(status(&ask(&mut first, &token).await), 200);
    drop(second);
    eventually(async || status(&ask(&mut house.connect().await, &token).await) == 200).await;
}

#[tokio::test]
async fn a_crowd_of_keys_keeps_no_other_key_and_no_other_agreement_out() {
    let limits = Limits { connections_per_agreement: 4, connections: 6, ..Limits::default() };
    let house = house(limits).await;
    let [mut first, mut last] = [house.connect().await, house.connect().await];
    assert_eq!(status(&ask(&mut first, &house.token_of([10; 32], NEVER)).await), 200);
    let mut crowd = Vec::new();
    for key in 11..13 {
        crowd.push(house.connect().await);
        let token = house.token_of([key; 32], NEVER);
        assert_eq!(status(&ask(crowd.last_mut().unwrap(), &token).await), 200);
    }
    assert_eq!(status(&ask(&mut last, &house.token_of([13; 32], NEVER)).await), 200);

    let tester = house.token_of([8; 32], NEVER);
    assert_eq!(status(&ask(&mut house.connect().await, &tester).await), 200);
    assert_eq!(rest(&mut first).await, "", "the oldest has to go");
    assert_eq!(status(&ask(&mut last, &house.token_of([13; 32], NEVER)).await), 200);

    for key in 1..4 {
        let elsewhere = Guest { agreement: [8; 20], key: [key; 32], expires: NEVER };
        let elsewhere = house.secret.issue(&elsewhere);
        crowd.push(house.connect().await);
        assert_eq!(status(&ask(crowd.last_mut().unwrap(), elsewhere.reveal()).await), 200);
    }
}

#[tokio::test]
async fn whoever_has_its_share_of_a_full_house_is_told_to_come_later() {
    let house = house(Limits { connections_per_agreement: 2, ..Limits::default() }).await;
    let (token, other) = (house.token(), house.token_of([8; 32], NEVER));
    let mut streams = [house.connect().await, house.connect().await];
    for (stream, token) in streams.iter_mut().zip([&token, &other]) {
        assert_eq!(status(&ask(stream, token).await), 200);
    }
    let answer = house.ask(head(&token)).await;
    assert_eq!((status(&answer), reason(&answer).as_str()), (429, "too_many_connections"));
    assert_eq!(header(&answer, "retry-after"), Some("1"));
    for (stream, token) in streams.iter_mut().zip([&token, &other]) {
        assert_eq!(status(&ask(stream, token).await), 200);
    }
}

#[tokio::test]
async fn a_websocket_makes_room_for_who_has_none() {
    let service = serve(|mut stream| async move {
        until(&mut stream, "\r\n\r\n").await;
        let answer =
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
        drop(rest(&mut stream).await);
    });
    let limits = Limits { connections_per_agreement: 1, ..Limits::default() };
    let house = House::with(service.await, limits).await;
    let asks = |token| {
        format!(
            "GET / HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket\r\nx-muster-token: {token}\r\n\r\n"
        )
    };
    let [mut first, mut second] = [house.connect().await, house.connect().await];
    for (stream, token) in
        [(&mut first, house.token()), (&mut second, house.token_of([8; 32], NEVER))]
    {
        stream.write_all(asks(token).as_bytes()).await.unwrap();
        assert_eq!(status(&until(stream, "\r\n\r\n").await), 101);
    }
    assert_eq!(rest(&mut first).await, "");
}

#[tokio::test]
async fn guests_that_share_a_connection_share_no_limits() {
    let house = house(Limits { connections_per_key: 1, ..Limits::default() }).await;
    let (token, other) = (house.token(), house.token_of([8; 32], NEVER));
    let mut shared = house.connect().await;
    for token in [&token, &other, &token, &other] {
        assert_eq!(status(&ask(&mut shared, token).await), 200);
    }
    // It is the other's connection now.
    assert_eq!(status(&ask(&mut house.connect().await, &token).await), 200);
    assert_eq!(status(&ask(&mut house.connect().await, &other).await), 429);
}

#[tokio::test]
async fn one_key_has_so_many_requests_in_a_second_and_another_its_own() {
    let limits = Limits { requests_per_second: NonZeroU32::MIN, ..Limits::default() };
    let house = house(limits).await;
    let (token, other) = (house.token(), house.token_of([8; 32], NEVER));
    let mut stream = house.connect().await;
    // However slow the machine is, two last_request_id of so many come within a second of each other.
    let mut answers: Vec<String> = Vec::new();
    while answers.iter().all(|answer| status(answer) == 200) {
        answers.push(ask(&mut stream, &token).await);
    }
    let refused = answers.last().unwrap();
    assert_eq!((status(refused), reason(refused).as_str()), (429, "too_many_requests"));
    assert_eq!(status(&ask(&mut house.connect().await, &other).await), 200);
    while status(&ask(&mut stream, &token).await) != 200 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_guest_that_stops_in_the_middle_of_its_body_is_cut() {
    let service = serve(|mut stream| async move {
        until(&mut stream, "\r\n\r\n").await;
        drop(rest(&mut stream).await);
    });
    let limits = Limits {
        answer_time: Duration::from_mins(1),
        idle_time: Duration::from_millis(200),
        ..Limits::default()
    };
    let house = House::with(service.await, limits).await;
    let half = house.head("POST /", "content-length: 10\r\n") + "half";
    assert_eq!(house.ask(half).await, "");
}

#[tokio::test]
async fn a_guest_that_stops_reading_is_cut() {
    let service = serve(|mut stream| async move {
        request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        while stream.write_all(&[b'x'; 1 << 12]).await.is_ok() {}
    });
    let limits = Limits { idle_time: Duration::from_millis(300), ..Limits::default() };
    let house = House::with(service.await, limits).await;
    let mut stream = house.connect().await;
    stream.write_all(house.head("GET /", "").as_bytes()).await.unwrap();
    // Asks for nothing more until the connection is reset.
    while stream.write_all(b"x").await.is_ok() {
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
}
