//! Which events and subscriptions the relay accepts, and the NIP-01 reasons of its rejections.

use std::collections::BTreeSet;
use std::time::Duration;

use nostr::event::{Event, Kind, Tag};
use nostr::filter::{Filter, SingleLetterTag};
use nostr::key::PublicKey;
use nostr::message::SubscriptionId;
use nostr::types::Timestamp;

/// The longest content of a wrap, in bytes.
const MAX_CONTENT_BYTES: usize = 32 << 10;

/// The most bytes in the tags of a wrap.
const MAX_TAG_BYTES: usize = 1024;

/// The longest WebSocket message and frame from a client, in bytes: the largest wrap and its JSON around it.
pub(crate) const FRAME_LIMIT: usize = MAX_CONTENT_BYTES + MAX_TAG_BYTES + 2048;

/// The most tags of a wrap.
const MAX_TAGS: usize = 8;

/// The most filters of a subscription.
const MAX_FILTERS: usize = 4;

/// The most receivers of a subscription.
const MAX_KEYS: usize = 4;

/// The most ids, authors and kinds of a subscription, together.
const MAX_VALUES: usize = 4;

/// The longest id of a subscription, in bytes (NIP-01).
const MAX_SUBSCRIPTION_ID_BYTES: usize = 64;

/// How far a client's clock may be ahead, or off in a NIP-42 proof.
const MAX_CLOCK_SKEW: Duration = Duration::from_mins(10);

/// How far senders move the time of a wrap into the past (NIP-59).
const MAX_TIMESTAMP_TWEAK: Duration = Duration::from_hours(48);

/// Why something is rejected, as NIP-01 writes it: a machine-readable prefix, a colon, a text.
pub(crate) type RejectReason = &'static str;

/// Counts a rejection and returns its reason.
pub(crate) fn count_rejection(reason: RejectReason) -> RejectReason {
    metrics::counter!("muster_relay_refusals_total", "why" => reason).increment(1);
    reason
}

/// Checks a wrap at the Unix second `now`. Returns its receiver, and the Unix second at which it expires: the
/// earlier of the wrap's own expiration (NIP-40) and `max_age` from now.
pub(crate) fn check_wrap(
    wrap: &Event,
    now: u64,
    max_age: Duration,
) -> Result<(PublicKey, u64), RejectReason> {
    if wrap.kind != Kind::GiftWrap {
        return Err("blocked: gift wraps only");
    }
    if wrap.content.len() > MAX_CONTENT_BYTES {
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
    let created_at = wrap.created_at.as_secs();
    if created_at > now.saturating_add(MAX_CLOCK_SKEW.as_secs()) {
        return Err("invalid: made in the future");
    }
    let max_age_at_arrival = MAX_TIMESTAMP_TWEAK.saturating_add(max_age).as_secs();
    if created_at.saturating_add(max_age_at_arrival) < now {
        return Err("invalid: made too long ago");
    }
    let latest = now.saturating_add(max_age.as_secs());
    let until = wrap.tags.expiration().map_or(latest, |until| until.as_secs().min(latest));
    if until <= now {
        return Err("invalid: expired");
    }
    // The signature comes last because it is the most expensive check.
    wrap.verify().map_err(|_| "invalid: id or signature")?;
    Ok((receiver, until))
}

/// Checks a subscription. Returns the receivers that its filters name, sorted and without duplicates.
pub(crate) fn subscription_keys(
    id: &SubscriptionId,
    filters: &[Filter],
) -> Result<Vec<PublicKey>, RejectReason> {
    if !is_subscription_id(id.as_str()) {
        return Err("invalid: a subscription's name has 1 to 64 bytes");
    }
    if filters.len() > MAX_FILTERS {
        return Err("invalid: too many filters");
    }
    let mut keys = Vec::new();
    let mut values = 0_usize;
    for filter in filters.iter().filter(|filter| !matches_nothing(filter)) {
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

/// Whether no event can match a filter, because it wants one of an empty list.
pub(crate) fn matches_nothing(filter: &Filter) -> bool {
    filter.ids.as_ref().is_some_and(BTreeSet::is_empty)
        || filter.authors.as_ref().is_some_and(BTreeSet::is_empty)
        || filter.kinds.as_ref().is_some_and(BTreeSet::is_empty)
        || filter.generic_tags.values().any(BTreeSet::is_empty)
}

/// The id of a `REQ` whose rest is malformed, if it has one.
pub(crate) fn malformed_subscription(text: &str) -> Option<SubscriptionId> {
    let message: Vec<serde_json::Value> = serde_json::from_str(text).ok()?;
    let id = message.get(1)?.as_str()?;
    (message.first()? == "REQ" && is_subscription_id(id)).then(|| SubscriptionId::new(id))
}

/// Whether NIP-01 allows this id of a subscription.
fn is_subscription_id(id: &str) -> bool {
    (1..=MAX_SUBSCRIPTION_ID_BYTES).contains(&id.len())
}

/// The receivers that a filter names by `#p`; none if one of them is not a key.
pub(crate) fn filter_receivers(filter: &Filter) -> Vec<PublicKey> {
    let named = filter.generic_tags.get(&SingleLetterTag::LOWERCASE_P);
    let keys = named.into_iter().flatten().map(|key| PublicKey::from_hex(key));
    keys.collect::<Result<_, _>>().unwrap_or_default()
}

/// Whether a NIP-42 proof was created about now.
pub(crate) const fn is_fresh(created_at: Timestamp, now: u64) -> bool {
    created_at.as_secs().abs_diff(now) <= MAX_CLOCK_SKEW.as_secs()
}
