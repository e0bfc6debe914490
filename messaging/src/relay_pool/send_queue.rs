//! What goes out to one relay.

use std::collections::VecDeque;
use std::sync::Arc;

use nostr::event::{Event, EventId};
use tokio::sync::mpsc;

/// How many wraps wait for a relay that is away.
const QUEUE_CAPACITY: usize = 256;

/// What a relay says to a wrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PublishOutcome {
    /// It keeps it.
    Accepted,
    /// It does not want it.
    Rejected,
}

/// What one relay has not taken yet, the oldest first.
#[derive(Debug, Default)]
pub(super) struct SendQueue(VecDeque<QueuedWrap>);

/// A wrap for a relay.
#[derive(Debug)]
struct QueuedWrap {
    /// The wrap.
    wrap: Arc<Event>,
    /// Who waits for the verdict.
    outcomes: mpsc::Sender<PublishOutcome>,
    /// Whether it was sent on this connection.
    is_sent: bool,
}

impl SendQueue {
    /// Takes a wrap in. If there are too many, the oldest is given up.
    pub(super) fn push(&mut self, wrap: Arc<Event>, outcomes: mpsc::Sender<PublishOutcome>) {
        if self.0.len() >= QUEUE_CAPACITY {
            self.0.pop_front();
        }
        self.0.push_back(QueuedWrap { wrap, outcomes, is_sent: false });
    }

    /// The next wrap to send.
    pub(super) fn next(&mut self) -> Option<Arc<Event>> {
        self.0.retain(|queued| !queued.wrap.is_expired());
        let queued = self.0.iter_mut().find(|queued| !queued.is_sent)?;
        queued.is_sent = true;
        Some(queued.wrap.clone())
    }

    /// Everything that is left is to be sent again.
    pub(super) fn mark_all_unsent(&mut self) {
        for queued in &mut self.0 {
            queued.is_sent = false;
        }
    }

    /// The relay has decided.
    pub(super) fn resolve(&mut self, id: EventId, outcome: PublishOutcome) {
        let Some(index) = self.0.iter().position(|queued| queued.wrap.id == id) else { return };
        if let Some(QueuedWrap { outcomes, .. }) = self.0.remove(index) {
            // It has room for every relay's verdict, and perhaps nobody who still reads them.
            let _ = outcomes.try_send(outcome);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use nostr::event::{Event, EventBuilder, FinalizeEvent, Kind, Tag};
    use nostr::key::Keys;
    use nostr::types::Timestamp;
    use tokio::sync::mpsc;

    use super::{PublishOutcome, QUEUE_CAPACITY, SendQueue};

    /// Something to send, with a tag or without.
    fn wrap(tag: Option<Tag>) -> Arc<Event> {
        let event = EventBuilder::new(Kind::GiftWrap, "").tag_maybe(tag);
        Arc::new(event.finalize(&Keys::generate()).unwrap())
    }

    #[test]
    fn a_wrap_is_sent_once_on_a_connection_until_the_relay_decides() {
        let (sender, mut outcomes) = mpsc::channel(1);
        let (mut queue, wrap) = (SendQueue::default(), wrap(None));
        queue.push(wrap.clone(), sender);
        assert_eq!(queue.next(), Some(wrap.clone()));
        assert_eq!(queue.next(), None);
        queue.mark_all_unsent();
        assert_eq!(queue.next(), Some(wrap.clone()));
        queue.resolve(wrap.id, PublishOutcome::Accepted);
        assert_eq!(outcomes.try_recv(), Ok(PublishOutcome::Accepted));
        queue.mark_all_unsent();
        assert_eq!(queue.next(), None);
    }

    #[test]
    fn the_oldest_is_given_up_when_there_are_too_many() {
        let (mut queue, wraps) =
            (SendQueue::default(), [(); QUEUE_CAPACITY + 1].map(|()| wrap(None)));
        for wrap in &wraps {
            queue.push(wrap.clone(), mpsc::channel(1).0);
        }
        let left: Vec<_> = std::iter::from_fn(|| queue.next()).collect();
        assert_eq!(left, wraps[1..]);
    }

    #[test]
    fn what_has_expired_is_not_sent() {
        let mut queue = SendQueue::default();
        let expired = Tag::expiration(Timestamp::from_secs(1));
        queue.push(wrap(Some(expired)), mpsc::channel(1).0);
        assert_eq!(queue.next(), None);
    }
}
