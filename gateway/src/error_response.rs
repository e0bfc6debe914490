//! The gateway's own responses: a status and a JSON body for each reason to reject a request.

use http_body_util::Either;
use hyper::{
    HeaderMap, Response, StatusCode,
    header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde_json::{Map, Value, json};

use crate::{authorizer::AuthorizationError, body::ResponseBody};

/// Why a request is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RequestError {
    /// The request target is no path.
    #[error("the request target must be a path")]
    BadTarget,
    /// The method is CONNECT.
    #[error("CONNECT is not supported")]
    ConnectNotAllowed,
    /// The request has no token, or more than one.
    #[error("one token is required: as authorization: Bearer or in x-muster-token")]
    MissingToken,
    /// This gateway did not issue the token.
    #[error("the token is invalid: this gateway did not issue it")]
    InvalidToken,
    /// The token has expired.
    #[error("the token has expired: request a new one")]
    ExpiredToken,
    /// The session is not 32 bytes in hex.
    #[error("x-muster-session must be 32 bytes in hex")]
    BadSession,
    /// The authorizer does not let the token's holder in.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// The key exceeds its request rate.
    #[error("too many requests with this key: retry in a second")]
    TooManyRequests,
    /// The key has its share of the connections.
    #[error("too many connections with this key: close one or retry later")]
    TooManyConnections,
    /// The request's body exceeds the limit.
    #[error("the request body is too long")]
    BodyTooLarge,
    /// The request's body is incomplete or wrongly framed.
    #[error("the request body is incomplete or wrongly framed")]
    BadBody,
    /// The service cannot be reached, or does not speak HTTP.
    #[error("the service is down or does not speak HTTP")]
    BadGateway,
    /// The service does not accept a connection or respond in time.
    #[error("the service did not respond in time")]
    GatewayTimeout,
}

impl RequestError {
    /// The status, and the stable code in the body's `error`.
    pub(crate) const fn status_and_code(self) -> (StatusCode, &'static str) {
        match self {
            Self::BadTarget => (StatusCode::BAD_REQUEST, "bad_target"),
            Self::ConnectNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "no_tunnels"),
            Self::MissingToken => (StatusCode::UNAUTHORIZED, "no_token"),
            Self::InvalidToken => (StatusCode::UNAUTHORIZED, "bad_token"),
            Self::ExpiredToken => (StatusCode::UNAUTHORIZED, "expired_token"),
            Self::BadSession => (StatusCode::BAD_REQUEST, "bad_session"),
            Self::Authorization(AuthorizationError::UnknownAgreement) => {
                (StatusCode::FORBIDDEN, "unknown_agreement")
            }
            Self::Authorization(AuthorizationError::NotRunning { .. }) => {
                (StatusCode::FORBIDDEN, "agreement_closed")
            }
            Self::Authorization(AuthorizationError::NotAParty) => {
                (StatusCode::FORBIDDEN, "stranger")
            }
            Self::Authorization(AuthorizationError::Unavailable) => {
                (StatusCode::SERVICE_UNAVAILABLE, "unclear")
            }
            Self::TooManyRequests => (StatusCode::TOO_MANY_REQUESTS, "too_many_requests"),
            Self::TooManyConnections => (StatusCode::TOO_MANY_REQUESTS, "too_many_connections"),
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_long"),
            Self::BadBody => (StatusCode::BAD_REQUEST, "bad_body"),
            Self::BadGateway => (StatusCode::BAD_GATEWAY, "no_service"),
            Self::GatewayTimeout => (StatusCode::GATEWAY_TIMEOUT, "service_late"),
        }
    }

    /// The header that belongs to the status.
    const fn extra_header(self) -> Option<(HeaderName, HeaderValue)> {
        match self.status_and_code().0 {
            StatusCode::UNAUTHORIZED => {
                Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")))
            }
            StatusCode::METHOD_NOT_ALLOWED => Some((ALLOW, HeaderValue::from_static("GET, POST"))),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                Some((RETRY_AFTER, HeaderValue::from_static("1")))
            }
            _ => None,
        }
    }

    /// `{"error": code, "message": text}`, with `start`, `now` and `end` if the agreement is not running.
    fn body(self) -> Value {
        let mut body = Map::new();
        body.insert("error".to_owned(), self.status_and_code().1.into());
        body.insert("message".to_owned(), self.to_string().into());
        if let Self::Authorization(AuthorizationError::NotRunning { start, now, end }) = self {
            body.extend(
                [("start", start), ("now", now), ("end", end)]
                    .map(|(name, tick)| (name.to_owned(), json!(tick))),
            );
        }
        body.into()
    }

    /// The response.
    pub(crate) fn into_response(self) -> Response<ResponseBody> {
        let mut response = Response::new(Either::Left(self.body().to_string().into()));
        *response.status_mut() = self.status_and_code().0;
        let json = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let headers: HeaderMap = [json].into_iter().chain(self.extra_header()).collect();
        *response.headers_mut() = headers;
        response
    }
}
