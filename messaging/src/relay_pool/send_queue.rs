//! The wraps that one relay has not answered.

use std::collections::VecDeque;
use std::sync::Arc;

use nostr::event::{Event, EventId};
use tokio::sync::mpsc;

/// How many wraps wait for a relay.
const QUEUE_CAPACITY: usize = 256;

/// How many wraps are sent before the relay has decided about the first. A relay that is up again would take all at once
/// for a flood, and disconnect before its decisions are read, every time.
const MAX_IN_FLIGHT: usize = 16;

/// A relay's decision about a wrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PublishOutcome {
    /// The relay stores it.
    Accepted,
    /// The relay refuses to store it.
    Rejected,
}

/// The wraps that one relay has not answered, oldest first.
#[derive(Debug, Default)]
pub(super) struct SendQueue(VecDeque<QueuedWrap>);

/// A wrap in the queue.
#[derive(Debug)]
struct QueuedWrap {
    /// The wrap.
    wrap: Arc<Event>,
    /// Where the relay's decision goes.
    outcomes: mpsc::Sender<PublishOutcome>,
    /// Whether it was sent since the last [`SendQueue::mark_all_unsent`].
    is_sent: bool,
}

impl SendQueue {
    /// Queues a wrap. A full queue drops the oldest.
    pub(super) fn push(&mut self, wrap: Arc<Event>, outcomes: mpsc::Sender<PublishOutcome>) {
        if self.0.len() >= QUEUE_CAPACITY {
            self.0.pop_front();
        }
        self.0.push_back(QueuedWrap { wrap, outcomes, is_sent: false });
    }

    /// The next wrap to send, now marked as sent; `None` while [`MAX_IN_FLIGHT`] are sent. Expired wraps are dropped.
    pub(super) fn next(&mut self) -> Option<Arc<Event>> {
        self.0.retain(|queued| !queued.wrap.is_expired());
        if self.0.iter().filter(|queued| queued.is_sent).count() >= MAX_IN_FLIGHT {
            return None;
        }
        let queued = self.0.iter_mut().find(|queued| !queued.is_sent)?;
        queued.is_sent = true;
        Some(queued.wrap.clone())
    }

    /// Marks every wrap to be sent again.
    pub(super) fn mark_all_unsent(&mut self) {
        for queued in &mut self.0 {
            queued.is_sent = false;
        }
    }

    /// Removes a wrap and reports the relay's decision.
    pub(super) fn resolve(&mut self, id: EventId, outcome: PublishOutcome) {
        let Some(index) = self.0.iter().position(|queued| queued.wrap.id == id) else { return };
        if let Some(QueuedWrap { outcomes, .. }) = self.0.remove(index) {
            // The channel has capacity for every relay. An error says that the publisher waits no longer.
            let _ = outcomes.try_send(outcome);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Arc;

    use nostr::event::{Event, EventBuilder, FinalizeEvent, Kind, Tag};
    use nostr::key::Keys;
    use nostr::types::Timestamp;
    use tokio::sync::mpsc;

    use super::{MAX_IN_FLIGHT, PublishOutcome, QUEUE_CAPACITY, SendQueue};

    /// A wrap, with a tag or without.
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
    fn a_full_queue_drops_the_oldest_wrap_and_sends_a_few_at_a_time() {
        let (mut queue, wraps) =
            (SendQueue::default(), [(); QUEUE_CAPACITY + 1].map(|()| wrap(None)));
        for wrap in &wraps {
            queue.push(wrap.clone(), mpsc::channel(1).0);
        }
        let (first, rest) = wraps[1..].split_at(MAX_IN_FLIGHT);
        let sent: Vec<_> = std::iter::from_fn(|| queue.next()).collect();
        assert_eq!(sent, first);
        let mut in_flight: VecDeque<_> = sent.into();
        for wrap in rest {
            queue.resolve(in_flight.pop_front().unwrap().id, PublishOutcome::Accepted);
            assert_eq!(queue.next(), Some(wrap.clone()));
            assert_eq!(queue.next(), None);
            in_flight.push_back(wrap.clone());
        }
    }

    #[test]
    fn an_expired_wrap_is_not_sent() {
        let mut queue = SendQueue::default();
        let expired = Tag::expiration(Timestamp::from_secs(1));
        queue.push(wrap(Some(expired)), mpsc::channel(1).0);
        assert_eq!(queue.next(), None);
    }
}
