//! The proxy as a program.

use std::io::{self, Write};
use std::net::SocketAddr;

use clap::Parser;
use muster_node_proxy::{Behavior, NodeProxy, Words};

/// Plays a node that is sold, in front of another one, and counts requests.
#[derive(Debug, Parser)]
struct Options {
    /// URL of the node behind it
    #[arg(long, value_name = "URL")]
    to: String,
    /// Address to listen on; port 0 is any free one
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Requests a second that it answers [default: all]
    #[arg(long, value_name = "NUMBER")]
    per_second: Option<u32>,
    /// Blocks whose logs it sends at once [default: all]
    #[arg(long, value_name = "BLOCKS")]
    log_range: Option<u64>,
    /// Print the URL as JSON, as it does anyway: scripts start all programs alike
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let Options { to, listen, per_second, log_range, json: _ } = Options::parse();
    let rate = per_second.map(|rate| Behavior::PerSecond(rate, Words::Status));
    let behaviors = rate.into_iter().chain(log_range.map(Behavior::LogRange)).collect();
    let mut proxy = NodeProxy::listen(listen, &to, behaviors).await?;
    writeln!(io::stdout(), "{{\"url\": \"{}\"}}", proxy.url)?;
    proxy.ended().await;
    Ok(())
}
