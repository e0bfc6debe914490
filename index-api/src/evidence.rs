//! Evidence that the operator publishes: that workers signed wrong results of jobs.

use muster_index::query::{Account, Hash};
use serde::Serialize;
use utoipa::ToSchema;

/// Evidence that workers signed results of one job that contradict each other. Its signatures were checked by who published it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PublishedEvidence {
    /// The SHA-256 of the document, in hexadecimal.
    pub id: Hash,
    /// The chain of the agreements.
    pub chain_id: u64,
    /// The job's id.
    pub job: Hash,
    /// The agreements whose workers signed.
    pub agreements: Vec<Account>,
    /// The workers that signed.
    pub workers: Vec<Account>,
    /// The workers that signed two different results, and so are wrong whatever the right one is.
    pub wrong: Vec<Account>,
    /// The document, as `muster job verify` reads it.
    #[serde(skip)]
    pub document: String,
}
