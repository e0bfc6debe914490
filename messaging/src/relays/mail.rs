//! What comes in: one inbox for each key, in which every wrap is put once.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use alloy::primitives::B256;
use nostr::event::Event;
use nostr::key::PublicKey;
use tokio::sync::{mpsc, watch};

use crate::keys::MessageKey;
use crate::seen::{RecentlySeen, Seen};
use crate::transport::Inbox;

/// How many wraps an inbox holds.
const ROOM: usize = 256;

/// How many ids an inbox remembers.
const IDS: usize = 8192;

/// Every inbox.
#[derive(Debug, Default)]
pub(super) struct Mail {
    /// Who reads.
    readers: Mutex<Readers>,
    /// Changes whenever relays have to be asked again.
    changed: watch::Sender<()>,
}

/// Who reads, by key.
#[derive(Debug, Default)]
struct Readers {
    /// Each one.
    by_key: HashMap<PublicKey, Reader>,
    /// How many requests there have been.
    requests: u64,
}

impl Readers {
    /// The number of a new request.
    const fn number(&mut self) -> u64 {
        self.requests = self.requests.wrapping_add(1);
        self.requests
    }
}

/// Who reads an inbox.
#[derive(Debug)]
struct Reader {
    /// The key, to prove that it is held.
    key: MessageKey,
    /// The inbox.
    inbox: mpsc::Sender<Event>,
    /// What was put in.
    seen: RecentlySeen,
    /// Counts what is put in, so that the oldest is forgotten first.
    count: u64,
    /// Under which number relays are asked for it.
    number: u64,
    /// Whether something did not fit in: it is asked for again.
    missed: bool,
}

impl Mail {
    /// Opens an inbox in place of an older one for the same key.
    pub(super) fn open(&self, key: &MessageKey) -> Inbox {
        let (inbox, end) = Inbox::new(ROOM);
        let (key, seen) = (key.clone(), RecentlySeen::new(IDS));
        let mut readers = self.readers();
        let number = readers.number();
        let public = key.keys().public_key();
        let reader = Reader { key, inbox, seen, count: 0, number, missed: false };
        readers.by_key.insert(public, reader);
        drop(readers);
        self.changed.send_replace(());
        end
    }

    /// Tells when relays have to be asked again.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// The keys whose inboxes are read, with the numbers of their requests.
    pub(super) fn wanted(&self) -> Vec<(MessageKey, u64)> {
        let mut readers = self.readers();
        readers.by_key.retain(|_, reader| !reader.inbox.is_closed());
        readers.by_key.values().map(|reader| (reader.key.clone(), reader.number)).collect()
    }

    /// Puts in a wrap that some relay has sent, if it is genuine, for somebody here, and new to them.
    pub(super) fn put(&self, wrap: Event) {
        let Some(receiver) = wrap.tags.public_keys().next() else { return };
        let id = B256::new(wrap.id.to_bytes());
        let known = |reader: &Reader| reader.seen.knows(id).unwrap_or(true);
        // A relay that lies about a wrap must not hide the true one.
        if self.readers().by_key.get(&receiver).is_none_or(known) || wrap.verify().is_err() {
            return;
        }
        let mut readers = self.readers();
        let reader = readers.by_key.get_mut(&receiver);
        let Some(reader) = reader.filter(|reader| !known(reader)) else { return };
        if reader.inbox.try_send(wrap).is_ok() {
            reader.count = reader.count.saturating_add(1);
            // This memory does not fail.
            drop(reader.seen.remember(id, reader.count));
        } else {
            reader.missed = true;
        }
    }

    /// Asks again for what did not fit in, where there is room now.
    pub(super) fn make_up(&self) {
        let mut readers = self.readers();
        let number = readers.number();
        for reader in readers.by_key.values_mut() {
            if reader.missed && reader.inbox.capacity() > 0 {
                (reader.missed, reader.number) = (false, number);
            }
        }
    }

    /// Who reads, now.
    fn readers(&self) -> MutexGuard<'_, Readers> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use nostr::event::{Event, EventBuilder, FinalizeEvent, Kind, Tag};
    use nostr::key::Keys;

    use super::{Mail, ROOM};
    use crate::keys::MessageKey;

    /// A wrap for a key, with nothing in it.
    fn wrap(receiver: &MessageKey) -> Event {
        let to = Tag::public_key(receiver.keys().public_key());
        let event = EventBuilder::new(Kind::GiftWrap, "").tag(to);
        event.finalize(&Keys::generate()).unwrap()
    }

    #[tokio::test]
    async fn what_did_not_fit_in_is_asked_for_again_when_there_is_room() {
        let (mail, key) = (Mail::default(), MessageKey::random());
        let mut inbox = mail.open(&key);
        let numbers = || mail.wanted().iter().map(|(_, number)| *number).collect::<Vec<_>>();
        let before = numbers();
        let wraps: Vec<_> = (0..=ROOM).map(|_| wrap(&key)).collect();
        for wrap in &wraps {
            mail.put(wrap.clone());
        }
        mail.make_up();
        assert_eq!(numbers(), before);
        assert_eq!(inbox.next().await.as_ref(), wraps.first());
        mail.make_up();
        assert_ne!(numbers(), before);
        // The relay sends everything again, and what was in is not put in twice.
        for wrap in &wraps {
            mail.put(wrap.clone());
        }
        for wrap in &wraps[1..] {
            assert_eq!(inbox.next().await.as_ref(), Some(wrap));
        }
    }

    #[tokio::test]
    async fn a_relay_that_lies_about_a_wrap_does_not_hide_it() {
        let (mail, key) = (Mail::default(), MessageKey::random());
        let mut inbox = mail.open(&key);
        let wrap = wrap(&key);
        let mut altered = wrap.clone();
        altered.content.push('!');
        mail.put(altered);
        mail.put(wrap.clone());
        assert_eq!(inbox.next().await, Some(wrap));
    }

    #[test]
    fn an_inbox_that_nobody_reads_any_more_is_not_asked_for() {
        let (mail, key) = (Mail::default(), MessageKey::random());
        let inbox = mail.open(&key);
        assert_eq!(mail.wanted().len(), 1);
        drop(inbox);
        assert_eq!(mail.wanted().len(), 0);
    }
}
