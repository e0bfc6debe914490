//! What the gateway itself answers: every refusal, as a status and a JSON body.

use http_body_util::{Either, Full};
use hyper::{
    HeaderMap, Response, StatusCode,
    body::Bytes,
    header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde_json::{Map, Value, json};

use crate::{authorizer::AuthorizationError, forward::UpstreamBody};

/// The body of an answer: ours, or the service's.
pub(crate) type ResponseBody = Either<Full<Bytes>, UpstreamBody>;

/// Why a request is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RequestError {
    /// Something else than a path of the service is asked for.
    #[error("ask for a path of the service")]
    BadTarget,
    /// A tunnel through the gateway is asked for.
    #[error("there are no tunnels here")]
    ConnectNotAllowed,
    /// There is no token, or more than one.
    #[error("come with one token, as a bearer or in x-muster-token")]
    MissingToken,
    /// The token is not one of this gateway's.
    #[error("this is no token of this gateway")]
    InvalidToken,
    /// The token was good once.
    #[error("the token has expired: ask for another one")]
    ExpiredToken,
    /// The session is not 32 bytes in hex.
    #[error("a session is 32 bytes in hex")]
    BadSession,
    /// The door stays shut.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// The key was used too often in this second.
    #[error("too many requests in a second")]
    TooManyRequests,
    /// The key has its share of the connections.
    #[error("too many connections of this key: end one, or come later")]
    TooManyConnections,
    /// The body is longer than allowed.
    #[error("the body is too long")]
    BodyTooLarge,
    /// The body breaks off, or is not framed as its head says.
    #[error("the body is not what its head says")]
    BadBody,
    /// The service cannot be reached, or does not speak HTTP.
    #[error("the service does not answer as it should")]
    BadGateway,
    /// The service does not answer.
    #[error("the service does not answer in time")]
    GatewayTimeout,
}

impl RequestError {
    /// The status, and the name by which programs know the reason.
    const fn status_and_code(self) -> (StatusCode, &'static str) {
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

    /// What goes with the status.
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

    /// `{"error": name, "message": words}`, and the agreement's time if that is the reason.
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

    /// The answer.
    pub(crate) fn into_response(self) -> Response<ResponseBody> {
        let mut response = Response::new(Either::Left(self.body().to_string().into()));
        *response.status_mut() = self.status_and_code().0;
        let json = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let headers: HeaderMap = [json].into_iter().chain(self.extra_header()).collect();
        *response.headers_mut() = headers;
        response
    }
}
