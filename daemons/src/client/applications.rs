//! By which application documents workers serve, as they say before anything is bought.

use std::sync::Arc;

use alloy::primitives::{Address, B256};
use muster_client::Market;
use muster_client::protocol::abi::Worker;
use muster_messaging::{
    ApplicationCommitment, Content, Message, MessageError, MessageKey, RefusalReason, Transport,
};
use tokio::time::{Duration, timeout};

use crate::error::DaemonError;
use crate::request_client::RequestClient;

/// How long a worker may take to say it. Whoever runs answers within a second.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// What a worker says of the application that it serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServedApplication {
    /// It does not answer.
    Silent,
    /// It serves by no document.
    NoDocument,
    /// It commits to serve by a document.
    Committed(ApplicationCommitment),
}

impl ServedApplication {
    /// The digest of the document, if there is one.
    #[must_use]
    pub const fn digest(&self) -> Option<B256> {
        match self {
            Self::Committed(commitment) => Some(commitment.digest),
            Self::Silent | Self::NoDocument => None,
        }
    }
}

/// By which document each of these workers serves. All are asked at the same time, under a fresh key. A commitment that a worker
/// has not signed, for this market and at least until now, counts as silence.
///
/// # Errors
/// Those of the market, or [`MessageError`] if messages cannot be sent.
pub async fn ask_applications(
    market: &Market,
    transport: Arc<dyn Transport>,
    workers: &[Worker],
) -> Result<Vec<ServedApplication>, DaemonError> {
    let requests = RequestClient::open(MessageKey::random(), transport).await?;
    let (place, now) = ((market.node().chain_id(), market.dispatcher()), market.now().await?);
    let ask = async |worker: &Worker| {
        let request = Message::request(place.0, place.1, Content::ApplicationRequest {});
        let reason = RefusalReason::NoDocument;
        match timeout(ANSWER_TIMEOUT, requests.request(worker.key, request)).await {
            Ok(Ok(Content::Application(commitment))) => {
                Ok(if is_valid(&commitment, place, worker.account, now) {
                    ServedApplication::Committed(commitment)
                } else {
                    ServedApplication::Silent
                })
            }
            Ok(Ok(reply)) if reply == (Content::Refusal { reason }) => {
                Ok(ServedApplication::NoDocument)
            }
            Ok(Ok(_) | Err(MessageError::InvalidKey(_))) | Err(_) => Ok(ServedApplication::Silent),
            Ok(Err(error)) => Err(error),
        }
    };
    Ok(futures::future::try_join_all(workers.iter().map(ask)).await?)
}

/// Whether a commitment is a worker's, and covers this tick.
fn is_valid(
    commitment: &ApplicationCommitment,
    place: (u64, Address),
    worker: Address,
    now: u64,
) -> bool {
    ApplicationCommitment::committed(std::slice::from_ref(commitment), place, worker, now).is_some()
}
