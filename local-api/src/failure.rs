//! Error responses.

use std::fmt::Display;

use axum::Json;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use muster_client::MarketError;
use muster_compute::BlobError;
use muster_daemons::DaemonError;
use muster_daemons::client::HireError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ledger::LedgerError;
use crate::token_file::TokenFileError;

/// What is wrong with a request. Codes are stable, texts are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The body, the query, a header or a part of the path is malformed.
    BadRequest,
    /// There is no token, or nobody has this one.
    NoToken,
    /// The header `Host` names no host of this API.
    WrongHost,
    /// The request comes from a web page that may not use this API.
    WrongOrigin,
    /// The token lacks the right.
    NoRight,
    /// The token may not spend so much.
    OverLimit,
    /// The API has no such path.
    NoRoute,
    /// The path has no such method.
    NoMethod,
    /// There is no such agreement, or the account has not bought it.
    NoAgreement,
    /// There is no such run.
    NoRun,
    /// A blob is not here.
    NoBlob,
    /// A blob is too large.
    TooLarge,
    /// The market, or an agreement, refuses.
    Refused,
    /// The idempotency key was used for another request.
    KeyReused,
    /// A transaction was sent, and its outcome is not known yet: repeat the request with the same idempotency key.
    Unconfirmed,
    /// No node, or no relay, answers.
    Unavailable,
    /// This machine failed.
    Internal,
}

/// An error response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiError {
    /// The code.
    pub error: ErrorCode,
    /// What is wrong and what to do, for people.
    pub message: String,
}

/// An error response on its way.
#[derive(Debug)]
pub(crate) struct Failure(ApiError);

impl Failure {
    /// An error with a code and its reason for people.
    pub(crate) fn new(error: ErrorCode, message: impl Display) -> Self {
        Self(ApiError { error, message: message.to_string() })
    }

    /// [`ErrorCode::BadRequest`], with its reason.
    pub(crate) fn bad_request(message: impl Display) -> Self {
        Self::new(ErrorCode::BadRequest, message)
    }

    /// A failure of this machine: the operator learns the cause, the caller does not.
    pub(crate) fn internal(error: &dyn Display) -> Self {
        tracing::error!(%error, "local API failed");
        Self::new(ErrorCode::Internal, "the daemon failed: its log says why")
    }

    /// Its code.
    pub(crate) const fn code(&self) -> ErrorCode {
        self.0.error
    }
}

impl ErrorCode {
    /// The status with which it is sent.
    const fn status(self) -> StatusCode {
        match self {
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::NoToken => StatusCode::UNAUTHORIZED,
            Self::WrongHost => StatusCode::MISDIRECTED_REQUEST,
            Self::WrongOrigin | Self::NoRight => StatusCode::FORBIDDEN,
            Self::OverLimit => StatusCode::PAYMENT_REQUIRED,
            Self::NoRoute | Self::NoAgreement | Self::NoRun | Self::NoBlob => StatusCode::NOT_FOUND,
            Self::NoMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Refused => StatusCode::CONFLICT,
            Self::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unconfirmed | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The seconds after which the same request may succeed, if that is so.
    const fn retry_after(self) -> Option<&'static str> {
        match self {
            Self::Unconfirmed | Self::Unavailable => Some("2"),
            _ => None,
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let code = self.0.error;
        let mut response = (code.status(), Json(self.0)).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = code.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        if code == ErrorCode::NoToken {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<MarketError> for Failure {
    fn from(error: MarketError) -> Self {
        let code = match &error {
            MarketError::NotAnAgreement(_) => ErrorCode::NoAgreement,
            MarketError::Unconfirmed(_) => ErrorCode::Unconfirmed,
            MarketError::Refused(_)
            | MarketError::PurchaseRefused { .. }
            | MarketError::LengthOutOfRange { .. }
            | MarketError::InsufficientFunds { .. } => ErrorCode::Refused,
            MarketError::Journal(_) => return Self::internal(&error),
            _ => ErrorCode::Unavailable,
        };
        Self::new(code, error)
    }
}

impl From<DaemonError> for Failure {
    fn from(error: DaemonError) -> Self {
        match error {
            DaemonError::Market(error) => error.into(),
            DaemonError::NotClient { .. } => Self::new(ErrorCode::NoAgreement, error),
            DaemonError::Message(error) => Self::new(ErrorCode::Unavailable, error),
            other => Self::internal(&other),
        }
    }
}

impl From<HireError> for Failure {
    fn from(error: HireError) -> Self {
        match error {
            HireError::Market(error) => error.into(),
            HireError::Daemon(error) => error.into(),
            HireError::NoRelay => Self::new(ErrorCode::Unavailable, error),
            other => Self::new(ErrorCode::Refused, other),
        }
    }
}

impl From<BlobError> for Failure {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::Missing(blob) => {
                let message = format!("blob {blob} is not here: send it with `POST /v1/blobs`");
                Self::new(ErrorCode::NoBlob, message)
            }
            BlobError::TooLarge(_) => Self::new(ErrorCode::TooLarge, error),
            other => Self::internal(&other),
        }
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::KeyReused => Self::new(ErrorCode::KeyReused, error),
            LedgerError::OverLimit { .. } => Self::new(ErrorCode::OverLimit, error),
            other => Self::internal(&other),
        }
    }
}

impl From<TokenFileError> for Failure {
    fn from(error: TokenFileError) -> Self {
        Self::internal(&error)
    }
}
