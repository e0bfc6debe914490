//! Who comes in, who does not, and who has to leave.

use std::time::{SystemTime, UNIX_EPOCH};

use muster_gateway::{Guest, Refusal, Secret};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    service::{OK, Service, request, serve},
    support::{
        AGREEMENT, CLIENT, House, NEVER, body, header, reason, rest, status, until, watchful,
    },
};

#[tokio::test]
async fn a_token_opens_as_a_bearer_and_in_its_own_header() {
    let service = Service::answering(OK).await;
    let house = House::of(service.address).await;
    let token = house.token();
    for line in [format!("authorization: Bearer {token}"), format!("x-muster-token: {token}")] {
        let answer =
            house.ask(format!("GET / HTTP/1.1\r\nconnection: close\r\n{line}\r\n\r\n")).await;
        assert_eq!((status(&answer), body(&answer)), (200, "ok"), "{answer}");
    }
}

#[tokio::test]
async fn without_a_good_token_nothing_reaches_the_service() {
    let service = Service::answering(OK).await;
    let house = House::of(service.address).await;
    let guest = Guest { agreement: AGREEMENT, key: CLIENT, expires: NEVER };
    let foreign = Secret::new([4; 32]).issue(&guest).reveal().to_owned();
    let mut moved = house.token();
    moved.replace_range("muster_".len().."muster_".len() + 40, &"08".repeat(20));
    for (token, expected) in [
        (String::new(), "bad_token"),
        ("Bearer".to_owned(), "bad_token"),
        (foreign, "bad_token"),
        (moved, "bad_token"),
        (house.token_of(CLIENT, 1), "expired_token"),
    ] {
        let answer = house.ask(format!("GET / HTTP/1.1\r\nx-muster-token: {token}\r\n\r\n")).await;
        assert_eq!((status(&answer), reason(&answer).as_str()), (401, expected), "{token}");
    }
    let answer = house.ask("GET / HTTP/1.1\r\n\r\n").await;
    assert_eq!((status(&answer), reason(&answer).as_str()), (401, "no_token"));
    assert_eq!(header(&answer, "www-authenticate"), Some("Bearer"));
    assert_eq!(service.heard(), Vec::<String>::new());
}

#[tokio::test]
async fn the_door_is_asked_at_every_request_and_its_reason_is_told() {
    let service = Service::answering(OK).await;
    let house = House::of(service.address).await;
    assert_eq!(status(&house.get("/").await), 200);
    for (refusal, expected) in [
        (Refusal::Unknown, (403, "unknown_agreement")),
        (Refusal::Closed { start: 5, now: 9, end: 9 }, (403, "agreement_closed")),
        (Refusal::Stranger, (403, "stranger")),
        (Refusal::Unclear, (503, "unclear")),
    ] {
        house.door.shut(refusal);
        let answer = house.get("/").await;
        assert_eq!((status(&answer), reason(&answer).as_str()), expected);
    }
    assert_eq!(service.heard().len(), 1);
}

#[tokio::test]
async fn who_comes_too_early_or_too_late_is_told_when() {
    let house = House::of(Service::answering(OK).await.address).await;
    house.door.shut(Refusal::Closed { start: 100, now: 99, end: 200 });
    let answer = house.get("/").await;
    let body: serde_json::Value = serde_json::from_str(body(&answer)).unwrap();
    assert_eq!([&body["start"], &body["now"], &body["end"]], [100, 99, 200]);
}

#[tokio::test]
async fn a_download_is_cut_when_the_agreement_ends() {
    let service = serve(|mut stream| async move {
        request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await.unwrap();
        // Never writes the rest.
        assert_eq!(rest(&mut stream).await, "");
    });
    let house = House::with(service.await, watchful()).await;
    let mut stream = house.connect().await;
    stream.write_all(house.head("GET /", "").as_bytes()).await.unwrap();
    until(&mut stream, "half").await;
    house.door.shut(Refusal::Closed { start: 1, now: 2, end: 2 });
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn a_connection_is_cut_when_its_token_expires() {
    let house = House::with(Service::answering(OK).await.address, watchful()).await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let token = house.token_of(CLIENT, now + 2);
    let mut stream = house.connect().await;
    stream
        .write_all(format!("GET / HTTP/1.1\r\nx-muster-token: {token}\r\n\r\n").as_bytes())
        .await
        .unwrap();
    until(&mut stream, "ok").await;
    assert_eq!(rest(&mut stream).await, "");
    assert!(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() >= now + 2);
}

#[tokio::test]
async fn nobody_is_thrown_out_while_nothing_can_be_told() {
    let house = House::with(Service::answering(OK).await.address, watchful()).await;
    let mut stream = house.connect().await;
    let token = house.token();
    let head = format!("GET / HTTP/1.1\r\nx-muster-token: {token}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    until(&mut stream, "ok").await;
    house.door.shut(Refusal::Unclear);
    for _ in 0..3 {
        house.door.asked().await;
    }
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 503");
}
