//! Services to stand behind a gateway: plain sockets that keep what they were sent.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::support::{header, until};

/// An answer without much in it.
pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// A service that gives everybody the same answer.
pub(crate) struct Service {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// What it was sent.
    heard: Arc<Mutex<Vec<String>>>,
}

impl Service {
    /// A service with this answer.
    pub(crate) async fn answering(answer: &'static str) -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&heard);
        let address = serve(move |mut stream| {
            let told = Arc::clone(&told);
            async move {
                let request = request(&mut stream).await;
                told.lock().unwrap().push(request);
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { address: address.await, heard }
    }

    /// All last_request_id so far.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

/// Handles every connection so; returns where.
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
pub(crate) async fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

/// A request with its body, as it came.
pub(crate) async fn request(stream: &mut TcpStream) -> String {
    let mut request = until(stream, "\r\n\r\n").await;
    if let Some(length) = header(&request, "content-length") {
        let mut body = vec![0; length.parse().unwrap()];
        stream.read_exact(&mut body).await.unwrap();
        request.push_str(&String::from_utf8(body).unwrap());
    } else if header(&request, "transfer-encoding").is_some() {
        while !request.ends_with("0\r\n\r\n") {
            request.push_str(&until(stream, "\r\n").await);
        }
    }
    request
}
