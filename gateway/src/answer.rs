//! What the gateway itself answers: every refusal, as a status and a JSON body.

use http_body_util::{Either, Full};
use hyper::{
    HeaderMap, Response, StatusCode,
    body::Bytes,
    header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde_json::{Map, Value, json};

use crate::{door::Refusal, exchange::Relayed};

/// The body of an answer: ours, or the service's.
pub(crate) type Body = Either<Full<Bytes>, Relayed>;

/// Why a request is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// Something else than a path of the service is asked for.
    #[error("ask for a path of the service")]
    Target,
    /// A tunnel through the gateway is asked for.
    #[error("there are no tunnels here")]
    Connect,
    /// There is no token, or more than one.
    #[error("come with one token, as a bearer or in x-muster-token")]
    NoToken,
    /// The token is not one of this gateway's.
    #[error("this is no token of this gateway")]
    BadToken,
    /// The token was good once.
    #[error("the token has expired: ask for another one")]
    Expired,
    /// The session is not 32 bytes in hex.
    #[error("a session is 32 bytes in hex")]
    Session,
    /// The door stays shut.
    #[error(transparent)]
    Door(#[from] Refusal),
    /// The key was used too often in this second.
    #[error("too many last_request_id in a second")]
    Rate,
    /// The key has its share of the connections.
    #[error("too many connections of this key: end one, or come later")]
    Connections,
    /// The body is longer than allowed.
    #[error("the body is too long")]
    TooLong,
    /// The body breaks off, or is not framed as its head says.
    #[error("the body is not what its head says")]
    Body,
    /// The service cannot be reached, or does not speak HTTP.
    #[error("the service does not answer as it should")]
    NoService,
    /// The service does not answer.
    #[error("the service does not answer in time")]
    Late,
}

impl Refused {
    /// The status, and the name by which programs know the reason.
    const fn kind(self) -> (StatusCode, &'static str) {
        match self {
            Self::Target => (StatusCode::BAD_REQUEST, "bad_target"),
            Self::Connect => (StatusCode::METHOD_NOT_ALLOWED, "no_tunnels"),
            Self::NoToken => (StatusCode::UNAUTHORIZED, "no_token"),
            Self::BadToken => (StatusCode::UNAUTHORIZED, "bad_token"),
            Self::Expired => (StatusCode::UNAUTHORIZED, "expired_token"),
            Self::Session => (StatusCode::BAD_REQUEST, "bad_session"),
            Self::Door(Refusal::Unknown) => (StatusCode::FORBIDDEN, "unknown_agreement"),
            Self::Door(Refusal::Closed { .. }) => (StatusCode::FORBIDDEN, "agreement_closed"),
            Self::Door(Refusal::Stranger) => (StatusCode::FORBIDDEN, "stranger"),
            Self::Door(Refusal::Unclear) => (StatusCode::SERVICE_UNAVAILABLE, "unclear"),
            Self::Rate => (StatusCode::TOO_MANY_REQUESTS, "too_many_requests"),
            Self::Connections => (StatusCode::TOO_MANY_REQUESTS, "too_many_connections"),
            Self::TooLong => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_long"),
            Self::Body => (StatusCode::BAD_REQUEST, "bad_body"),
            Self::NoService => (StatusCode::BAD_GATEWAY, "no_service"),
            Self::Late => (StatusCode::GATEWAY_TIMEOUT, "service_late"),
        }
    }

    /// What goes with the status.
    const fn header(self) -> Option<(HeaderName, HeaderValue)> {
        match self.kind().0 {
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

    /// `{"error": name, "message": words}`, and the agreement's time if that is the reason.
    fn body(self) -> Value {
        let mut body = Map::new();
        body.insert("error".to_owned(), self.kind().1.into());
        body.insert("message".to_owned(), self.to_string().into());
        if let Self::Door(Refusal::Closed { start, now, end }) = self {
            body.extend(
                [("start", start), ("now", now), ("end", end)]
                    .map(|(name, tick)| (name.to_owned(), json!(tick))),
            );
        }
        body.into()
    }

    /// The answer.
    pub(crate) fn response(self) -> Response<Body> {
        let mut response = Response::new(Either::Left(self.body().to_string().into()));
        *response.status_mut() = self.kind().0;
        let json = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let headers: HeaderMap = [json].into_iter().chain(self.header()).collect();
        *response.headers_mut() = headers;
        response
    }
}
