//! A gateway of its own for each test, with a door that tests can shut, and bytes as they are on the wire.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use muster_gateway::{
    AuthorizationError, Authorizer, Claims, Config, Gateway, Limits, Receipts, Secret, Upstream,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Notify,
    time::sleep,
};

/// The agreement that is served unless a test says otherwise.
pub(crate) const AGREEMENT: [u8; 20] = [7; 20];

/// Its client.
pub(crate) const CLIENT: [u8; 32] = [9; 32];

/// Long after every test.
pub(crate) const NEVER: u64 = 1 << 40;

/// A session.
pub(crate) const SESSION: &str = "1111111111111111111111111111111111111111111111111111111111111111";

/// A door that says what a test told it last.
#[derive(Clone)]
pub(crate) struct TestAuthorizer {
    /// What it says.
    result: Arc<Mutex<Result<Upstream, AuthorizationError>>>,
    /// Told whenever it was asked.
    checked: Arc<Notify>,
}

impl TestAuthorizer {
    /// Shuts it.
    pub(crate) fn deny(&self, reason: AuthorizationError) {
        *self.result.lock().unwrap() = Err(reason);
    }

    /// Returns when it has been asked once more.
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

/// Receipts that tell for whom, for which session, and how many there were before.
#[derive(Default)]
pub(crate) struct TestReceipts(AtomicUsize);

impl Receipts for TestReceipts {
    async fn issue(&self, claims: &Claims, session: [u8; 32]) -> Option<String> {
        let before = self.0.fetch_add(1, Ordering::Relaxed);
        Some(format!("agreement {} session {} before {before}", claims.agreement[0], session[0]))
    }
}

/// Looks after guests all the time, and cuts nobody for anything else.
pub(crate) fn frequent_reauthorization() -> Limits {
    Limits {
        reauthorize_interval: Duration::from_millis(5),
        header_timeout: Duration::MAX,
        idle_timeout: Duration::MAX,
        ..Limits::default()
    }
}

/// A gateway, and what opens it.
pub(crate) struct TestGateway {
    /// The gateway.
    pub(crate) inner: Gateway,
    /// Its door.
    pub(crate) authorizer: TestAuthorizer,
    /// What seals its tokens.
    pub(crate) secret: Secret,
}

impl TestGateway {
    /// A gateway in front of a service.
    pub(crate) async fn new(service: SocketAddr) -> Self {
        Self::with_limits(service, Limits::default()).await
    }

    /// A gateway with other limits.
    pub(crate) async fn with_limits(service: SocketAddr, limits: Limits) -> Self {
        let authorizer = TestAuthorizer {
            result: Arc::new(Mutex::new(Ok(service.try_into().unwrap()))),
            checked: Arc::default(),
        };
        let secret = Secret::new([3; 32]);
        let config = Config { limits, ..Config::any_port(secret.clone()) };
        let inner =
            Gateway::start(config, authorizer.clone(), TestReceipts::default()).await.unwrap();
        Self { inner, authorizer, secret }
    }

    /// A token of the client's.
    pub(crate) fn token(&self) -> String {
        self.token_for(CLIENT, NEVER)
    }

    /// A token of somebody's.
    pub(crate) fn token_for(&self, key: [u8; 32], expires: u64) -> String {
        let claims = Claims { agreement: AGREEMENT, key, expires_at: expires };
        self.secret.issue(&claims).reveal().to_owned()
    }

    /// The head of a request of the client's that ends the connection; `more` are lines, each with its end.
    pub(crate) fn head(&self, line: &str, more: &str) -> String {
        let token = self.token();
        format!(
            "{line} HTTP/1.1\r\nhost: gate\r\nx-muster-token: {token}\r\nconnection: close\r\n{more}\r\n"
        )
    }

    /// A new connection.
    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.inner.address()).await.unwrap()
    }

    /// Everything that is answered to these bytes.
    pub(crate) async fn send(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect().await;
        // The gateway may hang up before it has read everything.
        let _ = stream.write_all(bytes.as_ref()).await;
        read_rest(&mut stream).await
    }

    /// The answer to a request of the client's.
    pub(crate) async fn get(&self, path: &str) -> String {
        self.send(self.head(&format!("GET {path}"), "")).await
    }
}

/// Everything that comes until the connection ends, however it ends.
pub(crate) async fn read_rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Returns when it is so. The pauses leave the processor to those who are waited for.
pub(crate) async fn eventually(mut is_so: impl AsyncFnMut() -> bool) {
    while !is_so().await {
        sleep(Duration::from_millis(25)).await;
    }
}

/// What comes until it ends so.
pub(crate) async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(end.as_bytes()) {
        bytes.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(bytes).unwrap()
}

/// The status of an answer.
pub(crate) fn status(answer: &str) -> u16 {
    answer.get(9..12).and_then(|status| status.parse().ok()).unwrap_or_default()
}

/// The value of a header of an answer or a request.
pub(crate) fn header<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    let head = message.split("\r\n\r\n").next()?;
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(": ")?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })
}

/// What follows the head.
pub(crate) fn body(message: &str) -> &str {
    message.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

/// The name that a refusal gives as its reason.
pub(crate) fn error_code(answer: &str) -> String {
    let body: serde_json::Value = serde_json::from_str(body(answer)).unwrap();
    body["error"].as_str().unwrap().to_owned()
}
