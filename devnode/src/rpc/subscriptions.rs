//! Subscriptions of one WebSocket connection: their ids, and the tasks that send notifications.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json, value::RawValue};
use tokio::{
    sync::{
        broadcast::{self, error::RecvError},
        mpsc,
    },
    task::AbortHandle,
};

use super::{Args, MethodResult, NodeContext, RpcError, subscription_kind::SubscriptionKind};
use crate::chain::{ChainEvent, ChainThread};

/// Maximum subscriptions per connection.
const MAX_SUBSCRIPTIONS: usize = 64;

/// The subscriber read so slowly that it missed events. Ends the subscription.
#[derive(Debug, thiserror::Error)]
#[error("subscription ended: the subscriber is {missed} {unit} behind")]
struct SubscriberLagged {
    /// Number of missed events.
    missed: u64,
    /// What they are.
    unit: &'static str,
}

/// The sending half of a connection, with its subscriptions.
#[derive(Debug)]
pub(super) struct Connection {
    /// The chain.
    chain_thread: ChainThread<NodeContext>,
    /// Messages to send.
    outgoing: mpsc::Sender<String>,
    /// Existing subscriptions by id, with their task once it runs.
    subscriptions: Mutex<HashMap<String, Option<AbortHandle>>>,
}

impl Connection {
    /// A connection whose messages go to `outgoing`.
    pub(super) fn new(
        chain_thread: ChainThread<NodeContext>,
        outgoing: mpsc::Sender<String>,
    ) -> Self {
        Self { chain_thread, outgoing, subscriptions: Mutex::default() }
    }

    /// Sends a message; false if the connection is closed.
    pub(super) async fn send(&self, message: String) -> bool {
        self.outgoing.send(message).await.is_ok()
    }

    /// Ends all subscriptions.
    pub(super) fn close(&self) {
        for task in self.subscriptions().drain().filter_map(|(_, task)| task) {
            task.abort();
        }
    }

    /// Existing subscriptions.
    fn subscriptions(&self) -> MutexGuard<'_, HashMap<String, Option<AbortHandle>>> {
        self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends a subscription.
    fn unsubscribe(&self, id: &str) -> MethodResult {
        let task = self.subscriptions().remove(id).ok_or(RpcError::SubscriptionNotFound)?;
        if let Some(task) = task {
            task.abort();
        }
        Ok(json!(true))
    }
}

/// An accepted subscription that waits for its response to be sent.
struct Accepted {
    /// Its id.
    id: String,
    /// What it reports.
    kind: SubscriptionKind,
    /// Events since it was accepted.
    events: broadcast::Receiver<ChainEvent>,
}

/// Runs the subscription methods of one message.
pub(super) struct Requester<'a> {
    /// The connection.
    connection: &'a Arc<Connection>,
    /// Subscriptions that start once the response is sent.
    accepted: Vec<Accepted>,
}

impl<'a> Requester<'a> {
    /// A requester for one message of a connection.
    pub(super) const fn new(connection: &'a Arc<Connection>) -> Self {
        Self { connection, accepted: Vec::new() }
    }

    /// Runs `…_subscribe` or `…_unsubscribe`.
    pub(super) async fn call(&mut self, method: &str, params: Option<&RawValue>) -> MethodResult {
        let args = Args::parse(params.map(RawValue::get))?;
        match method.strip_suffix("_subscribe") {
            Some(namespace) => self.subscribe(namespace, args).await,
            None => self.unsubscribe(args),
        }
    }

    /// Accepts a subscription and returns its id.
    async fn subscribe(&mut self, namespace: &str, args: Args) -> MethodResult {
        let kind = SubscriptionKind::parse(namespace, args)?;
        let id = subscription_id();
        {
            let mut subscriptions = self.connection.subscriptions();
            if subscriptions.len() >= MAX_SUBSCRIPTIONS {
                return Err(RpcError::TooManySubscriptions(MAX_SUBSCRIPTIONS));
            }
            subscriptions.insert(id.clone(), None);
        }
        let of_transactions = kind.is_of_transactions();
        let subscribe = move |node: &mut NodeContext| {
            let events = if of_transactions { node.chain.arrivals() } else { node.chain.heads() };
            events.subscribe()
        };
        let events = self.connection.chain_thread.run(subscribe).await?;
        self.accepted.push(Accepted { id: id.clone(), kind, events });
        Ok(json!(id))
    }

    /// Ends a subscription.
    fn unsubscribe(&mut self, mut args: Args) -> MethodResult {
        let id: String = args.take()?;
        args.finish()?;
        self.connection.unsubscribe(&id)
    }

    /// Starts the accepted subscriptions, unless they have ended already.
    pub(super) fn start(self) {
        for accepted in self.accepted {
            let mut subscriptions = self.connection.subscriptions();
            let Some(task) = subscriptions.get_mut(&accepted.id) else { continue };
            let notifier = tokio::spawn(notify(Arc::clone(self.connection), accepted));
            *task = Some(notifier.abort_handle());
        }
    }
}

/// Sends notifications until the subscription ends.
async fn notify(connection: Arc<Connection>, mut accepted: Accepted) {
    let id = accepted.id.as_str();
    loop {
        let messages = match accepted.events.recv().await {
            Ok(event) => accepted.kind.messages(&event).map_err(|error| error.to_string()),
            Err(RecvError::Lagged(missed)) => {
                let unit =
                    if accepted.kind.is_of_transactions() { "transactions" } else { "blocks" };
                Err(SubscriberLagged { missed, unit }.to_string())
            }
            Err(RecvError::Closed) => break,
        };
        let ends = messages.is_err();
        let messages = match messages {
            Ok(results) => results.into_iter().map(|result| ("result", result)).collect::<Vec<_>>(),
            Err(error) => vec![("error", Value::from(error))],
        };
        for (kind, content) in messages {
            if !connection.send(notification(id, kind, &content)).await {
                return;
            }
        }
        if ends {
            break;
        }
    }
    connection.subscriptions().remove(id);
}

/// A notification; `kind` is "result" or "error".
fn notification(id: &str, kind: &str, content: &Value) -> String {
    let params = json!({"subscription": id, (kind): content});
    json!({"jsonrpc": "2.0", "method": "eth_subscription", "params": params}).to_string()
}

/// A random id of 128 bits, as a hexadecimal number.
fn subscription_id() -> String {
    let random = || u128::from(RandomState::new().hash_one(()));
    format!("{:#x}", random() << 64 | random())
}
