//! What a dashboard shows.

use alloy::primitives::Address;
use muster_client::Market;
use muster_index::Index;

/// What a dashboard works with.
#[derive(Clone, Debug)]
pub struct DashboardConfig {
    /// Where the market is indexed, by this process or another one.
    pub index: Index,
    /// The chain's id.
    pub chain_id: u64,
    /// The market's contract.
    pub market: Address,
    /// The market on its chain, without an account, which simulates what visitors want to sign; without it, pages only show.
    pub node: Option<Market>,
    /// Application documents that visitors may read. What they say is shown as text, whoever wrote it.
    pub documents: Vec<DocumentText>,
}

/// What an application document says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DocumentText {
    /// The application's name.
    pub name: String,
    /// The version.
    pub version: String,
    /// What its services understand: the URL of a description, or a text.
    pub api: String,
    /// Its canonical form.
    pub canonical: String,
    /// The SHA-256 of that in hexadecimal.
    pub digest: String,
}
