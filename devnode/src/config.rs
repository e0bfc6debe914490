//! Configuration of a dev chain.

use std::{
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    time::Duration,
};

use crate::{ArbosVersion, CHAIN_ID, DEFAULT_MNEMONIC, Network, TransactionOrder};

/// Default port of Nitro's dev node, and of this one.
pub const DEFAULT_PORT: u16 = 8547;

/// Default balance of the accounts of the mnemonic: 10,000 ether in wei.
const DEFAULT_BALANCE: u128 = 10_000 * 1_000_000_000_000_000_000;

/// Configuration of a [`crate::Devnode`].
#[derive(Clone, Debug)]
pub struct Config {
    /// Addresses to listen on; the URLs are those of the first.
    pub hosts: Vec<IpAddr>,
    /// Port for HTTP and WebSocket on each of them; 0 picks a free one.
    pub port: u16,
    /// Origin whose pages may read responses over HTTP; `*` means every one.
    pub allow_origin: String,
    /// Interval between blocks, mined even if they are empty; `None` mines only when a transaction
    /// arrives.
    pub block_time: Option<Duration>,
    /// Whether each transaction is mined at once; otherwise it waits for [`Self::block_time`] or a
    /// request to mine.
    pub automine: bool,
    /// Order of the transactions that wait.
    pub order: TransactionOrder,
    /// Number of accounts of the mnemonic, besides the dev account.
    pub accounts: u16,
    /// Mnemonic of these accounts: BIP-39 in English, derivation path `m/44'/60'/0'/0/index`.
    pub mnemonic: String,
    /// Balance of each of them in wei. The dev account has 1000 ether.
    pub balance: u128,
    /// Whether every account may send transactions without a signature.
    pub auto_impersonate: bool,
    /// Id of the chain. Another one than [`CHAIN_ID`] overrides that of [`Self::state`].
    pub chain_id: u64,
    /// Whether a tree of the calls of each transaction and `eth_call` is logged.
    pub print_traces: bool,
    /// Genesis file of geth with accounts that exist from the start. Its `timestamp`, and the
    /// `chainId` of its `config`, stand in for [`Self::genesis`] and [`Self::chain_id`] where those
    /// have their defaults; its other fields are ignored.
    pub genesis_file: Option<PathBuf>,
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
    /// URL of a node of an Arbitrum chain, or of another dev chain, that this chain continues: its
    /// accounts, code and storage are fetched on demand. The chain keeps its id, its version of ArbOS
    /// and its parameters, so [`Self::chain_id`], [`Self::genesis_file`], [`Self::arbos`] and
    /// [`Self::network`] have no effect.
    pub fork_url: Option<String>,
    /// Height of the last block that a fork takes over; `None` means the latest, or the only one in
    /// [`Self::fork_cache`].
    pub fork_block: Option<u64>,
    /// Folder that keeps what a fork has fetched. Without [`Self::fork_url`], the fork reads from it
    /// alone.
    pub fork_cache: Option<PathBuf>,
    /// File that keeps the chain between runs; `None` discards the chain at the end. If the file
    /// exists, it overrides [`Self::accounts`], [`Self::genesis`] and what is between.
    pub state: Option<PathBuf>,
}

impl Default for Config {
    /// 127.0.0.1:8547, every origin, blocks on transactions only, ten accounts of the usual mnemonic
    /// with 10,000 ether, genesis now, ArbOS 61, no files, id and fees of a Nitro dev node.
    fn default() -> Self {
        Self {
            hosts: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
            port: DEFAULT_PORT,
            allow_origin: "*".to_owned(),
            block_time: None,
            automine: true,
            order: TransactionOrder::default(),
            accounts: 10,
            mnemonic: DEFAULT_MNEMONIC.to_owned(),
            balance: DEFAULT_BALANCE,
            auto_impersonate: false,
            chain_id: CHAIN_ID,
            print_traces: false,
            genesis_file: None,
            genesis: None,
            arbos: ArbosVersion::default(),
            network: Network::Dev,
            l1_fee: None,
            l1_block_time: None,
            fork_url: None,
            fork_block: None,
            fork_cache: None,
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
