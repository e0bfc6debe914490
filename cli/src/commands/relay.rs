//! `muster relay`: a relay for messages in this process.

use std::net::SocketAddr;

use clap::Args;
use muster_daemons::{Agent, AgentError, Waiting};
use muster_messaging::MessageError;
use muster_relay::{Relay, RelayConfig, RelayUrl};

use crate::context::Context;
use crate::daemon;
use crate::error::CliError;
use crate::output::Cell;
use crate::parse;

/// What can be chosen.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Address and port to listen on, for WebSocket; port 0 is any free one
    #[arg(long, value_name = "IP:PORT", value_parser = parse::socket, default_value = "127.0.0.1:7447")]
    listen: SocketAddr,

    /// Give messages only to those who prove that they hold the key that the messages are for (NIP-42)
    #[arg(long)]
    login: bool,

    /// URL by which everybody reaches the relay, which such a proof names; without it, the address above
    #[arg(long, value_name = "URL", requires = "login")]
    url: Option<RelayUrl>,

    /// Connections at a time from one address, or one IPv6 network of 64 bits; behind a proxy, which then has to count
    /// them itself, these are all; without it, 128
    #[arg(long, value_name = "N")]
    per_address: Option<usize>,

    /// How others see how it is.
    #[command(flatten)]
    health: daemon::Health,
}

/// A relay, as daemons are: it works by itself, and its steps only look whether it still does.
struct Running(Option<Relay>);

impl Agent for Running {
    async fn step(&mut self) -> Result<Waiting, AgentError> {
        match &self.0 {
            Some(relay) if relay.is_listening() => Ok(Waiting::for_a("messages")),
            _ => Err(MessageError::TransportClosed.into()),
        }
    }

    async fn stop(&mut self) {
        if let Some(relay) = self.0.take() {
            relay.stop().await;
        }
    }
}

/// Runs the relay until it is told to end.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let Options { listen, login, url, per_address, health } = options;
    let mut config = RelayConfig { listen, require_auth: login, url, ..RelayConfig::default() };
    config.limits.per_address = per_address.unwrap_or(config.limits.per_address);
    let relay = Relay::start(config).await?;
    let facts = vec![("url", Cell::text(relay.url()))];
    daemon::run(context, health, &mut Running(Some(relay)), facts, std::future::pending()).await
}
