//! A running dev chain: start, use and stop.

use std::{sync::Arc, time::Duration};

use alloy::{primitives::U256, providers::RootProvider};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{
    Account, Address, CHAIN_ID, CallError, ChangeError, Config, Constructor, Contract, DeployError,
    NodeStopped, StartError, StateError, accounts,
    chain::{Chain, ChainThread, Genesis, GenesisFile},
    contracts::{self, Requests},
    error::{ChangeErrorKind, StartErrorKind},
    fork::ForkOptions,
    persistence::{StateFile, StateSaver},
    provider,
    restored::differences,
    rpc::{NodeContext, RequestHandler, Server, ServerHandle, serve},
    ticker::mine_periodically,
};

/// A snapshot of a chain, to which it can revert once.
#[derive(Debug)]
pub struct Snapshot(u64);

/// A dev chain that runs in this process until it is stopped or dropped.
///
/// All methods may be called at the same time, from any task; the chain runs them one after the
/// other.
#[derive(Debug)]
pub struct Devnode {
    /// Address that the server listens on.
    address: std::net::SocketAddr,
    /// Funded accounts.
    accounts: Vec<Account>,
    /// Runs tasks on the chain.
    chain_thread: ChainThread<NodeContext>,
    /// Stops the server.
    server: ServerHandle,
    /// Answers requests without a connection.
    request_handler: Arc<RequestHandler>,
    /// Mines blocks at an interval.
    ticker: JoinHandle<()>,
    /// Saves the chain to its file.
    state_saver: Option<StateSaver>,
}

