//! What every command gets: the configuration, and the way from it to a node, a market, relays and an account.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use alloy::primitives::Address;
use alloy::signers::local::PrivateKeySigner;
use muster_client::{Market, Node, NodeBuilder, Receipt};
use muster_daemons::{DaemonContext, OrderFolder, Role};
use muster_messaging::{ProxyUrl, RelayPool, Transport};
use secrecy::SecretString;

use crate::aliases::Aliases;
use crate::clock::TickClock;
use crate::config::Config;
use crate::deployments;
use crate::error::{CliError, KeyError};
use crate::keys::{self, DevAccount};
use crate::logs;
use crate::options::global::GlobalArgs;
use crate::output::{CommandOutput, Fields, Table, print_event_line};
use crate::parse;

/// The configuration, and everything that commands make of it.
#[derive(Debug)]
pub(crate) struct Context {
    /// Every setting, and where it comes from.
    config: Config,
}

impl Context {
    /// The context of a configuration.
    pub(crate) const fn new(config: Config) -> Self {
        Self { config }
    }

    /// Every setting, and where it comes from.
    pub(crate) const fn config(&self) -> &Config {
        &self.config
    }

    /// Every setting.
    const fn globals(&self) -> &GlobalArgs {
        &self.config.globals
    }

    /// Whether results are printed as JSON.
    pub(crate) const fn is_json(&self) -> bool {
        self.globals().json
    }

    /// The key of the configured account: that of --account, else of --keystore, else --key; `None` if none is given.
    ///
    /// # Errors
    /// Those of reading a keystore.
    pub(crate) fn configured_signer(&self) -> Result<Option<PrivateKeySigner>, CliError> {
        let globals = self.globals();
        if let Some(account) = &globals.account {
            return Ok(Some(account.signer().clone()));
        }
        if let Some(path) = &globals.keystore {
            return keys::open_keystore(path, globals.password_file.as_deref()).map(Some);
        }
        let key = globals.key.as_ref().map(keys::parse_private_key);
        key.transpose().map_err(|_| KeyError::Invalid.into())
    }

    /// The key of the configured account; on a dev chain, without one, that of the funded dev account.
    ///
    /// # Errors
    /// [`KeyError::NoAccount`], [`KeyError::DevAccountOnPublicChain`], or those of reading a keystore.
    pub(crate) fn signer(&self, chain_id: u64) -> Result<PrivateKeySigner, CliError> {
        if self.globals().account.is_some() {
            keys::ensure_chain_is_private(chain_id)?;
        }
        match self.configured_signer()? {
            Some(signer) => Ok(signer),
            None if chain_id == stylus_devnode::CHAIN_ID => {
                Ok(DevAccount::funded()?.signer().clone())
            }
            None => Err(KeyError::NoAccount.into()),
        }
    }

    /// How people call the account that signs: by its alias, as a dev account, or by its address.
    fn account_name(&self, address: Address) -> String {
        let alias = Aliases::known().ok().and_then(|aliases| aliases.name(address));
        let dev = self.globals().account.as_ref().filter(|dev| dev.address() == address);
        let name = alias.or_else(|| dev.map(DevAccount::name));
        name.map_or_else(|| address.to_string(), str::to_owned)
    }

    /// The password for keystores.
    ///
    /// # Errors
    /// [`CliError::Read`] or [`KeyError::NoPassword`].
    pub(crate) fn keystore_password(&self) -> Result<SecretString, CliError> {
        keys::read_password(self.globals().password_file.as_deref())
    }

    /// The node, without an account.
    pub(crate) async fn node(&self) -> Result<Node, CliError> {
        Ok(self.node_builder()?.connect().await?)
    }

    /// The node, with the account.
    pub(crate) async fn signing_node(&self) -> Result<Node, CliError> {
        let chain_id = self.node().await?.chain_id();
        let signer = self.signer(chain_id)?;
        Ok(self.node_builder()?.with_signer(signer).with_chain_id(chain_id).connect().await?)
    }

    /// What a program with a state file works with, and where that file is: `state`, or the file of this name for the
    /// account and the market in the state folder, which is created if it does not exist.
    ///
    /// # Errors
    /// [`CliError::Write`] for the folder, or those of node, account and state file.
    pub(crate) async fn daemon_context(
        &self,
        role: Role,
        name: &str,
        state: Option<&Path>,
        transport: Arc<dyn Transport>,
    ) -> Result<(DaemonContext, PathBuf), CliError> {
        let chain_id = self.node().await?.chain_id();
        let (signer, dispatcher) = (self.signer(chain_id)?, self.dispatcher(chain_id)?);
        let path = if let Some(path) = state {
            path.to_owned()
        } else {
            let account = signer.address();
            self.state_path(&format!("{name}-{chain_id}-{dispatcher}-{account}.db"))?
        };
        let connect = self.node_builder()?.with_chain_id(chain_id);
        logs::name_account(self.account_name(signer.address()));
        let daemon_context =
            DaemonContext::open(connect, signer, dispatcher, role, &path, transport).await?;
        let daemon_context = daemon_context.with_orders(self.order_folder(chain_id)?);
        Ok((daemon_context, path))
    }

