//! Tokens, the authorizer, and the periodic check of open connections.

use std::time::{SystemTime, UNIX_EPOCH};

use muster_gateway::{AuthorizationError, Claims, Secret};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    service::{OK, TestService, read_request, serve},
    support::{
        AGREEMENT, CLIENT, NEVER, TestGateway, body, error_code, frequent_reauthorization, header,
        read_rest, read_until, status,
    },
};

#[tokio::test]
async fn a_token_is_accepted_as_bearer_and_in_its_own_header() {
    let service = TestService::responding(OK).await;
    let gateway = TestGateway::new(service.address).await;
    let token = gateway.token();
    for line in [format!("authorization: Bearer {token}"), format!("x-muster-token: {token}")] {
        let response =
            gateway.send(format!("GET / HTTP/1.1\r\nconnection: close\r\n{line}\r\n\r\n")).await;
        assert_eq!((status(&response), body(&response)), (200, "ok"), "{response}");
    }
    for received in service.received() {
        assert!(!received.contains(&token), "{received}");
    }
}

#[tokio::test]
async fn without_a_good_token_nothing_reaches_the_service() {
    let service = TestService::responding(OK).await;
    let gateway = TestGateway::new(service.address).await;
    let claims = Claims { agreement: AGREEMENT, key: CLIENT, expires_at: NEVER };
    let foreign = Secret::new([4; 32]).issue(&claims).reveal().to_owned();
    let mut other_agreement = gateway.token();
    other_agreement.replace_range("muster_".len().."muster_".len() + 40, &"08".repeat(20));
    for (token, expected) in [
        (String::new(), "bad_token"),
        ("Bearer".to_owned(), "bad_token"),
        (foreign, "bad_token"),
        (other_agreement, "bad_token"),
        (gateway.token_for(CLIENT, 1), "expired_token"),
    ] {
        let response =
            gateway.send(format!("GET / HTTP/1.1\r\nx-muster-token: {token}\r\n\r\n")).await;
        assert_eq!((status(&response), error_code(&response).as_str()), (401, expected), "{token}");
    }
    let response = gateway.send("GET / HTTP/1.1\r\n\r\n").await;
    assert_eq!((status(&response), error_code(&response).as_str()), (401, "no_token"));
    assert_eq!(header(&response, "www-authenticate"), Some("Bearer"));
    assert_eq!(service.received(), Vec::<String>::new());
}

#[tokio::test]
async fn the_authorizer_is_called_for_every_request_and_its_error_is_returned() {
    let service = TestService::responding(OK).await;
    let gateway = TestGateway::new(service.address).await;
    assert_eq!(status(&gateway.get("/").await), 200);
    for (error, expected) in [
        (AuthorizationError::UnknownAgreement, (403, "unknown_agreement")),
        (AuthorizationError::NotRunning { start: 5, now: 9, end: 9 }, (403, "agreement_closed")),
        (AuthorizationError::NotAParty, (403, "stranger")),
        (AuthorizationError::Unavailable, (503, "unclear")),
    ] {
        gateway.authorizer.deny(error);
        let response = gateway.get("/").await;
        assert_eq!((status(&response), error_code(&response).as_str()), expected);
    }
    assert_eq!(service.received().len(), 1);
}

#[tokio::test]
async fn a_request_before_the_start_or_after_the_end_is_told_the_ticks() {
    let gateway = TestGateway::new(TestService::responding(OK).await.address).await;
    gateway.authorizer.deny(AuthorizationError::NotRunning { start: 100, now: 99, end: 200 });
    let response = gateway.get("/").await;
    let body: serde_json::Value = serde_json::from_str(body(&response)).unwrap();
    assert_eq!([&body["start"], &body["now"], &body["end"]], [100, 99, 200]);
}

#[tokio::test]
async fn a_download_is_cut_when_the_agreement_ends() {
    let service = serve(|mut stream| async move {
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await.unwrap();
        // Never writes the rest.
        assert_eq!(read_rest(&mut stream).await, "");
    });
    let gateway = TestGateway::with_limits(service.await, frequent_reauthorization()).await;
    let mut stream = gateway.connect().await;
    stream.write_all(gateway.head("GET /", "").as_bytes()).await.unwrap();
    read_until(&mut stream, "half").await;
    gateway.authorizer.deny(AuthorizationError::NotRunning { start: 1, now: 2, end: 2 });
    assert_eq!(read_rest(&mut stream).await, "");
}

#[tokio::test]
async fn a_connection_is_cut_when_its_token_expires() {
    let gateway = TestGateway::with_limits(
        TestService::responding(OK).await.address,
        frequent_reauthorization(),
    )
    .await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let token = gateway.token_for(CLIENT, now + 2);
    let mut stream = gateway.connect().await;
    stream
        .write_all(format!("GET / HTTP/1.1\r\nx-muster-token: {token}\r\n\r\n").as_bytes())
        .await
        .unwrap();
    read_until(&mut stream, "ok").await;
    assert_eq!(read_rest(&mut stream).await, "");
    assert!(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() >= now + 2);
}

#[tokio::test]
async fn nobody_is_disconnected_while_authorization_is_unavailable() {
    let gateway = TestGateway::with_limits(
        TestService::responding(OK).await.address,
        frequent_reauthorization(),
    )
    .await;
    let mut stream = gateway.connect().await;
    let token = gateway.token();
    let head = format!("GET / HTTP/1.1\r\nx-muster-token: {token}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    read_until(&mut stream, "ok").await;
    gateway.authorizer.deny(AuthorizationError::Unavailable);
    for _ in 0..3 {
        gateway.authorizer.wait_checked().await;
    }
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut response = [0; 12];
    stream.read_exact(&mut response).await.unwrap();
    assert_eq!(&response, b"HTTP/1.1 503");
}
