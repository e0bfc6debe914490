//! Checks of a request's head: its target and its token.

use std::time::{SystemTime, UNIX_EPOCH};

use hyper::{HeaderMap, Method, Uri, header::AUTHORIZATION};

use crate::{
    error_response::RequestError,
    token::{Claims, Secret, TOKEN_HEADER},
};

/// Accepts a path, or `*` with OPTIONS. Paths are not normalised: only the service interprets them.
///
/// # Errors
/// [`RequestError::ConnectNotAllowed`], [`RequestError::BadTarget`].
pub(crate) fn check_target(method: &Method, uri: &Uri) -> Result<(), RequestError> {
    if method == Method::CONNECT {
        return Err(RequestError::ConnectNotAllowed);
    }
    let own = uri.scheme().is_none() && uri.authority().is_none();
    let is_path = uri.path().starts_with('/') || (method == Method::OPTIONS && uri.path() == "*");
    if own && is_path { Ok(()) } else { Err(RequestError::BadTarget) }
}

/// The claims of the request's token, if it is genuine and not expired.
///
/// # Errors
/// [`RequestError::MissingToken`], [`RequestError::InvalidToken`], [`RequestError::ExpiredToken`].
pub(crate) fn authenticate(headers: &HeaderMap, secret: &Secret) -> Result<Claims, RequestError> {
    let claims = secret.verify(token(headers)?).ok_or(RequestError::InvalidToken)?;
    if is_expired(&claims) { Err(RequestError::ExpiredToken) } else { Ok(claims) }
}

/// Whether a token has expired.
pub(crate) fn is_expired(claims: &Claims) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.is_ok_and(|now| now.as_secs() >= claims.expires_at)
}

/// The request's token: in `x-muster-token` if that is present, else the bearer token.
fn token(headers: &HeaderMap) -> Result<&str, RequestError> {
    let bearer = !headers.contains_key(TOKEN_HEADER);
    let name = if bearer { AUTHORIZATION.as_str() } else { TOKEN_HEADER };
    let mut values = headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(RequestError::MissingToken);
    };
    let value = value.to_str().map_err(|_| RequestError::InvalidToken)?;
    if !bearer {
        return Ok(value);
    }
    let (scheme, token) = value.split_once(' ').ok_or(RequestError::MissingToken)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        Ok(token.trim())
    } else {
        Err(RequestError::MissingToken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: &Method, target_uri: &str) -> Result<(), RequestError> {
        check_target(method, &target_uri.parse().unwrap())
    }

    #[test]
    fn unusual_paths_are_accepted() {
        for path in ["/", "//host/path", "/../../etc", "/%2e%2e/", "/a?b=http://c"] {
            assert_eq!(check(&Method::GET, path), Ok(()), "{path}");
        }
        assert_eq!(check(&Method::OPTIONS, "*"), Ok(()));
    }

    #[test]
    fn targets_that_are_no_paths_are_rejected() {
        assert_eq!(check(&Method::GET, "http://127.0.0.1:22/"), Err(RequestError::BadTarget));
        assert_eq!(check(&Method::GET, "127.0.0.1:22"), Err(RequestError::BadTarget));
        assert_eq!(check(&Method::GET, "*"), Err(RequestError::BadTarget));
        assert_eq!(check(&Method::CONNECT, "127.0.0.1:22"), Err(RequestError::ConnectNotAllowed));
    }

    #[test]
    fn a_token_comes_once_in_either_header() {
        let headers = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for &(name, value) in pairs {
                headers.append(name, value.parse().unwrap());
            }
            headers
        };
        assert_eq!(token(&headers(&[("authorization", "Bearer a")])), Ok("a"));
        assert_eq!(token(&headers(&[("authorization", "bearer  a")])), Ok("a"));
        assert_eq!(token(&headers(&[(TOKEN_HEADER, "a"), ("authorization", "Basic b")])), Ok("a"));
        for none in [
            headers(&[]),
            headers(&[("authorization", "Basic a")]),
            headers(&[("authorization", "a")]),
            headers(&[("authorization", "Bearer a"), ("authorization", "Bearer b")]),
            headers(&[(TOKEN_HEADER, "a"), (TOKEN_HEADER, "b")]),
        ] {
            assert_eq!(token(&none), Err(RequestError::MissingToken), "{none:?}");
        }
    }
}
