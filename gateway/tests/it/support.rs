//! A gateway for each test with an authorizer that the test controls, and HTTP as bytes on the wire.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use hyper::{Method, StatusCode};
use muster_gateway::{
    AuthorizationError, Authorizer, Claims, Config, Gateway, Limits, Receipts, Secret, TlsServer,
    Upstream,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Notify,
    time::sleep,
};

/// The agreement that is served by default.
pub(crate) const AGREEMENT: [u8; 20] = [7; 20];

/// The key of its client.
pub(crate) const CLIENT: [u8; 32] = [9; 32];

/// An expiry after every test.
pub(crate) const NEVER: u64 = 1 << 40;

/// A session.
pub(crate) const SESSION: &str = "1111111111111111111111111111111111111111111111111111111111111111";

/// An authorizer with the result that the test set last.
#[derive(Clone)]
pub(crate) struct TestAuthorizer {
    /// The result.
    result: Arc<Mutex<Result<Upstream, AuthorizationError>>>,
    /// Notified by every call.
    checked: Arc<Notify>,
}

impl TestAuthorizer {
    /// Denies every request from now on.
    pub(crate) fn deny(&self, reason: AuthorizationError) {
        *self.result.lock().unwrap() = Err(reason);
    }

    /// Returns after the next call.
    pub(crate) async fn wait_checked(&self) {
        self.checked.notified().await;
    }
}

impl Authorizer for TestAuthorizer {
    async fn authorize(&self, _: &Claims) -> Result<Upstream, AuthorizationError> {
        self.checked.notify_waiters();
        self.result.lock().unwrap().clone()
    }
}

/// Receipts with the agreement, the session, and the number of earlier receipts.
#[derive(Default)]
pub(crate) struct TestReceipts(AtomicUsize, Answers);

/// Method, path and status of each answer.
pub(crate) type Answers = Arc<Mutex<Vec<(String, String, u16)>>>;

impl Receipts for TestReceipts {
    async fn issue(&self, claims: &Claims, session: [u8; 32]) -> Option<String> {
        let before = self.0.fetch_add(1, Ordering::Relaxed);
        Some(format!("agreement {} session {} before {before}", claims.agreement[0], session[0]))
    }

    fn on_answer(&self, _: &Claims, method: &Method, path: &str, status: StatusCode) {
        let answer = (method.to_string(), path.to_owned(), status.as_u16());
        self.1.lock().unwrap().push(answer);
    }
}

/// Limits that authorize open connections every 5 ms and have no other timeouts.
pub(crate) fn frequent_reauthorization() -> Limits {
    Limits {
        reauthorize_interval: Duration::from_millis(5),
        header_timeout: Duration::MAX,
        idle_timeout: Duration::MAX,
        ..Limits::default()
    }
}

/// A gateway with its authorizer and secret.
pub(crate) struct TestGateway {
    /// The gateway.
    pub(crate) inner: Gateway,
    /// Its authorizer.
    pub(crate) authorizer: TestAuthorizer,
    /// The secret of its tokens.
    pub(crate) secret: Secret,
    /// What it answered.
    pub(crate) answers: Answers,
}

impl TestGateway {
    /// A gateway in front of a service.
    pub(crate) async fn new(service: SocketAddr) -> Self {
        Self::with_limits(service, Limits::default()).await
    }

    /// A gateway with these limits in front of a service.
    pub(crate) async fn with_limits(service: SocketAddr, limits: Limits) -> Self {
        Self::with_tls(service, limits, None).await
    }

    /// A gateway with these limits and perhaps TLS in front of a service.
    pub(crate) async fn with_tls(
        service: SocketAddr,
        limits: Limits,
        tls: Option<TlsServer>,
    ) -> Self {
        let authorizer = TestAuthorizer {
            result: Arc::new(Mutex::new(Ok(service.try_into().unwrap()))),
            checked: Arc::default(),
        };
        let secret = Secret::new([3; 32]);
        let config = Config { limits, tls, ..Config::any_port(secret.clone()) };
        let receipts = TestReceipts::default();
        let answers = receipts.1.clone();
        let inner = Gateway::start(config, authorizer.clone(), receipts).await.unwrap();
        Self { inner, authorizer, secret, answers }
    }

    /// A token for the client.
    pub(crate) fn token(&self) -> String {
        self.token_for(CLIENT, NEVER)
    }

    /// A token for a key.
    pub(crate) fn token_for(&self, key: [u8; 32], expires: u64) -> String {
        let claims = Claims { agreement: AGREEMENT, key, expires_at: expires };
        self.secret.issue(&claims).reveal().to_owned()
    }

    /// The head of a client's request that closes the connection after it; `more` is further header lines, each
    /// with its line end.
    pub(crate) fn head(&self, line: &str, more: &str) -> String {
        let token = self.token();
        format!(
            "{line} HTTP/1.1\r\nhost: gate\r\nx-muster-token: {token}\r\nconnection: close\r\n{more}\r\n"
        )
    }

    /// Opens a connection.
    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.inner.address()).await.unwrap()
    }

    /// Sends bytes on a new connection; returns all that comes back.
    pub(crate) async fn send(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect().await;
        // The gateway may disconnect before it has read everything.
        let _ = stream.write_all(bytes.as_ref()).await;
        read_rest(&mut stream).await
    }

    /// Sends a GET request of the client; returns the response.
    pub(crate) async fn get(&self, path: &str) -> String {
        self.send(self.head(&format!("GET {path}"), "")).await
    }
}

/// Reads until the connection ends, with or without an error.
pub(crate) async fn read_rest(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Polls every 25 ms until `is_so`.
pub(crate) async fn eventually(mut is_so: impl AsyncFnMut() -> bool) {
    while !is_so().await {
        sleep(Duration::from_millis(25)).await;
    }
}

/// Reads until the text ends with `end`.
pub(crate) async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(end.as_bytes()) {
        bytes.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(bytes).unwrap()
}

/// The status of a response.
pub(crate) fn status(response: &str) -> u16 {
    response.get(9..12).and_then(|status| status.parse().ok()).unwrap_or_default()
}

/// The value of a header of a response or a request.
pub(crate) fn header<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    let head = message.split("\r\n\r\n").next()?;
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(": ")?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })
}

/// The text after the head.
pub(crate) fn body(message: &str) -> &str {
    message.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

/// The `error` code of the gateway's own response.
pub(crate) fn error_code(response: &str) -> String {
    let body: serde_json::Value = serde_json::from_str(body(response)).unwrap();
    body["error"].as_str().unwrap().to_owned()
}