impl Devnode {
    /// Starts a chain and returns once it answers requests. Needs a Tokio runtime, in which its
    /// tasks stay.
    ///
    /// # Errors
    /// If an address is in use, if no thread can be started, if the mnemonic, the origin or the
    /// genesis file is not valid, or if the state file cannot be read, is not a state file, is
    /// corrupted, or is in use by another chain.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        Self::try_start(config).await.map_err(StartError)
    }

    /// Starts a chain, from its state file if that exists.
    async fn try_start(config: Config) -> Result<Self, StartErrorKind> {
        let mut port = config.port;
        let mut listeners = Vec::new();
        for host in config.hosts {
            let listener = TcpListener::bind((host, port)).await?;
            port = listener.local_addr()?.port();
            listeners.push(listener);
        }
        let accounts = accounts::accounts(&config.mnemonic, config.accounts)?;
        let genesis_file = config.genesis_file.as_deref().map(GenesisFile::read).transpose()?;
        let genesis_file = genesis_file.unwrap_or_default();
        let own_chain_id = Some(config.chain_id).filter(|&id| id != CHAIN_ID);
        let (block_time, block_time_changes) = watch::channel(config.block_time);
        let file = config.state.map(StateFile::open).transpose()?;
        let genesis = Genesis {
            accounts: accounts.iter().skip(1).map(|account| account.address).collect(),
            balance: config.balance,
            timestamp: config.genesis.or_else(|| genesis_file.timestamp()),
            chain_id: own_chain_id.or_else(|| genesis_file.chain_id()).unwrap_or(CHAIN_ID),
            alloc: genesis_file.alloc,
            automine: config.automine,
            arbos: config.arbos,
            network: config.network,
            l1_price: config.l1_fee,
            l1_block_time: config.l1_block_time.map(|time| time.as_secs()),
        };
        let keys = accounts.clone();
        let fork = ForkOptions {
            url: config.fork_url,
            block: config.fork_block,
            cache: config.fork_cache,
        };
        let make_node = move || {
            let restored = file.as_ref().map(|file| file.read(&fork)).transpose()?.flatten();
            let mut chain = match restored {
                Some(chain) => {
                    for difference in differences(&chain, &genesis, own_chain_id) {
                        tracing::warn!("{difference}");
                    }
                    chain
                }
                None if fork.is_fork() => Chain::fork(&fork, &genesis)?,
                None => Chain::new(&genesis)?,
            };
            if let Some(chain_id) = own_chain_id.filter(|_| chain.forked().is_none()) {
                chain.set_chain_id(chain_id);
            }
            chain.set_order(config.order);
            chain.print_traces(config.print_traces);
            if !config.automine {
                chain.set_automine(false);
            }
            let changes = chain.changes().subscribe();
            let mut node = NodeContext::new(chain, &keys, (genesis, fork), block_time);
            node.impersonate_all(config.auto_impersonate);
            Ok::<_, StartErrorKind>((node, file.map(|file| (file, changes))))
        };
        let (chain_thread, state_file) = ChainThread::spawn(make_node).await?;
        let state_saver = match state_file {
            Some((file, changes)) => {
                Some(StateSaver::start(file, chain_thread.clone(), changes).await?)
            }
            None => None,
        };
        let server = serve(listeners, &config.allow_origin, chain_thread.clone())?;
        let ticker = tokio::spawn(mine_periodically(chain_thread.clone(), block_time_changes));
        let Server { address, handle: server, request_handler } = server;
        let request_handler = Arc::new(request_handler);
        Ok(Self { address, accounts, chain_thread, server, request_handler, ticker, state_saver })
    }

    /// URL of the HTTP endpoint.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// URL of the WebSocket endpoint.
    #[must_use]
    pub fn ws_url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Funded accounts: the dev account, which has paid for the set-up, then those of the mnemonic.
    #[must_use]
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// Answers the body of a JSON-RPC request or batch without a connection; the result is empty
    /// for notifications. Subscriptions are rejected.
    pub async fn raw_request(&self, body: &str) -> String {
        self.request_handler.handle(body).await
    }

    /// An alloy provider that calls this chain without a connection. It fails with [`NodeStopped`]
    /// once the chain is stopped or dropped. The node signs transactions of [`Self::accounts`].
    /// Subscriptions need a connection and are not supported.
    #[must_use]
    pub fn provider(&self) -> RootProvider {
        provider::provider(&self.request_handler)
    }

    /// Id of the chain.
    ///
    /// # Errors
    /// If the chain has stopped.
    pub async fn chain_id(&self) -> Result<u64, NodeStopped> {
        self.chain_thread.run(|node| node.chain.chain_id()).await.map_err(|_| NodeStopped)
    }

    /// Sets whether the calls of transactions and of `eth_call` are printed.
    pub(crate) async fn print_traces(&self, prints: bool) -> Result<(), NodeStopped> {
        let done = self.chain_thread.run(move |node| node.chain.print_traces(prints)).await;
        done.map_err(|_| NodeStopped)
    }

    /// Base fee in wei per gas, gas limit of a block, and unix second of block zero.
    #[cfg(feature = "cli")]
    pub(crate) async fn block_facts(&self) -> Result<(u64, u64, u64), NodeStopped> {
        let facts = |node: &mut NodeContext| {
            let chain = &node.chain;
            let genesis = chain.block(0).map(|block| block.header.timestamp).unwrap_or_default();
            (chain.base_fee(), chain.header_fields().gas_limit, genesis)
        };
        self.chain_thread.run(facts).await.map_err(|_| NodeStopped)
    }

    /// Sets the balance of an account in wei, in the latest block.
    ///
    /// # Errors
    /// If the chain has stopped, or if its fork cannot be read.
    pub async fn set_balance(
        &self,
        account: alloy::primitives::Address,
        balance: U256,
    ) -> Result<(), ChangeError> {
        self.change(move |node| node.chain.set_balance(account, balance)).await
    }

    /// Moves the clock forward by whole seconds; the next block has the new time.
    ///
    /// # Errors
    /// If the chain has stopped.
    pub async fn increase_time(&self, time: Duration) -> Result<(), NodeStopped> {
        let done =
            self.chain_thread.run(move |node| node.chain.increase_time(time.as_secs())).await;
        done.map_err(|_| NodeStopped)
    }

    /// Deploys a Stylus program as the dev account: creates it, activates it and calls its constructor,
    /// in one transaction through `StylusDeployer`, as cargo-stylus does. `wasm` is the module that the
    /// compiler wrote. A program that is too large for one account is deployed in fragments, from
    /// ArbOS 60 on.
    ///
    /// # Errors
    /// If the program is not valid, or if the constructor reverts.
    pub async fn deploy(
        &self,
        wasm: &[u8],
        constructor: Constructor,
    ) -> Result<Contract, DeployError> {
        let arbos = self.chain_thread.run(|node| node.chain.latest().arbos()).await;
        let arbos = arbos.map_err(|_| CallError::Stopped)?;
        contracts::deploy(Requests::new(&self.request_handler), arbos, wasm, constructor).await
    }

    /// The contract at an address, whatever is there.
    pub fn contract(&self, address: impl Into<Address>) -> Contract {
        Contract::new(address.into(), Requests::new(&self.request_handler))
    }

    /// Takes a snapshot of the chain.
    ///
    /// # Errors
    /// If there are too many, or if the chain has stopped.
    pub async fn snapshot(&self) -> Result<Snapshot, CallError> {
        let taken = self.chain_thread.run(|node| node.chain.snapshot()).await;
        let id = taken
            .map_err(|_| CallError::Stopped)?
            .map_err(|why| CallError::Rejected { code: -32_000, message: why.to_string() })?;
        Ok(Snapshot(id))
    }

    /// Reverts blocks, state, pool and clock to a snapshot, and discards it with all later ones. Returns
    /// false if it does not exist any more.
    ///
    /// # Errors
    /// If the chain has stopped.
    pub async fn revert(&self, snapshot: Snapshot) -> Result<bool, NodeStopped> {
        let reverted = self.chain_thread.run(move |node| node.revert(snapshot.0)).await;
        reverted.map_err(|_| NodeStopped)
    }

    /// Mines a block with the pooled transactions, if there are any.
    ///
    /// # Errors
    /// If the chain has stopped, or if its fork cannot be read.
    pub async fn mine(&self) -> Result<(), ChangeError> {
        self.change(|node| node.chain.mine()).await
    }

    /// Runs a task that changes the chain.
    async fn change(
        &self,
        task: impl FnOnce(&mut NodeContext) + Send + 'static,
    ) -> Result<(), ChangeError> {
        let done = self.chain_thread.run(|node| node.attempt(task)).await;
        Ok(done.map_err(ChangeErrorKind::from)?.map_err(ChangeErrorKind::from)?)
    }

    /// Stops the chain; returns once its port is free and its state file is written.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub async fn stop(mut self) -> Result<(), StateError> {
        let (server, state_saver) = (self.server.clone(), self.state_saver.take());
        drop(self);
        server.stopped().await;
        match state_saver {
            Some(saver) => saver.finish().await,
            None => Ok(()),
        }
    }
}

impl Drop for Devnode {
    fn drop(&mut self) {
        self.ticker.abort();
        self.server.stop();
    }
}
