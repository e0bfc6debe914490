//! Events as they come, to a reader that stays.
//!
//! A reader's place in the chain is all that is kept of it: what comes next is read when the reader takes it. One that takes nothing
//! costs nothing, holds up nobody, and is disconnected by its connection.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use alloy::primitives::Address;
use axum::response::sse::{Event as Message, KeepAlive, Sse};
use futures::stream::{self, Stream};
use muster_index::MarketId;
use muster_index::query::{self, BlockRef, FeedPart, FeedPlace, Hash};
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::sleep;

use crate::answer::market_head;
use crate::failure::Failure;
use crate::parameters::AddressParameter;
use crate::state::ApiState;

/// A comment is sent to a reader that hears nothing else for so long, so that connections that are gone are noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// The pause after the database failed.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// What a reader wants.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// The market; the first one if none is named.
    pub(crate) market: Option<AddressParameter>,
    /// About this account or agreement alone.
    pub(crate) subject: Option<Address>,
    /// Of this name alone.
    pub(crate) name: Option<String>,
    /// After this place; from now on if none is named.
    pub(crate) after: Option<String>,
}

/// A reader.
#[derive(Debug)]
struct Reader {
    /// What it shares with others.
    state: ApiState,
    /// The market.
    market: MarketId,
    /// See [`Wanted`].
    subject: Option<Address>,
    /// See [`Wanted`].
    name: Option<String>,
    /// How far it is.
    place: FeedPlace,
    /// The block that it was told of last.
    head: Option<Hash>,
    /// Messages that it has not taken.
    messages: VecDeque<Message>,
    /// Changes of the index.
    changes: watch::Receiver<u64>,
    /// Whether all was read since the last change.
    is_at_head: bool,
    /// Its place among all readers.
    _permit: OwnedSemaphorePermit,
}

/// The stream of a new reader.
///
/// # Errors
/// `bad_request`, `no_market`, `busy`.
pub(crate) async fn subscribe(
    state: ApiState,
    wanted: Wanted,
) -> Result<Sse<impl Stream<Item = Result<Message, Infallible>>>, Failure> {
    let permit = state.reader()?;
    let Wanted { market, subject, name, after } = wanted;
    let place = after.as_deref().map(FeedPlace::parse).transpose();
    let place = place.map_err(Failure::bad_request)?;
    let market = state.read(move |transaction| market_head(transaction, market)).await?;
    let now = || market.head.as_ref().map(FeedPlace::end_of).unwrap_or_default();
    let reader = Reader {
        market: market.id,
        subject,
        name,
        place: place.unwrap_or_else(now),
        head: None,
        messages: VecDeque::new(),
        changes: state.changes.subscribe(),
        is_at_head: false,
        state,
        _permit: permit,
    };
    let stream = stream::unfold(reader, |mut reader| async move {
        let shutdown = reader.state.shutdown.clone();
        let message = shutdown.run_until_cancelled(reader.next()).await?;
        Some((Ok(message), reader))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

impl Reader {
    /// The next message.
    async fn next(&mut self) -> Message {
        loop {
            if let Some(message) = self.messages.pop_front() {
                return message;
            }
            if self.is_at_head && self.changes.changed().await.is_err() {
                // The sender lives as long as the state.
                std::future::pending::<()>().await;
            }
            self.changes.mark_unchanged();
            match self.read().await {
                Ok(part) => self.add(part),
                Err(_) => sleep(RETRY_PAUSE).await,
            }
        }
    }

    /// Reads what is new.
    async fn read(&mut self) -> Result<FeedPart, Failure> {
        let (market, subject, name) = (self.market, self.subject, self.name.clone());
        let place = self.place.clone();
        let read = self.state.read(move |transaction| {
            let mut place = place.clone();
            let part = query::feed(transaction, market, (subject, name.as_deref()), &mut place)?;
            Ok((part, place))
        });
        let (part, place) = read.await?;
        self.place = place;
        Ok(part)
    }

    /// Adds the messages about what was read.
    fn add(&mut self, part: FeedPart) {
        self.is_at_head =
            part.head.is_some() || (part.events.is_empty() && part.reorg_after.is_none());
        if let Some(after) = part.reorg_after {
            let message =
                Message::default().event("reorg").data(json!({ "after": after }).to_string());
            self.messages.push_back(message);
        }
        for (event, place) in part.events {
            let data = serde_json::json!(event).to_string();
            self.messages.push_back(Message::default().id(place.to_string()).data(data));
        }
        if let Some(head) = part.head.filter(|head| self.head != Some(head.hash)) {
            self.head = Some(head.hash);
            self.messages.push_back(self.head_message(&head));
        }
    }

    /// The message that all events up to a block were sent.
    fn head_message(&self, head: &BlockRef) -> Message {
        let data = json!(head).to_string();
        Message::default().event("head").id(self.place.to_string()).data(data)
    }
}
