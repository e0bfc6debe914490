//! Requests for a worker's endpoint, of testers and clients alike.

use alloy::primitives::B256;
use muster_client::Agreement;
use muster_messaging::{Claim, Content, Endpoint, Message, MessageError, RefusalReason};
use tokio::time::timeout;

use crate::request_client::{REPLY_TIMEOUT, RequestClient};

/// Why there is no endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EndpointFailure {
    /// The request could not be sent, which is not the worker's failure.
    #[error("request not sent")]
    NotSent,
    /// The worker sent no endpoint in time.
    #[error("no endpoint in time")]
    NoReply,
    /// The worker refused.
    #[error("endpoint refused: {0}")]
    Refused(RefusalReason),
    /// The worker serves by another document than the client bought by.
    #[error(
        "the worker serves by {}, and the client bought by document {bought}: cancel the agreement, or ask the worker to serve \
         by that document again",
        served.map_or("no application document".to_owned(), |served| format!("document {served}"))
    )]
    OtherDocument {
        /// The digest that the worker names.
        served: Option<B256>,
        /// The digest of the client's document.
        bought: B256,
    },
}

/// Asks the worker at `index` for its endpoint, once.
pub(crate) async fn request_endpoint(
    request_client: &RequestClient,
    agreement: &Agreement,
    index: u8,
    claim: Claim,
) -> Result<Endpoint, EndpointFailure> {
    let market = agreement.market();
    let worker = agreement.terms().worker(index).ok_or(EndpointFailure::NotSent)?.account;
    let key = market.key_of(worker).await.ok().flatten().ok_or(EndpointFailure::NotSent)?;
    let content = Content::EndpointRequest { claim };
    let request = Message::request(market.node().chain_id(), agreement.address(), content);
    match timeout(REPLY_TIMEOUT, request_client.request(key, request)).await {
        Ok(Ok(Content::EndpointReply(endpoint))) => Ok(endpoint),
        Ok(Ok(Content::Refusal { reason })) => Err(EndpointFailure::Refused(reason)),
        // The worker registered an invalid key, or sent a reply of another kind, or none.
        Ok(Ok(_) | Err(MessageError::InvalidKey(_))) | Err(_) => Err(EndpointFailure::NoReply),
        Ok(Err(_)) => Err(EndpointFailure::NotSent),
    }
}
