//! A client's replies to testers that ask for samples.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use alloy::primitives::{Address, B256, keccak256};
use lru::LruCache;

use crate::chain_view::ChainView;
use crate::error::MessageError;
use crate::mailbox::Delivery;
use crate::message::{Content, Message, RefusalReason};
use crate::sample::{MAX_LISTED, SampleSource};
use crate::seat_entitlement::seat_entitlement;

/// How long the chain is not asked again about a seat that was found to be the sender's: a sample has many pieces.
const SEAT_TTL: Duration = Duration::from_mins(5);

/// Seats that are remembered.
const MAX_SEATS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(4_095);

/// Answers requests for samples, of testers that hold a seat. Clones share what they remember.
#[derive(Clone, Debug)]
pub struct SampleResponder {
    /// The client's account.
    client: Address,
    /// The chain.
    chain: Arc<dyn ChainView>,
    /// The client's jobs.
    source: Arc<dyn SampleSource>,
    /// Seats that were found to be the sender's, and until when the chain is not asked again.
    seats: Arc<Mutex<LruCache<B256, Instant>>>,
}

impl SampleResponder {
    /// A responder for a client.
    #[must_use]
    pub fn new(client: Address, chain: Arc<dyn ChainView>, source: Arc<dyn SampleSource>) -> Self {
        Self { client, chain, source, seats: Arc::new(Mutex::new(LruCache::new(MAX_SEATS))) }
    }

    /// The reply to a message: a list, a piece or a refusal. `None` if the message is not a request for samples. It sends and
    /// records nothing.
    ///
    /// # Errors
    /// [`MessageError::Chain`] or [`MessageError::Sample`]. The same delivery can be passed again.
    pub async fn respond(&self, delivery: &Delivery) -> Result<Option<Message>, MessageError> {
        let (Content::SampleListRequest { window, place, .. }
        | Content::SamplePieceRequest { window, place, .. }) = delivery.message.content
        else {
            return Ok(None);
        };
        let content = match self.check_seat(delivery, window, place).await? {
            Err(reason) => Content::Refusal { reason },
            Ok(()) => self.content(&delivery.message)?,
        };
        Ok(Some(delivery.message.reply(content)))
    }

    /// Whether the sender holds the seat that it names.
    async fn check_seat(
        &self,
        delivery: &Delivery,
        window: u8,
        place: u32,
    ) -> Result<Result<(), RefusalReason>, MessageError> {
        let Message { chain_id, agreement, .. } = delivery.message;
        let (chain_id, place_bytes) = (chain_id.to_be_bytes(), place.to_be_bytes());
        let parts = [delivery.sender.as_slice(), &chain_id, agreement.as_slice(), &[window]];
        let seat = keccak256([&parts.concat()[..], &place_bytes].concat());
        let seats = || self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        if seats().get(&seat).is_some_and(|until| *until > Instant::now()) {
            return Ok(Ok(()));
        }
        let entitled = seat_entitlement(&*self.chain, self.client, delivery, (window, place)).await;
        let entitled = entitled.map_err(MessageError::Chain)?;
        if let (Ok(_), Some(until)) = (&entitled, Instant::now().checked_add(SEAT_TTL)) {
            seats().put(seat, until);
        }
        Ok(entitled.map(drop))
    }

    /// What an entitled sender gets.
    fn content(&self, request: &Message) -> Result<Content, MessageError> {
        let (agreement, none) =
            (request.agreement, Content::Refusal { reason: RefusalReason::NoSample });
        Ok(match request.content {
            Content::SampleListRequest { worker, .. } => {
                let list = self.source.list(agreement, worker);
                let mut list = list.map_err(MessageError::Sample)?;
                list.unseen.truncate(MAX_LISTED);
                list.sent.truncate(MAX_LISTED);
                Content::SampleList(list)
            }
            Content::SamplePieceRequest { job, blob, offset, .. } => {
                let piece = self.source.piece(agreement, job, blob, offset);
                piece.map_err(MessageError::Sample)?.map_or(none, Content::SamplePiece)
            }
            _ => none,
        })
    }
}
