//! `muster relay`: a relay for encrypted messages.

use std::net::SocketAddr;

use clap::Args;
use muster_daemons::{Backoff, Daemon, DaemonError, NextEvent};
use muster_messaging::MessageError;
use muster_relay::{Relay, RelayConfig, RelayUrl};

use crate::context::Context;
use crate::daemon;
use crate::error::CliError;
use crate::options::daemon::HealthOptions;
use crate::options::heading;
use crate::options::tls::TlsOptions;
use crate::output::Cell;
use crate::parse;

/// Options of `muster relay`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Examples:\n  muster relay --listen 127.0.0.1:7447\n  \
        muster relay --login --url wss://relay.example --per-address 512"
)]
pub(crate) struct Options {
    /// Address and port to listen on, for WebSocket; port 0 is any free one
    #[arg(long, value_name = "IP:PORT", value_parser = parse::socket_address, default_value = "127.0.0.1:7447")]
    listen: SocketAddr,

    /// Give messages only to clients that prove to hold the receiver's key (NIP-42)
    #[arg(long)]
    login: bool,

    /// URL that all clients use, which their proofs must name [default: the address of --listen]
    #[arg(long, value_name = "URL", requires = "login")]
    url: Option<RelayUrl>,

    /// Connections at a time from one IPv4 address or one IPv6 /64 network; behind a proxy, all connections come from its
    /// address [default: 128]
    #[arg(long, value_name = "N")]
    per_address: Option<usize>,

    /// The certificate.
    #[command(flatten)]
    tls: TlsOptions,

    /// Where the relay serves its health.
    #[command(flatten)]
    health: HealthOptions,
}

/// A relay as a daemon: it serves by itself, and each step checks that it still listens.
struct RelayDaemon(Option<Relay>);

impl Daemon for RelayDaemon {
    async fn step(&mut self) -> Result<NextEvent, DaemonError> {
        match &self.0 {
            Some(relay) if relay.is_listening() => Ok(NextEvent::untimed("messages")),
            _ => Err(MessageError::TransportClosed.into()),
        }
    }

    async fn stop(&mut self) {
        if let Some(relay) = self.0.take() {
            relay.stop().await;
        }
    }
}

/// Runs the relay until SIGINT or SIGTERM.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let Options { listen, login, url, per_address, tls, health } = options;
    let tls = tls.server()?;
    let mut config =
        RelayConfig { listen, require_auth: login, url, tls, ..RelayConfig::default() };
    config.limits.per_address = per_address.unwrap_or(config.limits.per_address);
    let relay = Relay::start(config).await?;
    let fields = vec![("url", Cell::text(relay.url()))];
    let run = (health, Backoff::default());
    daemon::run(context, run, &mut RelayDaemon(Some(relay)), fields, std::future::pending()).await
}
