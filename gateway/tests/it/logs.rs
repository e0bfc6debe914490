//! Logs contain no token and no secret.

use std::{
    io,
    sync::{Arc, Mutex},
};

use muster_gateway::{ServiceConfig, ServiceLimits, ServiceProcess};
use tracing_subscriber::fmt::MakeWriter;

use crate::{
    service::{OK, TestService, unused_address},
    supervisor::Pipe,
    support::{AGREEMENT, CLIENT, SESSION, TestGateway, status},
};

/// Captures what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// The whole log so far.
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Captures all logs of this thread.
fn capture_logs() -> (Log, tracing::subscriber::DefaultGuard) {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    (log, tracing::subscriber::set_default(subscriber))
}

#[tokio::test]
async fn neither_tokens_nor_secrets_are_logged_whatever_happens() {
    let (log, _guard) = capture_logs();
    let gateway = TestGateway::new(TestService::responding(OK).await.address).await;
    let token = gateway.token();
    assert_eq!(
        status(
            &gateway.send(gateway.head("GET /", &format!("x-muster-session: {SESSION}\r\n"))).await
        ),
        200
    );
    assert_eq!(status(&gateway.send(gateway.head("GET /", "x-muster-session: 1\r\n")).await), 400);
    assert_eq!(
        status(&gateway.send(format!("GET / HTTP/1.1\r\nx-muster-token: {token}0\r\n\r\n")).await),
        401
    );
    let expired = gateway.token_for(CLIENT, 1);
    assert_eq!(
        status(&gateway.send(format!("GET / HTTP/1.1\r\nx-muster-token: {expired}\r\n\r\n")).await),
        401
    );
    assert_eq!(status(&TestGateway::new(unused_address().await).await.get("/").await), 502);
    tracing::info!(?gateway.secret, "the log works");
    gateway.inner.stop().await;
    let text = log.text();
    assert!(text.contains("the log works"), "{text}");
    for secret in [&token[7..40], &token[160..], &expired[160..], &"03".repeat(8)] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[tokio::test]
async fn service_output_is_logged_by_line_with_tokens_redacted() {
    let (log, _guard) = capture_logs();
    let pipe = Pipe::new();
    let token = TestGateway::new(unused_address().await).await.token();
    let endless = "y".repeat(10_000);
    let command = format!(
        "echo one {token}; echo two >&2; echo {endless}; printf three; echo done > {}; sleep 1000",
        pipe.path()
    );
    let service = ServiceConfig { command, agreement: AGREEMENT, limits: ServiceLimits::default() };
    let process = ServiceProcess::start(service).unwrap();
    assert_eq!(pipe.line().await, "done");
    process.stop().await;
    let text = log.text();
    for line in ["one muster_..", "two", "three"] {
        let line = format!("{line} agreement=0x{}\n", "07".repeat(20));
        assert!(text.contains(&line), "{text}");
    }
    assert!(text.contains(&endless[..4096]) && !text.contains(&endless[..4097]));
    assert!(!text.contains(&token[7..]), "{text}");
}
