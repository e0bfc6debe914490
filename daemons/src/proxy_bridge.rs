//! A SOCKS5 server on this machine whose connections go through a proxy. The HTTP client speaks SOCKS5 for every kind of
//! request, but would hand requests for `http://` to an HTTP proxy as they are, with their tokens, instead of connecting
//! through it.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use muster_messaging::ProxyUrl;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

/// The version of SOCKS.
const VERSION: u8 = 5;

/// Connections go through the proxy as long as this exists.
#[derive(Debug)]
pub(crate) struct ProxyBridge {
    /// The address that it listens on, of this machine.
    address: SocketAddr,
    /// Accepts connections.
    _task: AbortOnDropHandle<()>,
}

impl ProxyBridge {
    /// Starts to listen on a free port.
    pub(crate) fn start(proxy: ProxyUrl) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            loop {
                if let Ok((client, _)) = listener.accept().await {
                    let proxy = proxy.clone();
                    tokio::spawn(async move {
                        if let Err(error) = bridge(client, &proxy).await {
                            tracing::debug!(%error, "connection through the proxy failed");
                        }
                    });
                }
            }
        });
        Ok(Self { address, _task: AbortOnDropHandle::new(task) })
    }

    /// Its URL, for an HTTP client.
    pub(crate) fn url(&self) -> String {
        format!("socks5h://{}", self.address)
    }
}

/// Serves one connection (RFC 1928, without authentication, the command CONNECT only).
async fn bridge(mut client: TcpStream, proxy: &ProxyUrl) -> io::Result<()> {
    let unsupported = || io::Error::from(io::ErrorKind::Unsupported);
    let [version, methods] = [client.read_u8().await?, client.read_u8().await?];
    client.read_exact(&mut vec![0; methods.into()]).await?;
    if version != VERSION {
        return Err(unsupported());
    }
    client.write_all(&[VERSION, 0]).await?;
    let mut request = [0; 4];
    client.read_exact(&mut request).await?;
    let host = match request {
        [VERSION, 1, _, 1] => Ipv4Addr::from(client.read_u32().await?).to_string(),
        [VERSION, 1, _, 3] => {
            let mut name = vec![0; client.read_u8().await?.into()];
            client.read_exact(&mut name).await?;
            String::from_utf8(name).map_err(io::Error::other)?
        }
        [VERSION, 1, _, 4] => Ipv6Addr::from(client.read_u128().await?).to_string(),
        _ => return Err(unsupported()),
    };
    let port = client.read_u16().await?;
    let connected = proxy.connect(&host, port).await;
    // Success, or "general failure"; no address that it is bound to.
    let reply = u8::from(connected.is_err());
    client.write_all(&[VERSION, reply, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    copy_bidirectional(&mut client, &mut connected?).await.map(drop)
}
