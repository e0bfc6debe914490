//! What a relay takes and answers; the rest is refused in the words that NIP-01 prescribes.

use std::collections::BTreeSet;
use std::time::Duration;

use nostr::event::{Event, Kind, Tag};
use nostr::filter::{Filter, SingleLetterTag};
use nostr::key::PublicKey;
use nostr::message::SubscriptionId;
use nostr::types::Timestamp;

use crate::envelope::{CONTENT_LIMIT, MAX_CLOCK_SKEW, MAX_TIMESTAMP_TWEAK};

/// The longest message from a client, in bytes.
pub(super) const FRAME_LIMIT: usize = CONTENT_LIMIT + MAX_TAG_BYTES + 2048;

/// The most filters of a subscription.
const MAX_FILTERS: usize = 4;

/// The most keys of a subscription.
const MAX_KEYS: usize = 4;

/// The most ids, authors and kinds of a subscription.
const MAX_VALUES: usize = 4;

/// The longest name of a subscription, by NIP-01.
const MAX_SUBSCRIPTION_ID_BYTES: usize = 64;

/// The most tags of a wrap.
const MAX_TAGS: usize = 8;

/// The most bytes in the tags of a wrap.
const MAX_TAG_BYTES: usize = 1024;

/// Why something is refused, as NIP-01 writes it.
pub(super) type RejectReason = &'static str;

/// Counts a refusal for monitors.
pub(super) fn count_rejection(why: RejectReason) -> RejectReason {
    metrics::counter!("muster_relay_refusals_total", "why" => why).increment(1);
    why
}

/// The receiver of a wrap that is taken, and the Unix second from which on it is no longer kept.
pub(super) fn check_wrap(
    wrap: &Event,
    now: u64,
    max_age: Duration,
) -> Result<(PublicKey, u64), RejectReason> {
    if wrap.kind != Kind::GiftWrap {
        return Err("blocked: gift wraps only");
    }
    if wrap.content.len() > CONTENT_LIMIT {
        return Err("invalid: the content is too long");
    }
    let tags = wrap.tags.as_ref().iter().flat_map(Tag::as_slice);
    if wrap.tags.len() > MAX_TAGS || tags.map(String::len).sum::<usize>() > MAX_TAG_BYTES {
        return Err("invalid: too many tags");
    }
    let mut receivers = wrap.tags.public_keys();
    let (Some(receiver), None) = (receivers.next(), receivers.next()) else {
        return Err("invalid: one receiver, please");
    };
    let made = wrap.created_at.as_secs();
    if made > now.saturating_add(MAX_CLOCK_SKEW.as_secs()) {
        return Err("invalid: made in the future");
    }
    if made.saturating_add(MAX_TIMESTAMP_TWEAK.as_secs()).saturating_add(max_age.as_secs()) < now {
        return Err("invalid: made too long ago");
    }
    let latest = now.saturating_add(max_age.as_secs());
    let until = wrap.tags.expiration().map_or(latest, |until| until.as_secs().min(latest));
    if until <= now {
        return Err("invalid: expired");
    }
    // Last, because it is dear.
    wrap.verify().map_err(|_| "invalid: id or signature")?;
    Ok((receiver, until))
}

/// The keys that a subscription is about, all of them.
pub(super) fn subscription_keys(
    name: &SubscriptionId,
    filters: &[Filter],
) -> Result<Vec<PublicKey>, RejectReason> {
    if name.as_str().is_empty() || name.as_str().len() > MAX_SUBSCRIPTION_ID_BYTES {
        return Err("invalid: a subscription's name has 1 to 64 bytes");
    }
    if filters.len() > MAX_FILTERS {
        return Err("invalid: too many filters");
    }
    let mut keys = Vec::new();
    let mut values = 0_usize;
    for filter in filters {
        let receivers = filter_receivers(filter);
        if receivers.is_empty() {
            return Err("restricted: name the receivers by #p");
        }
        keys.extend(receivers);
        if filter.generic_tags.len() > 1 || filter.search.is_some() {
            return Err("unsupported: receivers, ids, authors, kinds and times only");
        }
        let lengths = [
            filter.ids.as_ref().map_or(0, BTreeSet::len),
            filter.authors.as_ref().map_or(0, BTreeSet::len),
            filter.kinds.as_ref().map_or(0, BTreeSet::len),
        ];
        values = lengths.into_iter().fold(values, usize::saturating_add);
    }
    if keys.len() > MAX_KEYS || values > MAX_VALUES {
        return Err("invalid: too many values");
    }
    keys.sort_unstable();
    keys.dedup();
    Ok(keys)
}

/// The receivers that a filter names; none if one of them is no key.
pub(super) fn filter_receivers(filter: &Filter) -> Vec<PublicKey> {
    let named = filter.generic_tags.get(&SingleLetterTag::LOWERCASE_P);
    let keys = named.into_iter().flatten().map(|key| PublicKey::from_hex(key));
    keys.collect::<Result<_, _>>().unwrap_or_default()
}

/// Whether a proof that somebody holds a key is of now.
pub(super) const fn is_fresh(made: Timestamp, now: u64) -> bool {
    made.as_secs().abs_diff(now) <= MAX_CLOCK_SKEW.as_secs()
}
