//! Letters between a client, a worker and a tester over a relay of anybody's: prints a line for each step.
//!
//! `cargo run -p muster-messaging --example messages -- URL`, for example with what `muster relay` prints.

#![expect(clippy::print_stdout, reason = "this is what a person reads")]

use std::error::Error;
use std::sync::Arc;

use alloy::primitives::Address;
use alloy::signers::local::PrivateKeySigner;
use muster_messaging::{
    Claim, Content, Delegation, InMemoryReplayGuard, Mailbox, Message, MessageKey, RelayPool,
    SecretString,
};

/// The post box of a key, over a connection of its own.
async fn mailbox(key: &MessageKey, url: &str) -> Result<Mailbox, Box<dyn Error>> {
    let transport = Arc::new(RelayPool::connect([url])?);
    Ok(Mailbox::open(key.clone(), transport, Arc::new(InMemoryReplayGuard::default())).await?)
}

/// Says that a step went well, or fails.
fn check(step: &str, well: bool) -> Result<(), Box<dyn Error>> {
    if !well {
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
    let [worker_key, fresh] = [MessageKey::random(), MessageKey::random()];

    let mut client = mailbox(&client_key, &url).await?;
    let mut worker = mailbox(&worker_key, &url).await?;
    let request = |claim| Message::request(1, agreement, Content::EndpointRequest { claim });
    let asked = request(Claim::Client {});
    client.send(worker.key(), &asked).await?;
    let came = worker.next().await?;
    check(
        "a worker gets its client's request",
        came.message == asked && came.sender == client.key(),
    )?;

    let (url_of_service, token) =
        (SecretString::new("https://worker.example"), SecretString::new("token"));
    let reply = asked.reply(Content::EndpointReply { url: url_of_service, token });
    worker.send(came.sender, &reply).await?;
    let answered = client.next().await?;
    check(
        "a client gets the endpoint",
        answered.is_reply_to(worker.key(), &asked) && answered.message == reply,
    )?;

    let key = fresh.public();
    let pass = request(Claim::Client {});
    client
        .send(
            key,
            &pass.reply(Content::Pass {
                delegation: Delegation::sign(&account, 1, agreement, key, u64::MAX)?,
            }),
        )
        .await?;
    // Nobody has asked for this key until now.
    let mut tester = mailbox(&fresh, &url).await?;
    let Content::Pass { delegation } = tester.next().await?.message.content else {
        return Err("FAIL  another letter came than the pass".into());
    };
    let signer: Option<Address> = delegation.signer(1, agreement);
    check("a pass waits for its tester", signer == Some(account.address()))?;

    tester.send(worker.key(), &request(Claim::Delegate { delegation })).await?;
    let came = worker.next().await?;
    check("a worker gets the tester's request and nothing twice", came.sender == key)?;

    drop(worker);
    let mut again = mailbox(&worker_key, &url).await?;
    let senders = [again.next().await?.sender, again.next().await?.sender];
    let both = senders.contains(&client.key()) && senders.contains(&key);
    check("what a relay keeps comes again after a restart", both)
}
