//! Sends messages between a client, a worker and a tester over any Nostr relay, and prints a line for each step.
//!
//! `cargo run -p muster-messaging --example messages -- URL`, for example with the URL that `muster relay` prints.

#![expect(clippy::print_stdout, reason = "the lines are for the user")]

use std::error::Error;
use std::sync::Arc;

use alloy::primitives::Address;
use alloy::signers::local::PrivateKeySigner;
use muster_messaging::{
    Claim, Content, Delegation, Endpoint, InMemoryReplayGuard, Mailbox, Message, MessageKey, Pass,
    RelayPool,
};

/// The mailbox of a key, over a connection of its own.
async fn mailbox(key: &MessageKey, url: &str) -> Result<Mailbox, Box<dyn Error>> {
    let transport = Arc::new(RelayPool::connect([url])?);
    Ok(Mailbox::open(key.clone(), transport, Arc::new(InMemoryReplayGuard::default())).await?)
}

/// Prints that a step succeeded, or fails.
fn check(step: &str, succeeded: bool) -> Result<(), Box<dyn Error>> {
    if !succeeded {
        return Err(format!("FAIL  {step}").into());
    }
    println!("ok    {step}");
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).ok_or("give the URL of a relay: ws://127.0.0.1:7447")?;
    let [account, agreement] = [PrivateKeySigner::random(), PrivateKeySigner::random()];
    let (client_key, agreement) = (MessageKey::from_signer(&account)?, agreement.address());
    let [worker_key, tester_key] = [MessageKey::random(), MessageKey::random()];

    let mut client = mailbox(&client_key, &url).await?;
    let mut worker = mailbox(&worker_key, &url).await?;
    let request = |claim| Message::request(1, agreement, Content::EndpointRequest { claim });
    let client_request = request(Claim::Client {});
    client.send(worker.key(), &client_request).await?;
    let delivery = worker.next().await?;
    check(
        "a worker gets its client's request",
        delivery.message == client_request && delivery.sender == client.key(),
    )?;

    let endpoint =
        Endpoint { url: "https://worker.example".into(), token: "token".into(), application: None };
    let reply = client_request.reply(Content::EndpointReply(endpoint));
    worker.send(delivery.sender, &reply).await?;
    let delivery = client.next().await?;
    check(
        "a client gets the endpoint",
        delivery.is_reply_to(worker.key(), &client_request) && delivery.message == reply,
    )?;

    let key = tester_key.public();
    let delegation = Delegation::sign(&account, 1, agreement, key, u64::MAX)?;
    let pass = client_request.reply(Content::Pass(Pass { delegation, commitments: Vec::new() }));
    client.send(key, &pass).await?;
    // The tester subscribes only now.
    let mut tester = mailbox(&tester_key, &url).await?;
    let Content::Pass(Pass { delegation, .. }) = tester.next().await?.message.content else {
        return Err("FAIL  a pass waits for its tester".into());
    };
    let signer: Option<Address> = delegation.signer(1, agreement);
    check("a pass waits for its tester", signer == Some(account.address()))?;

    tester.send(worker.key(), &request(Claim::Delegate { delegation })).await?;
    let delivery = worker.next().await?;
    check("a worker gets the tester's request and nothing twice", delivery.sender == key)?;

    drop(worker);
    let mut restarted = mailbox(&worker_key, &url).await?;
    let senders = [restarted.next().await?.sender, restarted.next().await?.sender];
    let has_both = senders.contains(&client.key()) && senders.contains(&key);
    check("a relay delivers stored messages again after a restart", has_both)
}
