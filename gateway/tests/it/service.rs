//! Services behind a gateway: plain sockets that record the requests they receive.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::support::{header, read_until};

/// A short response.
pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// A service with one response to every request.
pub(crate) struct TestService {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// The requests it received.
    requests: Arc<Mutex<Vec<String>>>,
}

impl TestService {
    /// A service with this response.
    pub(crate) async fn responding(response: &'static str) -> Self {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let recorded = Arc::clone(&requests);
        let address = serve(move |mut stream| {
            let recorded = Arc::clone(&recorded);
            async move {
                let request = read_request(&mut stream).await;
                recorded.lock().unwrap().push(request);
                let _ = stream.write_all(response.as_bytes()).await;
            }
        });
        Self { address: address.await, requests }
    }

    /// The requests it received so far.
    pub(crate) fn received(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// Listens on a free port and runs `handle` for every connection; returns the address.
pub(crate) async fn serve<F, W>(handle: F) -> SocketAddr
where
    F: Fn(TcpStream) -> W + Send + 'static,
    W: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(handle(stream));
        }
    });
    address
}

/// An address that nobody listens on.
pub(crate) async fn unused_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

/// Reads a request with its body, as sent.
pub(crate) async fn read_request(stream: &mut TcpStream) -> String {
    let mut request = read_until(stream, "\r\n\r\n").await;
    if let Some(length) = header(&request, "content-length") {
        let mut body = vec![0; length.parse().unwrap()];
        stream.read_exact(&mut body).await.unwrap();
        request.push_str(&String::from_utf8(body).unwrap());
    } else if header(&request, "transfer-encoding").is_some() {
        while !request.ends_with("0\r\n\r\n") {
            request.push_str(&read_until(stream, "\r\n").await);
        }
    }
    request
}
