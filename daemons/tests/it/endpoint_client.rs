//! Those who ask a worker for its endpoint, and use its service with what they are told.

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

/// Somebody with a token.
#[derive(Debug)]
pub(crate) struct EndpointClient {
    /// Where the service is.
    pub(crate) url: String,
    /// What is shown there.
    token: String,
    /// What receipts are asked for.
    pub(crate) session: B256,
}

/// Sends a request from `key` to the holder of another one, and returns what is answered.
pub(crate) async fn send_request(
    world: &TestChain,
    key: &MessageKey,
    to: B256,
    request: &Message,
) -> Content {
    let seen = Arc::new(InMemoryReplayGuard::default());
    let mut post_box = Mailbox::open(key.clone(), world.transport.clone(), seen).await.unwrap();
    post_box.send(to, request).await.unwrap();
    loop {
        let delivery = post_box.next().await.unwrap();
        if delivery.is_reply_to(to, request) {
            return delivery.message.content;
        }
    }
}

impl EndpointClient {
    /// Asks the holder of the key `worker` for the endpoint of an agreement, by this right.
    pub(crate) async fn request_endpoint(
        world: &TestChain,
        key: &MessageKey,
        worker: B256,
        agreement: Address,
        claim: Claim,
    ) -> Result<Self, RefusalReason> {
        let request = Message::request(CHAIN_ID, agreement, Content::EndpointRequest { claim });
        match send_request(world, key, worker, &request).await {
            Content::EndpointReply(Endpoint { url, token }) => Ok(Self {
                url: url.expose_secret().to_owned(),
                token: token.expose_secret().to_owned(),
                session: Session::random().id(Address::ZERO),
            }),
            Content::Refusal { reason } => Err(reason),
            other => panic!("{other:?}"),
        }
    }

    /// Asks the service something: the status, and the receipt that came along.
    pub(crate) async fn get(&self) -> (StatusCode, Option<ServiceReceipt>) {
        let request = Client::new().get(format!("{}/hello", self.url)).bearer_auth(&self.token);
        let response =
            request.header(SESSION_HEADER, self.session.to_string()).send().await.unwrap();
        let receipt = response.headers().get(RECEIPT_HEADER).map(|text| text.to_str().unwrap());
        (response.status(), receipt.map(|text| text.parse().unwrap()))
    }

    /// The windows that the session's newest receipt names. The service must answer.
    pub(crate) async fn served(&self) -> u32 {
        let (status, receipt) = self.get().await;
        assert_eq!(status, StatusCode::OK);
        receipt.unwrap().served
    }
}
