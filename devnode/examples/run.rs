//! Runs a dev chain until it is interrupted. The only argument is the port, by default 8547.

use stylus_devnode::{Config, DEFAULT_PORT, Devnode};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = std::env::args().nth(1).map_or(Ok(DEFAULT_PORT), |port| port.parse())?;
    let node = Devnode::start(Config { port, ..Config::default() }).await?;
    eprintln!("{}", node.url());
    tokio::signal::ctrl_c().await?;
    node.stop().await?;
    Ok(())
}
