//! From the command line to a node or a market.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use alloy::primitives::Address;
use alloy::signers::local::PrivateKeySigner;
use muster_client::{Market, Node, NodeBuilder, Receipt};
use muster_daemons::{DaemonContext, Role};
use muster_messaging::{RelayPool, Transport};

use crate::account;
use crate::args::GlobalArgs;
use crate::config::Config;
use crate::deployments;
use crate::error::CliError;
use crate::output::{CommandOutput, Fields, print_event_line};
use crate::parse;

/// What every command is given.
#[derive(Debug)]
pub(crate) struct Context {
    /// Where, as whom, and how to answer.
    config: Config,
}

impl Context {
    /// The context of a command line.
    pub(crate) const fn new(settings: Config) -> Self {
        Self { config: settings }
    }

    /// What counts, and who said it.
    pub(crate) const fn config(&self) -> &Config {
        &self.config
    }

    /// What counts.
    pub(crate) const fn globals(&self) -> &GlobalArgs {
        &self.config.globals
    }

    /// Whether programs read the answers.
    pub(crate) const fn is_json(&self) -> bool {
        self.globals().json
    }

    /// The key of the account that the command line names; on a dev chain, if it names none, that of
    /// the dev account.
    pub(crate) fn signer(&self, chain_id: u64) -> Result<PrivateKeySigner, CliError> {
        match account::signer(self.globals())? {
            Some(signer) => Ok(signer),
            None if chain_id == stylus_devnode::CHAIN_ID => account::default_dev_account(),
            None => Err(CliError::NoAccount),
        }
    }

    /// The node, to look.
    pub(crate) async fn node(&self) -> Result<Node, CliError> {
        Ok(self.node_builder()?.connect().await?)
    }

    /// The node, with the account to sign.
    pub(crate) async fn signing_node(&self) -> Result<Node, CliError> {
        let chain_id = self.node().await?.chain_id();
        let signer = self.checked_signer(chain_id)?;
        Ok(self.node_builder()?.with_signer(signer).with_chain_id(chain_id).connect().await?)
    }

    /// What a program works with that keeps a state file: `state`, or the one of this name for the account and
    /// the market. Also where that file is.
    pub(crate) async fn daemon_context(
        &self,
        role: Role,
        name: &str,
        state: Option<&Path>,
        letters: Arc<dyn Transport>,
    ) -> Result<(DaemonContext, PathBuf), CliError> {
        let chain_id = self.node().await?.chain_id();
        let (signer, dispatcher) = (self.checked_signer(chain_id)?, self.dispatcher(chain_id)?);
        let path = if let Some(path) = state {
            path.to_owned()
        } else {
            let folder = self.globals().state_folder.as_deref().unwrap_or(Path::new(""));
            let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.map_err(|source| CliError::Write { path: folder.into(), source })?;
            let account = signer.address();
            folder.join(format!("{name}-{chain_id}-{dispatcher}-{account}.db"))
        };
        let connect = self.node_builder()?.with_chain_id(chain_id);
        let daemon_context =
            DaemonContext::open(connect, signer, dispatcher, role, &path, letters).await?;
        Ok((daemon_context, path))
    }

    /// The relays.
    pub(crate) fn transport(&self) -> Result<Arc<dyn Transport>, CliError> {
        Ok(Arc::new(RelayPool::connect(&self.globals().relay)?))
    }

    /// The market, to look.
    pub(crate) async fn market(&self) -> Result<Market, CliError> {
        self.open_market(self.node().await?).await
    }

    /// The market, with the account to sign.
    pub(crate) async fn signing_market(&self) -> Result<Market, CliError> {
        self.open_market(self.signing_node().await?).await
    }

    /// The market that is named or known.
    async fn open_market(&self, node: Node) -> Result<Market, CliError> {
        let dispatcher = self.dispatcher(node.chain_id())?;
        Ok(Market::open(node, dispatcher).await?)
    }

    /// The address of the market that is named or known.
    pub(crate) fn dispatcher(&self, chain_id: u64) -> Result<Address, CliError> {
        self.globals().market.map_or_else(|| deployments::dispatcher_on(chain_id), Ok)
    }

    /// The key of the account, unless it is one that everybody knows and the chain is public.
    fn checked_signer(&self, chain_id: u64) -> Result<PrivateKeySigner, CliError> {
        if self.globals().account.is_some() {
            account::reject_on_public_chain(chain_id)?;
        }
        self.signer(chain_id)
    }

    /// Where the nodes are.
    fn node_builder(&self) -> Result<NodeBuilder, CliError> {
        let urls = &self.globals().rpc;
        if urls.iter().all(|url| parse::is_url(url, &["http", "https", "ws", "wss"])) {
            Ok(NodeBuilder::new(urls.iter().map(String::as_str)))
        } else {
            Err(CliError::NodeUrl)
        }
    }

    /// Prints an answer.
    pub(crate) fn print(&self, page: &CommandOutput) -> Result<(), CliError> {
        page.print(self.is_json())
    }

    /// Prints what a transaction did.
    pub(crate) fn print_transaction(
        &self,
        page: CommandOutput,
        receipt: &Receipt,
    ) -> Result<(), CliError> {
        self.print(&page.transaction(receipt))
    }

    /// Prints where a program is that runs on: for programs in one line, so that they know when they have read all.
    pub(crate) fn print_ready(&self, facts: Fields) -> Result<(), CliError> {
        if self.is_json() {
            self.print_event("ready", &facts)
        } else {
            self.print(&CommandOutput::new(facts))
        }
    }

    /// Prints one event.
    pub(crate) fn print_event(&self, name: &str, facts: &Fields) -> Result<(), CliError> {
        print_event_line(name, facts, self.is_json())
    }
}
