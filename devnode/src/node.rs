//! A running dev chain, and how it is started and stopped.

use std::{io, sync::Arc, time::Duration};

use alloy::{
    primitives::{Address, U256},
    providers::RootProvider,
};
use jsonrpsee::server::ServerHandle;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle, time};

use crate::{
    Account, Config, StateError, accounts,
    chain::{Chain, ChainError, ChainThread},
    persistence::{StateFile, StateSaver},
    provider,
    rpc::{NodeContext, RequestHandler, ServeError, Server, serve},
};

/// The shortest time between blocks.
const MIN_BLOCK_TIME: Duration = Duration::from_millis(1);

/// A time between blocks that nobody waits for.
const NEVER: Duration = Duration::from_secs(1 << 30);

/// Why a dev chain does not start.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct StartError(#[from] StartErrorKind);

/// What went wrong.
#[derive(Debug, thiserror::Error)]
enum StartErrorKind {
    /// The address cannot be listened on, or there can be no thread.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The server cannot run.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The file that keeps the chain does not fit.
    #[error(transparent)]
    State(#[from] StateError),
    /// The chain refuses its own set-up.
    #[error("the chain cannot be set up: {0}")]
    Setup(#[from] ChainError),
    /// The chain ended while it was set up.
    #[error(transparent)]
    Stopped(#[from] crate::chain::ChainStopped),
}

/// The dev chain was stopped before, so it cannot be asked for anything.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the dev chain has stopped")]
pub struct NodeStopped;

/// A dev chain that runs in this process until it is stopped or dropped.
#[derive(Debug)]
pub struct Devnode {
    /// Where it answers.
    address: std::net::SocketAddr,
    /// Accounts that have money.
    accounts: Vec<Account>,
    /// The chain.
    chain_thread: ChainThread<NodeContext>,
    /// Stops the server.
    server: ServerHandle,
    /// Answers without a connection.
    request_handler: Arc<RequestHandler>,
    /// Makes blocks when nothing happens.
    ticker: JoinHandle<()>,
    /// Keeps the chain in a file.
    state_saver: Option<StateSaver>,
}

impl Devnode {
    /// Starts a chain and returns when it answers.
    ///
    /// # Errors
    /// If the address is taken, the machine refuses a thread, or the file that keeps the chain is
    /// none, is damaged, or belongs to another chain that runs.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        Self::try_start(config).await.map_err(StartError)
    }

    /// Starts a chain, with what is in its file if there is one.
    async fn try_start(config: Config) -> Result<Self, StartErrorKind> {
        let listener = TcpListener::bind((config.host, config.port)).await?;
        let accounts = accounts::accounts(config.accounts);
        let (block_time, block_time_changes) = watch::channel(config.block_time);
        let file = config.state.map(StateFile::open).transpose()?;
        let (known, genesis) = (accounts.clone(), config.genesis);
        let make = move || {
            let restored = file.as_ref().map(StateFile::read).transpose()?.flatten();
            let chain = restored.map_or_else(|| new_chain(&known, genesis), Ok)?;
            let changes = chain.changes().subscribe();
            Ok::<_, StartErrorKind>((
                NodeContext::new(chain, &known, genesis, block_time),
                file.map(|file| (file, changes)),
            ))
        };
        let (chain_thread, kept) = ChainThread::spawn(make).await?;
        let saver = match kept {
            Some((file, changes)) => {
                Some(StateSaver::start(file, chain_thread.clone(), changes).await?)
            }
            None => None,
        };
        let server = serve(listener, chain_thread.clone())?;
        let ticker = tokio::spawn(mine_periodically(chain_thread.clone(), block_time_changes));
        let Server { address, handle: server, request_handler: handler } = server;
        let bodies = Arc::new(handler);
        Ok(Self {
            address,
            accounts,
            chain_thread,
            server,
            request_handler: bodies,
            ticker,
            state_saver: saver,
        })
    }

    /// Where it answers over HTTP.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it answers over WebSocket.
    #[must_use]
    pub fn ws_url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Accounts with 1000 ether each; the first is the dev account, which has paid for the set-up.
    #[must_use]
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// The answer to the body of a JSON-RPC request, or of a batch of them, without a connection;
    /// empty if the body wants none.
    pub async fn raw_request(&self, body: &str) -> String {
        self.request_handler.handle(body).await
    }

    /// An alloy provider that asks this chain without a connection; it has an error to say once the chain is
    /// stopped or dropped. The node signs what it sends for [`Self::accounts`]. There are no subscriptions,
    /// which need a connection.
    #[must_use]
    pub fn provider(&self) -> RootProvider {
        provider::provider(&self.request_handler)
    }

    /// Sets the balance of an account, in wei.
    ///
    /// # Errors
    /// If the chain has stopped.
    pub async fn set_balance(&self, account: Address, balance: U256) -> Result<(), NodeStopped> {
        let done =
            self.chain_thread.run(move |node| node.chain.set_balance(account, balance)).await;
        done.map_err(|_| NodeStopped)
    }

    /// Moves the clock forward; blocks from the next one on are that much later.
    ///
    /// # Errors
    /// If the chain has stopped.
    pub async fn increase_time(&self, time: Duration) -> Result<(), NodeStopped> {
        let done =
            self.chain_thread.run(move |node| node.chain.increase_time(time.as_secs())).await;
        done.map_err(|_| NodeStopped)
    }

    /// Makes a block without transactions.
    ///
    /// # Errors
    /// If the chain has stopped.
    pub async fn mine(&self) -> Result<(), NodeStopped> {
        self.chain_thread.run(|node| node.chain.mine()).await.map_err(|_| NodeStopped)
    }

    /// Stops the chain and waits until its port is free and its file is written.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub async fn stop(mut self) -> Result<(), StateError> {
        let (server, saver) = (self.server.clone(), self.state_saver.take());
        drop(self);
        server.stopped().await;
        match saver {
            Some(keeper) => keeper.finish().await,
            None => Ok(()),
        }
    }
}

impl Drop for Devnode {
    fn drop(&mut self) {
        self.ticker.abort();
        // It may have been stopped already.
        let _ = self.server.stop();
    }
}

/// A chain that nobody has used, with money for these accounts.
fn new_chain(accounts: &[Account], genesis: Option<u64>) -> Result<Chain, ChainError> {
    let funded: Vec<Address> = accounts.iter().skip(1).map(|account| account.address).collect();
    Chain::new(&funded, genesis)
}

/// Makes a block in every period, as long as there is one.
async fn mine_periodically(
    chain_thread: ChainThread<NodeContext>,
    mut block_time: watch::Receiver<Option<Duration>>,
) {
    loop {
        let period = *block_time.borrow_and_update();
        let mut clock = time::interval(period.unwrap_or(NEVER).max(MIN_BLOCK_TIME));
        clock.tick().await;
        loop {
            tokio::select! {
                // A change comes first, so that no period outlives it.
                biased;
                changed = block_time.changed() => match changed {
                    Ok(()) => break,
                    Err(_) => return,
                },
                _ = clock.tick() => if chain_thread.run(|node| node.chain.mine()).await.is_err() {
                    return;
                },
            }
        }
    }
}