    /// The file of this name and extension for the account and the market in the state folder, which is created if it does
    /// not exist.
    ///
    /// # Errors
    /// [`CliError::Write`] for the folder, or those of node and account.
    pub(crate) async fn account_file(
        &self,
        name: &str,
        extension: &str,
    ) -> Result<PathBuf, CliError> {
        let chain_id = self.node().await?.chain_id();
        let (account, dispatcher) = (self.signer(chain_id)?.address(), self.dispatcher(chain_id)?);
        self.state_path(&format!("{name}-{chain_id}-{dispatcher}-{account}.{extension}"))
    }

    /// Where the order files of the account and the market are, in the state folder.
    ///
    /// # Errors
    /// Those of account and market.
    pub(crate) fn order_folder(&self, chain_id: u64) -> Result<OrderFolder, CliError> {
        let (account, dispatcher) = (self.signer(chain_id)?.address(), self.dispatcher(chain_id)?);
        let name = format!("orders-{chain_id}-{dispatcher}-{account}");
        Ok(OrderFolder::new(&self.state_folder().join(name)))
    }

    /// A file in the state folder, which is created if it does not exist.
    ///
    /// # Errors
    /// [`CliError::Write`].
    pub(crate) fn state_path(&self, name: &str) -> Result<PathBuf, CliError> {
        let folder = self.state_folder();
        let created = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        created.map_err(|source| CliError::Write { path: folder.into(), source })?;
        Ok(folder.join(name))
    }

    /// The folder for state files.
    pub(crate) fn state_folder(&self) -> &Path {
        self.globals().state_folder.as_deref().unwrap_or(Path::new(""))
    }

    /// The relays.
    pub(crate) fn transport(&self) -> Result<Arc<dyn Transport>, CliError> {
        Ok(Arc::new(RelayPool::connect_through(self.proxy(), &self.globals().relay)?))
    }

    /// The URLs of the relays.
    pub(crate) fn relays(&self) -> &[String] {
        &self.globals().relay
    }

    /// The proxy for connections to workers and relays.
    pub(crate) const fn proxy(&self) -> Option<&ProxyUrl> {
        self.globals().proxy.as_ref()
    }

    /// The market, without an account.
    pub(crate) async fn market(&self) -> Result<Market, CliError> {
        self.open_market(self.node().await?).await
    }

    /// The market, with the account.
    pub(crate) async fn signing_market(&self) -> Result<Market, CliError> {
        self.open_market(self.signing_node().await?).await
    }

    /// The market's clock, to show people what its ticks mean; with --json, which has ticks alone, nothing is asked.
    pub(crate) async fn clock(&self, market: &Market) -> Result<TickClock, CliError> {
        if self.is_json() { Ok(TickClock::UNKNOWN) } else { Ok(TickClock::of(market).await?) }
    }

    /// Another market on this node's chain.
    pub(crate) async fn market_at(&self, dispatcher: Address) -> Result<Market, CliError> {
        Ok(Market::open(self.node().await?, dispatcher).await?)
    }

    /// The market on this node's chain.
    async fn open_market(&self, node: Node) -> Result<Market, CliError> {
        let dispatcher = self.dispatcher(node.chain_id())?;
        Ok(Market::open(node, dispatcher).await?)
    }

    /// The configured market, else the one that `deploy` recorded for the chain.
    ///
    /// # Errors
    /// [`CliError::NoMarket`], or those of reading the record.
    pub(crate) fn dispatcher(&self, chain_id: u64) -> Result<Address, CliError> {
        self.globals().market.map_or_else(|| deployments::dispatcher_on(chain_id), Ok)
    }

    /// The configured nodes, not connected yet.
    fn node_builder(&self) -> Result<NodeBuilder, CliError> {
        let urls = &self.globals().rpc;
        if urls.iter().all(|url| parse::is_url(url, &["http", "https", "ws", "wss"])) {
            Ok(NodeBuilder::new(urls.iter().map(String::as_str)))
        } else {
            Err(CliError::NodeUrl)
        }
    }

    /// The URL of the preferred node.
    ///
    /// # Errors
    /// [`CliError::NodeUrl`].
    pub(crate) fn preferred_node(&self) -> Result<&str, CliError> {
        self.globals().rpc.first().map(String::as_str).ok_or(CliError::NodeUrl)
    }

    /// Prints a result.
    pub(crate) fn print(&self, output: &CommandOutput) -> Result<(), CliError> {
        output.print(self.is_json())
    }

    /// Prints a result and its transaction.
    pub(crate) fn print_transaction(
        &self,
        output: CommandOutput,
        receipt: &Receipt,
    ) -> Result<(), CliError> {
        self.print(&output.transaction(receipt))
    }

    /// Prints that a program that keeps running is ready: in JSON as one line, so that its reader knows when it has
    /// read everything.
    pub(crate) fn print_ready(&self, fields: Fields) -> Result<(), CliError> {
        if self.is_json() {
            self.print_event("ready", &fields)
        } else {
            self.print(&CommandOutput::new(fields))
        }
    }

    /// As [`Context::print_ready`], with a table for people.
    pub(crate) fn print_ready_with(&self, fields: Fields, table: Table) -> Result<(), CliError> {
        if self.is_json() {
            self.print_ready(fields)
        } else {
            self.print(&CommandOutput::new(fields).table(table))
        }
    }

    /// Prints an event in one line.
    pub(crate) fn print_event(&self, name: &str, fields: &Fields) -> Result<(), CliError> {
        print_event_line(name, fields, self.is_json())
    }
}
