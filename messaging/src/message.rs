//! The messages of the protocol and their JSON.

use alloy::primitives::{Address, B256, Bytes};
use serde::{Deserialize, Serialize};

use crate::application::{ApplicationCommitment, Pass};
use crate::delegation::Delegation;
use crate::endpoint::Endpoint;
use crate::message_format::{MESSAGE_LIMIT, MessageFormatError, PIECE_MESSAGE_LIMIT, VERSION};
use crate::sample::{SampleList, SamplePiece};

/// A message about one agreement, or about a market. A request's nonce is used once; a reply has the nonce of its request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// The id of the agreement's chain.
    pub chain_id: u64,
    /// The agreement; the market's contract in a [`Content::JobLimitsRequest`], a [`Content::ApplicationRequest`] and their replies.
    pub agreement: Address,
    /// Ties a reply to its request.
    pub nonce: B256,
    /// The request or reply.
    pub content: Content,
}

/// A request or a reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Content {
    /// Asks a worker for its endpoint.
    EndpointRequest {
        /// Why the sender may have it.
        claim: Claim,
    },
    /// A worker's reply to [`Content::EndpointRequest`].
    EndpointReply(Endpoint),
    /// A tester asks the client for a pass, with which it probes workers as the client would.
    PassRequest {
        /// The window in which the tester holds a seat, counted from 0.
        window: u8,
        /// The tester's place in the list of its agreement's epoch.
        place: u32,
        /// The fresh key for which the tester wants the pass. Workers see this key instead of the tester's.
        key: B256,
    },
    /// The client's reply to [`Content::PassRequest`].
    Pass(Pass),
    /// A tester asks the client which jobs there are to test a worker with.
    SampleListRequest {
        /// A window in which the tester holds a seat, counted from 0; not one that is over.
        window: u8,
        /// The tester's place in the list of its agreement's epoch.
        place: u32,
        /// The worker's index.
        worker: u8,
    },
    /// The client's reply to [`Content::SampleListRequest`].
    SampleList(SampleList),
    /// A tester asks the client for a piece of a job's document or of one of its blobs.
    SamplePieceRequest {
        /// A window in which the tester holds a seat, counted from 0; not one that is over.
        window: u8,
        /// The tester's place in the list of its agreement's epoch.
        place: u32,
        /// The job's id.
        job: B256,
        /// The blob's digest; that of the document is the job's id.
        blob: B256,
        /// Where the piece begins: a multiple of [`PIECE_SIZE`](crate::PIECE_SIZE).
        offset: u32,
    },
    /// The client's reply to [`Content::SamplePieceRequest`].
    SamplePiece(SamplePiece),
    /// Anybody asks a worker how large the jobs are that it takes, before there is an agreement. The message names the
    /// market's contract in place of an agreement.
    JobLimitsRequest {},
    /// A worker's reply to [`Content::JobLimitsRequest`].
    JobLimits(JobLimits),
    /// Anybody asks a worker which application document it serves by, before there is an agreement. The message names the
    /// market's contract in place of an agreement.
    ApplicationRequest {},
    /// A worker's reply to [`Content::ApplicationRequest`].
    Application(ApplicationCommitment),
    /// The negative reply to any request.
    Refusal {
        /// The reason.
        reason: RefusalReason,
    },
    /// A tester's report, signed so that anyone can post it, for the tester that posts the reports of an agreement in
    /// one transaction. The receiver checks the signature. It has no reply.
    Report {
        /// The tester's place in the list of its agreement's epoch.
        place: u32,
        /// The salt of the tester's sessions.
        salt: B256,
        /// The first half of the tester's compact signature (EIP-2098).
        r: B256,
        /// The second half, with the parity in its highest bit.
        vs: B256,
        /// The encoded entries.
        entries: Bytes,
    },
}

/// How large the jobs are that a worker takes. It enforces the same when they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobLimits {
    /// Bytes of memory of one job.
    pub memory: u64,
    /// Bytes that one job may write.
    pub storage: u64,
    /// Milliseconds of processor time of one job.
    pub time: u64,
    /// Jobs that run at once, over all agreements.
    pub running: u32,
    /// Jobs of one agreement that may wait.
    pub waiting: u32,
    /// Bytes of disk for the files of one agreement.
    pub blobs: u64,
}

/// Why the sender of a [`Content::EndpointRequest`] may have the endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Claim {
    /// The sender's key belongs to the agreement's client.
    Client {},
    /// The agreement's client has delegated its right to the sender's key.
    Delegate {
        /// The delegation.
        delegation: Delegation,
    },
    /// The sender is a tester and uses its registered key.
    Seat {
        /// The current window, counted from 0.
        window: u8,
        /// The tester's place, which holds a seat of that window.
        place: u32,
    },
}

