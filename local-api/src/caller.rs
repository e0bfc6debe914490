//! Who makes a request: the holder of a token.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;

use crate::allowed_callers::single;
use crate::failure::{ErrorCode, Failure};
use crate::right::Right;
use crate::shared::Shared;
use crate::token::Token;

/// Lets only requests of allowed callers pass.
pub(crate) async fn check_caller(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    shared.callers.check(request.headers())?;
    Ok(next.run(request).await)
}

/// The holder of a token.
#[derive(Clone, Debug)]
pub(crate) struct Caller(pub(crate) Arc<Token>);

impl Caller {
    /// Refuses a caller without a right.
    pub(crate) fn require(&self, right: Right) -> Result<(), Failure> {
        if self.0.rights.contains(&right) {
            return Ok(());
        }
        let name = &self.0.name;
        let message = format!("the token {name} has no right `{right}`: use another one");
        Err(Failure::new(ErrorCode::NoRight, message))
    }
}

impl FromRequestParts<Arc<Shared>> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Failure> {
        let missing =
            "send `Authorization: Bearer TOKEN`, with a token of `muster client token add`";
        let shown = single(&parts.headers, &AUTHORIZATION)?.and_then(bearer);
        let shown = shown.ok_or_else(|| Failure::new(ErrorCode::NoToken, missing))?;
        let unknown = "there is no such token: it was mistyped, or removed";
        let found = shared.tokens.find(shown)?;
        found.map(Self).ok_or_else(|| Failure::new(ErrorCode::NoToken, unknown))
    }
}

/// The token of a header `Authorization`.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_is_shown() {
        assert_eq!(bearer("Bearer muster_1"), Some("muster_1"));
        assert_eq!(bearer("bearer  muster_1 "), Some("muster_1"));
        for other in ["muster_1", "Basic bXVzdGVy", ""] {
            assert_eq!(bearer(other), None, "{other}");
        }
    }
}
