//! A request that changes something: by whom, under which idempotency key, and what it says.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::HeaderName;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::caller::Caller;
use crate::failure::Failure;
use crate::ledger::Fingerprint;
use crate::shared::Shared;

/// The header with a key under which a request is made once.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The longest key.
const MAX_KEY: usize = 255;

/// A request that changes something.
#[derive(Debug)]
pub(crate) struct Post<T> {
    /// Whose it is.
    pub(crate) caller: Caller,
    /// Its key, if it has one.
    pub(crate) key: Option<String>,
    /// What makes it the same request.
    pub(crate) fingerprint: Fingerprint,
    /// What it says. No body is an empty object.
    pub(crate) body: T,
}

impl<T: DeserializeOwned> FromRequest<Arc<Shared>> for Post<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let caller = Caller::from_request_parts(&mut parts, shared).await?;
        let key = parts.headers.get(IDEMPOTENCY_KEY).map(|value| value.to_str());
        let key = match key {
            None => None,
            Some(Ok(key)) if (1..=MAX_KEY).contains(&key.len()) => Some(key.to_owned()),
            Some(_) => {
                let message = format!("an idempotency key has 1 to {MAX_KEY} visible characters");
                return Err(Failure::bad_request(message));
            }
        };
        let mut hash = Sha256::new();
        hash.update(format!("{} {}\n", parts.method, parts.uri.path()));
        let body = Bytes::from_request(Request::from_parts(parts, body), shared).await;
        let body = body.map_err(Failure::bad_request)?;
        hash.update(&body);
        let text: &[u8] = if body.is_empty() { b"{}" } else { &body };
        let parsed = serde_json::from_slice(text);
        let body = parsed.map_err(|error| {
            Failure::bad_request(format!("the body is not as expected: {error}"))
        })?;
        Ok(Self { caller, key, fingerprint: hash.finalize().into(), body })
    }
}
