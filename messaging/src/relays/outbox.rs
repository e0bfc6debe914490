//! What goes out to one relay.

use std::collections::VecDeque;
use std::sync::Arc;

use nostr::event::{Event, EventId};
use tokio::sync::mpsc;

/// How many wraps wait for a relay that is away.
const ROOM: usize = 256;

/// What a relay says to a wrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It keeps it.
    Taken,
    /// It does not want it.
    Refused,
}

/// What one relay has not taken yet, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Outbox(VecDeque<Outgoing>);

/// A wrap for a relay.
#[derive(Debug)]
struct Outgoing {
    /// The wrap.
    wrap: Arc<Event>,
    /// Who waits for the verdict.
    told: mpsc::Sender<Verdict>,
    /// Whether it was sent on this connection.
    sent: bool,
}

impl Outbox {
    /// Takes a wrap in. If there are too many, the oldest is given up.
    pub(super) fn push(&mut self, wrap: Arc<Event>, told: mpsc::Sender<Verdict>) {
        if self.0.len() >= ROOM {
            self.0.pop_front();
        }
        self.0.push_back(Outgoing { wrap, told, sent: false });
    }

    /// The next wrap to send.
    pub(super) fn next(&mut self) -> Option<Arc<Event>> {
        self.0.retain(|outgoing| !outgoing.wrap.is_expired());
        let outgoing = self.0.iter_mut().find(|outgoing| !outgoing.sent)?;
        outgoing.sent = true;
        Some(outgoing.wrap.clone())
    }

    /// Everything that is left is to be sent again.
    pub(super) fn again(&mut self) {
        for outgoing in &mut self.0 {
            outgoing.sent = false;
        }
    }

    /// The relay has decided.
    pub(super) fn settle(&mut self, id: EventId, verdict: Verdict) {
        let Some(place) = self.0.iter().position(|outgoing| outgoing.wrap.id == id) else { return };
        if let Some(Outgoing { told, .. }) = self.0.remove(place) {
            // It has room for every relay's verdict, and perhaps nobody who still reads them.
            let _ = told.try_send(verdict);
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

    use super::{Outbox, ROOM, Verdict};

    /// Something to send, with a tag or without.
    fn wrap(tag: Option<Tag>) -> Arc<Event> {
        let event = EventBuilder::new(Kind::GiftWrap, "").tag_maybe(tag);
        Arc::new(event.finalize(&Keys::generate()).unwrap())
    }

    #[test]
    fn a_wrap_is_sent_once_on_a_connection_until_the_relay_decides() {
        let (told, mut verdicts) = mpsc::channel(1);
        let (mut outbox, wrap) = (Outbox::default(), wrap(None));
        outbox.push(wrap.clone(), told);
        assert_eq!(outbox.next(), Some(wrap.clone()));
        assert_eq!(outbox.next(), None);
        outbox.again();
        assert_eq!(outbox.next(), Some(wrap.clone()));
        outbox.settle(wrap.id, Verdict::Taken);
        assert_eq!(verdicts.try_recv(), Ok(Verdict::Taken));
        outbox.again();
        assert_eq!(outbox.next(), None);
    }

    #[test]
    fn the_oldest_is_given_up_when_there_are_too_many() {
        let (mut outbox, wraps) = (Outbox::default(), [(); ROOM + 1].map(|()| wrap(None)));
        for wrap in &wraps {
            outbox.push(wrap.clone(), mpsc::channel(1).0);
        }
        let left: Vec<_> = std::iter::from_fn(|| outbox.next()).collect();
        assert_eq!(left, wraps[1..]);
    }

    #[test]
    fn what_has_expired_is_not_sent() {
        let mut outbox = Outbox::default();
        let expired = Tag::expiration(Timestamp::from_secs(1));
        outbox.push(wrap(Some(expired)), mpsc::channel(1).0);
        assert_eq!(outbox.next(), None);
    }
}
