//! Attackers' proxies: one in front of a worker's gateway, which sees every request and treats it as the worker pleases, and
//! one that hides who connects.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use alloy::primitives::B256;
use muster_daemons::worker::WorkerOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::task::AbortOnDropHandle;

/// The address from which [`start_tunnel`] connects.
pub(crate) const TUNNEL_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// What a worker does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Treatment {
    /// It serves it.
    Serve,
    /// It says that its service is down.
    Refuse,
    /// It cuts the connection.
    Cut,
}

/// What a worker sees of a request, and what it did with it.
#[derive(Clone, Debug)]
pub(crate) struct SeenRequest {
    /// Method and path.
    pub(crate) line: String,
    /// The window.
    pub(crate) window: u8,
    /// The session.
    pub(crate) session: String,
    /// The token, which is for one key.
    pub(crate) token: String,
    /// The address that it comes from.
    pub(crate) peer: IpAddr,
    /// What the worker did; `Cut` until it has decided.
    pub(crate) treatment: Treatment,
}

/// A proxy in front of a gateway. A connection carries one request.
pub(crate) struct FrontProxy {
    /// Where it listens.
    address: SocketAddr,
    /// Where the gateway will listen.
    gateway: SocketAddr,
    /// The current window; the test says so.
    pub(crate) window: Arc<AtomicU8>,
    /// The requests that it has seen.
    requests: Arc<Mutex<Vec<SeenRequest>>>,
    /// Accepts connections.
    _task: AbortOnDropHandle<()>,
}

impl FrontProxy {
    /// Starts it. `treat` decides on the last of all requests.
    pub(crate) async fn start(
        treat: impl Fn(&[SeenRequest]) -> Treatment + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        // Nobody else binds a port of this address.
        let gateway = TcpListener::bind("127.0.0.3:0").await.unwrap().local_addr().unwrap();
        let (window, requests) = (Arc::<AtomicU8>::default(), Arc::<Mutex<Vec<_>>>::default());
        let (now, seen, treat) = (window.clone(), requests.clone(), Arc::new(treat));
        let task = tokio::spawn(async move {
            loop {
                let (mut stream, peer) = listener.accept().await.unwrap();
                let (now, seen, treat) = (now.clone(), seen.clone(), treat.clone());
                tokio::spawn(async move {
                    let Some(head) = read_head(&mut stream).await else { return };
                    let header = |name: &str| {
                        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
                        let found = lines.find(|(key, _)| key.eq_ignore_ascii_case(name));
                        found.map(|(_, value)| value.to_owned()).unwrap_or_default()
                    };
                    // The worker's own request, which nobody's treatment is measured by.
                    let is_own = header("x-muster-session") == B256::ZERO.to_string();
                    let treatment = if is_own {
                        Treatment::Serve
                    } else {
                        let mut seen = seen.lock().unwrap();
                        seen.push(SeenRequest {
                            line: head.lines().next().unwrap_or_default().to_owned(),
                            window: now.load(Ordering::Relaxed),
                            session: header("x-muster-session"),
                            token: header("x-muster-token"),
                            peer: peer.ip(),
                            treatment: Treatment::Cut,
                        });
                        let treatment = treat(&seen);
                        seen.last_mut().unwrap().treatment = treatment;
                        treatment
                    };
                    match treatment {
                        Treatment::Cut => {}
                        Treatment::Refuse => {
                            let refusal =
                                b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";
                            stream.write_all(refusal).await.unwrap();
                        }
                        Treatment::Serve => {
                            let mut server = TcpStream::connect(gateway).await.unwrap();
                            server.write_all(head.as_bytes()).await.unwrap();
                            drop(copy_bidirectional(&mut stream, &mut server).await);
                        }
                    }
                });
            }
        });
        Self { address, gateway, window, requests, _task: AbortOnDropHandle::new(task) }
    }

    /// The options of the worker behind it.
    pub(crate) fn worker_options(&self, options: WorkerOptions) -> WorkerOptions {
        let public_url = Some(format!("http://{}", self.address).into());
        WorkerOptions { listen: self.gateway, public_url, ..options }
    }

    /// The requests that it has seen.
    pub(crate) fn requests(&self) -> Vec<SeenRequest> {
        self.requests.lock().unwrap().clone()
    }
}

/// The head of a request.
async fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

/// Starts an HTTP proxy for CONNECT that connects from an address of its own, and returns its URL.
pub(crate) async fn start_tunnel() -> (String, AbortOnDropHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let head = read_head(&mut client).await.unwrap();
                let target = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next());
                let socket = TcpSocket::new_v4().unwrap();
                socket.bind((TUNNEL_ADDRESS, 0).into()).unwrap();
                let mut server = socket.connect(target.unwrap().parse().unwrap()).await.unwrap();
                client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                drop(copy_bidirectional(&mut client, &mut server).await);
            });
        }
    });
    (url, AbortOnDropHandle::new(task))
}
