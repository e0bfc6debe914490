//! Configuration of a dev chain.

use std::{
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    time::Duration,
};

use crate::{ArbosVersion, Network};

/// Default port of Nitro's dev node, and of this one.
pub const DEFAULT_PORT: u16 = 8547;

/// Configuration of a [`crate::Devnode`].
#[derive(Clone, Debug)]
pub struct Config {
    /// Address to listen on.
    pub host: IpAddr,
    /// Port for HTTP and WebSocket; 0 picks a free one.
    pub port: u16,
    /// Interval between blocks, mined even if they are empty; `None` mines only when a transaction
    /// arrives.
    pub block_time: Option<Duration>,
    /// Number of accounts with 1000 ether, besides the dev account.
    pub accounts: u16,
    /// Unix second of block zero and of the set-up, from which the clock runs on; `None` means now.
    /// Chains with the same second and number of accounts have the same first blocks.
    pub genesis: Option<u64>,
    /// Version of ArbOS.
    pub arbos: ArbosVersion,
    /// The network whose fees and parameters the chain has.
    pub network: Network,
    /// Wei per unit of data on the parent chain, sixteen units per compressed byte; `None` uses the
    /// price of the network.
    pub l1_fee: Option<u64>,
    /// Time between blocks of the parent chain in whole seconds; zero stops it, `None` uses that of
    /// the network.
    pub l1_block_time: Option<Duration>,
    /// File that keeps the chain between runs; `None` discards the chain at the end. If the file
    /// exists, it overrides [`Self::accounts`], [`Self::genesis`] and what is between.
    pub state: Option<PathBuf>,
}

impl Default for Config {
    /// 127.0.0.1:8547, blocks on transactions only, nine more accounts, genesis now, ArbOS 61, no
    /// state file, fees of a Nitro dev node.
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: DEFAULT_PORT,
            block_time: None,
            accounts: 9,
            genesis: None,
            arbos: ArbosVersion::default(),
            network: Network::Dev,
            l1_fee: None,
            l1_block_time: None,
            state: None,
        }
    }
}

impl Config {
    /// Defaults with any free port, for tests.
    #[must_use]
    pub fn any_port() -> Self {
        Self { port: 0, ..Self::default() }
    }
}