/// Why a request is refused. The text is for the sender of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RefusalReason {
    /// The receiver uses another chain.
    #[error("the receiver uses another chain than that of the agreement")]
    OtherChain,
    /// The market did not create the agreement, or the receiver is not its client or one of its workers.
    #[error("the receiver has no part in this agreement")]
    NotMine,
    /// The agreement has not started or has ended.
    #[error("the agreement has not started or has ended")]
    NotRunning,
    /// The sender's key is neither the client's nor delegated by the client.
    #[error("the sender's key is neither the client's nor delegated by the client")]
    NotAllowed,
    /// The delegation has expired.
    #[error("the client's delegation has expired")]
    Expired,
    /// The request names a window that is over or, for an endpoint, not the current one.
    #[error("the requested window is over, or not the current one")]
    OtherWindow,
    /// The sender's account does not hold that seat.
    #[error("the sender does not hold that seat")]
    NoSeat,
    /// The client gave the seat's pass to another key.
    #[error("the seat's pass was already given to another key")]
    PassGiven,
    /// The client has no such job, or keeps it from testers.
    #[error("the client has no such sample")]
    NoSample,
    /// The receiver does not run jobs itself: a service behind it might.
    #[error("the receiver does not know the limits of jobs")]
    LimitsUnknown,
    /// The receiver serves by no application document.
    #[error("the receiver serves by no application document")]
    NoDocument,
}

/// The outermost JSON object.
#[derive(Serialize, Deserialize)]
struct VersionedMessage<M> {
    /// The version of the format.
    version: u8,
    /// The message.
    #[serde(rename = "letter")]
    message: M,
}

/// The part of [`VersionedMessage`] that all versions share.
#[derive(Deserialize)]
struct VersionHeader {
    /// The version of the format.
    version: u8,
}

impl Message {
    /// A request with a fresh random nonce.
    #[must_use]
    pub fn request(chain_id: u64, agreement: Address, content: Content) -> Self {
        Self { chain_id, agreement, nonce: B256::random(), content }
    }

    /// A reply to this message.
    #[must_use]
    pub const fn reply(&self, content: Content) -> Self {
        let Self { chain_id, agreement, nonce, content: _ } = *self;
        Self { chain_id, agreement, nonce, content }
    }

    /// Whether this is a reply to that request. It says nothing about who sent it: see
    /// [`Delivery::is_reply_to`](crate::Delivery::is_reply_to).
    #[must_use]
    pub fn is_reply_to(&self, request: &Self) -> bool {
        let subject = |message: &Self| (message.chain_id, message.agreement, message.nonce);
        subject(self) == subject(request) && !self.is_request()
    }

    /// Whether this is a request, or a report: no reply to anything.
    #[must_use]
    pub const fn is_request(&self) -> bool {
        matches!(
            self.content,
            Content::EndpointRequest { .. }
                | Content::PassRequest { .. }
                | Content::SampleListRequest { .. }
                | Content::SamplePieceRequest { .. }
                | Content::JobLimitsRequest {}
                | Content::ApplicationRequest {}
                | Content::Report { .. }
        )
    }

    /// The message's JSON, with its secrets in plaintext.
    ///
    /// # Errors
    /// [`MessageFormatError::TooLong`].
    pub fn to_json(&self) -> Result<String, MessageFormatError> {
        let versioned = VersionedMessage { version: VERSION, message: self };
        let json = serde_json::to_string(&versioned).map_err(|_| MessageFormatError::Malformed)?;
        self.check_length(&json)?;
        Ok(json)
    }

    /// Checks the length of the message's JSON.
    const fn check_length(&self, json: &str) -> Result<(), MessageFormatError> {
        let limit = match self.content {
            Content::SamplePiece(_) => PIECE_MESSAGE_LIMIT,
            _ => MESSAGE_LIMIT,
        };
        if json.len() > limit { Err(MessageFormatError::TooLong(json.len())) } else { Ok(()) }
    }

    /// Parses a message. Unknown fields are errors.
    ///
    /// # Errors
    /// [`MessageFormatError`]. Another version is [`MessageFormatError::UnsupportedVersion`] whatever else the
    /// JSON has.
    pub fn from_json(json: &str) -> Result<Self, MessageFormatError> {
        if json.len() > PIECE_MESSAGE_LIMIT {
            return Err(MessageFormatError::TooLong(json.len()));
        }
        let malformed = |_| MessageFormatError::Malformed;
        let VersionHeader { version } = serde_json::from_str(json).map_err(malformed)?;
        if version != VERSION {
            return Err(MessageFormatError::UnsupportedVersion(version));
        }
        let parsed = serde_json::from_str::<VersionedMessage<Self>>(json);
        let message = parsed.map_err(malformed)?.message;
        message.check_length(json)?;
        Ok(message)
    }
}

#[cfg(test)]
mod tests;
