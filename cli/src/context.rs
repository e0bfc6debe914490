//! From the command line to a node or a market.

use alloy::signers::local::PrivateKeySigner;
use client::{Market, Node, Receipt};

use crate::account;
use crate::args::Globals;
use crate::error::CliError;
use crate::known;
use crate::output::{Facts, Page, print_line};

/// What every command is given.
#[derive(Debug)]
pub(crate) struct Context {
    /// Where, as whom, and how to answer.
    globals: Globals,
}

impl Context {
    /// The context of a command line.
    pub(crate) const fn new(globals: Globals) -> Self {
        Self { globals }
    }

    /// The key of the account that the command line names; on a dev chain, if it names none, that of
    /// the dev account.
    pub(crate) fn signer(&self, chain_id: u64) -> Result<PrivateKeySigner, CliError> {
        match account::signer(&self.globals)? {
            Some(signer) => Ok(signer),
            None if chain_id == devnode::CHAIN_ID => account::dev(),
            None => Err(CliError::NoAccount),
        }
    }

    /// The node, to look.
    pub(crate) async fn node(&self) -> Result<Node, CliError> {
        Ok(Node::connect(&self.globals.rpc, None).await?)
    }

    /// The node, with the account to sign.
    pub(crate) async fn node_to_sign(&self) -> Result<Node, CliError> {
        let chain_id = self.node().await?.chain_id();
        if self.globals.account.is_some() {
            account::check_public(chain_id)?;
        }
        let signer = self.signer(chain_id)?;
        Ok(Node::connect(&self.globals.rpc, Some(signer)).await?)
    }

    /// The market, to look.
    pub(crate) async fn market(&self) -> Result<Market, CliError> {
        self.market_on(self.node().await?).await
    }

    /// The market, with the account to sign.
    pub(crate) async fn market_to_sign(&self) -> Result<Market, CliError> {
        self.market_on(self.node_to_sign().await?).await
    }

    /// The market that is named or known.
    async fn market_on(&self, node: Node) -> Result<Market, CliError> {
        let dispatcher = match self.globals.market {
            Some(address) => address,
            None => known::market(node.chain_id())?,
        };
        Ok(Market::open(node, dispatcher).await?)
    }

    /// Prints an answer.
    pub(crate) fn print(&self, page: &Page) -> Result<(), CliError> {
        page.print(self.globals.json)
    }

    /// Prints what a transaction did.
    pub(crate) fn print_transaction(&self, page: Page, receipt: &Receipt) -> Result<(), CliError> {
        self.print(&page.transaction(receipt))
    }

    /// Prints one event.
    pub(crate) fn print_event(&self, name: &str, facts: &Facts) -> Result<(), CliError> {
        print_line(name, facts, self.globals.json)
    }
}
