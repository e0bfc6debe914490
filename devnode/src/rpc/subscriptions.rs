//! Subscriptions over WebSocket: new heads and new events.

use std::sync::Arc;

use alloy::rpc::types::Filter;
use jsonrpsee::{
    PendingSubscriptionSink, RpcModule, SubscriptionMessage, SubscriptionSink,
    core::{RegisterMethodError, SubscriptionError},
    types::{ErrorObjectOwned, Params},
};
use serde_json::{Value, value::to_raw_value};
use tokio::sync::broadcast::error::RecvError;

use super::{Args, Node, RpcError, filters, shape};
use crate::chain::{Block, Worker, matching};

/// What a subscription reports.
enum Topic {
    /// Headers of new blocks.
    Heads,
    /// Events of new blocks.
    Logs(Box<Filter>),
}

/// The last words to a subscriber who did not listen for so long that blocks are gone for it.
#[derive(Debug, thiserror::Error)]
#[error("the subscription has ended: the subscriber is {0} blocks behind")]
struct Behind(u64);

/// Adds `eth_subscribe` and `eth_unsubscribe`.
pub(super) fn register(module: &mut RpcModule<Worker<Node>>) -> Result<(), RegisterMethodError> {
    module.register_subscription(
        "eth_subscribe",
        "eth_subscription",
        "eth_unsubscribe",
        |params, pending, worker, _| subscribe(params, pending, worker),
    )?;
    Ok(())
}

/// Accepts a subscription and serves it to its end.
async fn subscribe(
    params: Params<'static>,
    pending: PendingSubscriptionSink,
    worker: Arc<Worker<Node>>,
) -> Result<(), SubscriptionError> {
    let topic = match topic(&params) {
        Ok(topic) => topic,
        Err(error) => {
            pending.reject(ErrorObjectOwned::from(error)).await;
            return Ok(());
        }
    };
    let mut heads = worker.run(|node| node.chain.heads().subscribe()).await?;
    let sink = pending.accept().await?;
    loop {
        let block = tokio::select! {
            () = sink.closed() => return Ok(()),
            block = heads.recv() => block,
        };
        match block {
            Ok(block) => report(&sink, &topic, &block).await?,
            Err(RecvError::Lagged(blocks)) => return Err(Behind(blocks).into()),
            Err(RecvError::Closed) => return Ok(()),
        }
    }
}

/// Reports a block to a subscriber.
async fn report(
    sink: &SubscriptionSink,
    topic: &Topic,
    block: &Block,
) -> Result<(), SubscriptionError> {
    let messages: Vec<Value> = match topic {
        Topic::Heads => vec![shape::header(block)?],
        Topic::Logs(filter) => matching(block, filter)
            .into_iter()
            .map(serde_json::to_value)
            .collect::<Result<_, _>>()?,
    };
    for message in messages {
        sink.send(SubscriptionMessage::from(to_raw_value(&message)?)).await?;
    }
    Ok(())
}

/// What is subscribed to.
fn topic(params: &Params<'_>) -> Result<Topic, RpcError> {
    let mut args = Args::parse(params.as_str())?;
    let name: Name = args.take()?;
    let filter: Option<Value> = args.optional()?;
    args.end()?;
    match name {
        Name::NewHeads => Ok(Topic::Heads),
        Name::Logs => {
            let filter = filter.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
            filters::check(&filter)?;
            let filter = serde_json::from_value(filter)
                .map_err(|error| RpcError::Argument { index: 1, why: error.into() })?;
            Ok(Topic::Logs(Box::new(filter)))
        }
    }
}

/// What there is to subscribe to.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
enum Name {
    /// New blocks.
    NewHeads,
    /// New events.
    Logs,
}
