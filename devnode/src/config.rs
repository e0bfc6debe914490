//! What can be chosen about a dev chain.

use std::{
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    time::Duration,
};

/// The port that Nitro's dev node listens on.
pub const DEFAULT_PORT: u16 = 8547;

/// Settings of a [`crate::Devnode`].
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen.
    pub host: IpAddr,
    /// The port for HTTP and WebSocket; 0 for any that is free.
    pub port: u16,
    /// How often a block is made even if nothing happens; `None` for only when something does.
    pub block_time: Option<Duration>,
    /// How many accounts have 1000 ether besides the dev account.
    pub accounts: u16,
    /// The unix second of block zero and of the set-up, from which the clock goes on; `None` for now.
    /// With the same second and as many accounts, chains begin with the same blocks.
    pub genesis: Option<u64>,
    /// A file that the chain is kept in from one run to the next; `None` for a chain that is gone at
    /// the end. A file wins over [`Self::accounts`] and [`Self::genesis`].
    pub state: Option<PathBuf>,
}

impl Default for Config {
    /// 127.0.0.1:8547, blocks only for transactions, nine more accounts, begun now, kept nowhere.
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: DEFAULT_PORT,
            block_time: None,
            accounts: 9,
            genesis: None,
            state: None,
        }
    }
}

impl Config {
    /// For tests: any free port.
    #[must_use]
    pub fn any_port() -> Self {
        Self { port: 0, ..Self::default() }
    }
}
