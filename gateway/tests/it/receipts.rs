//! Receipts of sessions.

use crate::{
    service::{OK, TestService},
    support::{SESSION, TestGateway, error_code, header, status},
};

/// The receipt that comes with this response of the service in a session.
async fn receipt(response: &'static str) -> Option<String> {
    let gateway = TestGateway::new(TestService::responding(response).await.address).await;
    let response =
        gateway.send(gateway.head("GET /", &format!("x-muster-session: {SESSION}\r\n"))).await;
    header(&response, "x-muster-receipt").map(str::to_owned)
}

#[tokio::test]
async fn every_response_in_a_session_carries_its_newest_receipt() {
    let gateway = TestGateway::new(TestService::responding(OK).await.address).await;
    for before in 0..3 {
        let session = if before == 1 { format!("0x{SESSION}") } else { SESSION.to_owned() };
        let response =
            gateway.send(gateway.head("GET /", &format!("x-muster-session: {session}\r\n"))).await;
        let expected = format!("agreement 7 session 17 before {before}");
        assert_eq!(header(&response, "x-muster-receipt"), Some(expected.as_str()));
    }
}

#[tokio::test]
async fn a_client_error_gets_a_receipt_and_a_server_error_none() {
    let missing = receipt("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(missing.as_deref(), Some("agreement 7 session 17 before 0"));
    assert_eq!(receipt("HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n").await, None);
    assert_eq!(receipt("nonsense\r\n\r\n").await, None);
}

#[tokio::test]
async fn every_answer_to_an_authorized_request_is_observed_without_its_query() {
    let missing = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
    for (response, status) in [(OK, 200), (missing, 404), ("nonsense\r\n\r\n", 502)] {
        let gateway = TestGateway::new(TestService::responding(response).await.address).await;
        gateway.get("/page?secret=1").await;
        gateway.send("GET / HTTP/1.1\r\nhost: gate\r\n\r\n".to_owned()).await;
        let answers = gateway.answers.lock().unwrap().clone();
        assert_eq!(answers, [("GET".to_owned(), "/page".to_owned(), status)]);
    }
}

#[tokio::test]
async fn a_service_cannot_add_receipts() {
    let service =
        "HTTP/1.1 500 Oh\r\nx-muster-receipt: false\r\nx-muster-x: y\r\ncontent-length: 0\r\n\r\n";
    let gateway = TestGateway::new(TestService::responding(service).await.address).await;
    assert!(!gateway.get("/").await.contains("x-muster"));
}

#[tokio::test]
async fn without_a_session_there_is_no_receipt() {
    let gateway = TestGateway::new(TestService::responding(OK).await.address).await;
    assert_eq!(header(&gateway.get("/").await, "x-muster-receipt"), None);
}

#[tokio::test]
async fn an_invalid_session_is_rejected() {
    let service = TestService::responding(OK).await;
    let gateway = TestGateway::new(service.address).await;
    let response = gateway.send(gateway.head("GET /", "x-muster-session: 11\r\n")).await;
    assert_eq!((status(&response), error_code(&response).as_str()), (400, "bad_session"));
    assert_eq!(service.received().len(), 0);
}
