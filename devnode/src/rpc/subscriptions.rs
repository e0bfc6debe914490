//! Subscriptions over WebSocket: new heads and logs.

use std::sync::Arc;

use alloy::rpc::types::Filter;
use jsonrpsee::{
    PendingSubscriptionSink, RpcModule, SubscriptionMessage, SubscriptionSink,
    core::{RegisterMethodError, SubscriptionError},
    types::{ErrorObjectOwned, Params},
};
use serde_json::{Value, value::to_raw_value};
use tokio::sync::broadcast::error::RecvError;

use super::{Args, NodeContext, RpcError, convert, logs};
use crate::chain::{Block, ChainThread, matching_logs};

/// What a subscription reports.
enum Subscription {
    /// Headers of new blocks.
    Heads,
    /// Logs of new blocks.
    Logs(Box<Filter>),
}

/// The subscriber read so slowly that it missed blocks. Ends the subscription.
#[derive(Debug, thiserror::Error)]
#[error("subscription ended: the subscriber is {0} blocks behind")]
struct SubscriberLagged(u64);

/// Registers `eth_subscribe` and `eth_unsubscribe`.
pub(super) fn register(
    module: &mut RpcModule<ChainThread<NodeContext>>,
) -> Result<(), RegisterMethodError> {
    module.register_subscription(
        "eth_subscribe",
        "eth_subscription",
        "eth_unsubscribe",
        |params, pending, chain_thread, _| subscribe(params, pending, chain_thread),
    )?;
    Ok(())
}

/// Accepts a subscription and serves it until it ends.
async fn subscribe(
    params: Params<'static>,
    pending: PendingSubscriptionSink,
    chain_thread: Arc<ChainThread<NodeContext>>,
) -> Result<(), SubscriptionError> {
    let subscription = match parse_subscription(&params) {
        Ok(subscription) => subscription,
        Err(error) => {
            pending.reject(ErrorObjectOwned::from(error)).await;
            return Ok(());
        }
    };
    let mut heads = chain_thread.run(|node| node.chain.heads().subscribe()).await?;
    let sink = pending.accept().await?;
    loop {
        let block = tokio::select! {
            () = sink.closed() => return Ok(()),
            block = heads.recv() => block,
        };
        match block {
            Ok(block) => report(&sink, &subscription, &block).await?,
            Err(RecvError::Lagged(blocks)) => return Err(SubscriberLagged(blocks).into()),
            Err(RecvError::Closed) => return Ok(()),
        }
    }
}

/// Reports a block to a subscriber.
async fn report(
    sink: &SubscriptionSink,
    subscription: &Subscription,
    block: &Block,
) -> Result<(), SubscriptionError> {
    let messages: Vec<Value> = match subscription {
        Subscription::Heads => vec![convert::header(block)?],
        Subscription::Logs(filter) => matching_logs(block, filter)
            .into_iter()
            .map(serde_json::to_value)
            .collect::<Result<_, _>>()?,
    };
    for message in messages {
        sink.send(SubscriptionMessage::from(to_raw_value(&message)?)).await?;
    }
    Ok(())
}

/// Parses the parameters of `eth_subscribe`.
fn parse_subscription(params: &Params<'_>) -> Result<Subscription, RpcError> {
    let mut args = Args::parse(params.as_str())?;
    let name: SubscriptionKind = args.take()?;
    let filter: Option<Value> = args.optional()?;
    args.finish()?;
    match name {
        SubscriptionKind::NewHeads => Ok(Subscription::Heads),
        SubscriptionKind::Logs => {
            let filter = filter.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
            logs::check_filter(&filter)?;
            let filter = serde_json::from_value(filter)
                .map_err(|error| RpcError::InvalidArgument { index: 1, why: error.into() })?;
            Ok(Subscription::Logs(Box::new(filter)))
        }
    }
}

/// Kinds of subscriptions.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
enum SubscriptionKind {
    /// New blocks.
    NewHeads,
    /// Logs of new blocks.
    Logs,
}
