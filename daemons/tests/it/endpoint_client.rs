//! Asks a worker for its endpoint, and uses its service.

use std::sync::Arc;

use alloy::primitives::{Address, B256};
use muster_client::{ServiceReceipt, Session};
use muster_gateway::{RECEIPT_HEADER, SESSION_HEADER};
use muster_messaging::{
    Claim, Content, Endpoint, ExposeSecret, InMemoryReplayGuard, Mailbox, Message, MessageKey,
    RefusalReason,
};
use reqwest::{Client, StatusCode};
use stylus_devnode::CHAIN_ID;

use crate::harness::TestChain;

/// The holder of a token.
#[derive(Debug)]
pub(crate) struct EndpointClient {
    /// The service's URL.
    pub(crate) url: String,
    /// The token.
    token: String,
    /// The session that receipts are for.
    pub(crate) session: B256,
}

/// Sends a request under `key`, and returns the reply of the key `to`.
pub(crate) async fn send_request(
    chain: &TestChain,
    key: &MessageKey,
    to: B256,
    request: &Message,
) -> Content {
    let replay_guard = Arc::new(InMemoryReplayGuard::default());
    let mut mailbox =
        Mailbox::open(key.clone(), chain.transport.clone(), replay_guard).await.unwrap();
    mailbox.send(to, request).await.unwrap();
    loop {
        let delivery = mailbox.next().await.unwrap();
        if delivery.is_reply_to(to, request) {
            return delivery.message.content;
        }
    }
}

impl EndpointClient {
    /// Asks the key `worker` for the endpoint of an agreement, with this claim.
    pub(crate) async fn request_endpoint(
        chain: &TestChain,
        key: &MessageKey,
        worker: B256,
        agreement: Address,
        claim: Claim,
    ) -> Result<Self, RefusalReason> {
        let request = Message::request(CHAIN_ID, agreement, Content::EndpointRequest { claim });
        match send_request(chain, key, worker, &request).await {
            Content::EndpointReply(Endpoint { url, token, .. }) => Ok(Self {
                url: url.expose_secret().to_owned(),
                token: token.expose_secret().to_owned(),
                session: Session::random().id(Address::ZERO, 0),
            }),
            Content::Refusal { reason } => Err(reason),
            other => panic!("{other:?}"),
        }
    }

    /// Sends a request to the service; returns the status and the receipt of the response.
    pub(crate) async fn get(&self) -> (StatusCode, Option<ServiceReceipt>) {
        let request = Client::new().get(format!("{}/hello", self.url)).bearer_auth(&self.token);
        let response =
            request.header(SESSION_HEADER, self.session.to_string()).send().await.unwrap();
        let receipt = response.headers().get(RECEIPT_HEADER).map(|text| text.to_str().unwrap());
        (response.status(), receipt.map(|text| text.parse().unwrap()))
    }

    /// The window of the session's newest receipt, and the number of its parts. The service must respond.
    pub(crate) async fn served(&self) -> (u8, u32) {
        let (status, receipt) = self.get().await;
        assert_eq!(status, StatusCode::OK);
        let receipt = receipt.unwrap();
        (receipt.window, receipt.parts.count_ones())
    }
}
