//! The proxy for connections, which can fall silent without an end.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Passes connections on to an address. It ends when it is dropped.
#[derive(Debug)]
pub struct TcpProxy {
    /// Its own address, as `IP:PORT`.
    pub address: String,
    /// Connections up to this number are silent.
    silenced: watch::Sender<usize>,
    /// The number of connections so far.
    accepted: watch::Sender<usize>,
    /// Accepts connections.
    task: JoinHandle<()>,
}

impl TcpProxy {
    /// A proxy in front of this `IP:PORT`.
    ///
    /// # Errors
    /// That of the listener.
    pub async fn start(to: &str) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?.to_string();
        let (silenced, accepted) = (watch::Sender::new(0_usize), watch::Sender::new(0_usize));
        let (silence, count, to) = (silenced.clone(), accepted.clone(), to.to_owned());
        let task = tokio::spawn(async move {
            while let Ok((ours, _)) = listener.accept().await {
                count.send_modify(|made| *made = made.saturating_add(1));
                let number = *count.borrow();
                let Ok(theirs) = TcpStream::connect(&to).await else { continue };
                let (from_client, to_client) = ours.into_split();
                let (from_node, to_node) = theirs.into_split();
                tokio::spawn(pass(from_client, to_node, silence.subscribe(), number));
                tokio::spawn(pass(from_node, to_client, silence.subscribe(), number));
            }
        });
        Ok(Self { address, silenced, accepted, task })
    }

    /// Passes nothing on any more of the connections that there are, and does not close them.
    pub fn silence(&self) {
        let accepted = *self.accepted.borrow();
        self.silenced.send_replace(accepted);
    }

    /// Returns when there is a connection that is not silent.
    pub async fn until_connected_anew(&self) {
        let silenced = *self.silenced.borrow();
        // The sender is here, so the channel stays open.
        drop(self.accepted.subscribe().wait_for(|made| *made > silenced).await);
    }
}

impl Drop for TcpProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Passes bytes on until one side ends, or the connection of this number is silenced: then it stays open.
async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut silenced: watch::Receiver<usize>,
    number: usize,
) {
    let mut buffer = vec![0; 16_384];
    let silence = async move {
        // The sender is in the proxy, or the proxy has ended.
        drop(silenced.wait_for(|silenced| *silenced >= number).await);
    };
    tokio::pin!(silence);
    loop {
        tokio::select! {
            read = from.read(&mut buffer) => match read {
                Ok(count) if count > 0 => {
                    let bytes = buffer.get(..count).unwrap_or_default();
                    if to.write_all(bytes).await.is_err() {
                        return;
                    }
                }
                _ => return,
            },
            () = &mut silence => break,
        }
    }
    // Both ends stay open as long as the other side does not close them.
    while from.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
}
