//! Reading a request's head: what is asked for, and who asks.

use std::time::{SystemTime, UNIX_EPOCH};

use hyper::{HeaderMap, Method, Uri, header::AUTHORIZATION};

use crate::{
    answer::Refused,
    token::{Guest, Secret, TOKEN},
};

/// Lets only paths of the service pass, as they are: what a path means is the service's business.
///
/// # Errors
/// [`Refused::Connect`], [`Refused::Target`].
pub(crate) fn target(method: &Method, uri: &Uri) -> Result<(), Refused> {
    if method == Method::CONNECT {
        return Err(Refused::Connect);
    }
    let own = uri.scheme().is_none() && uri.authority().is_none();
    let place = uri.path().starts_with('/') || (method == Method::OPTIONS && uri.path() == "*");
    if own && place { Ok(()) } else { Err(Refused::Target) }
}

/// Whoever shows a good token.
///
/// # Errors
/// [`Refused::NoToken`], [`Refused::BadToken`], [`Refused::Expired`].
pub(crate) fn guest(headers: &HeaderMap, secret: &Secret) -> Result<Guest, Refused> {
    let guest = secret.open(token(headers)?).ok_or(Refused::BadToken)?;
    if expired(&guest) { Err(Refused::Expired) } else { Ok(guest) }
}

/// Whether a guest's token is good for nothing by now.
pub(crate) fn expired(guest: &Guest) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.is_ok_and(|now| now.as_secs() >= guest.expires)
}

/// The one token of a request.
fn token(headers: &HeaderMap) -> Result<&str, Refused> {
    let bearer = !headers.contains_key(TOKEN);
    let name = if bearer { AUTHORIZATION.as_str() } else { TOKEN };
    let mut values = headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Err(Refused::NoToken) };
    let value = value.to_str().map_err(|_| Refused::BadToken)?;
    if !bearer {
        return Ok(value);
    }
    let (scheme, token) = value.split_once(' ').ok_or(Refused::NoToken)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(Refused::NoToken) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: &Method, place: &str) -> Result<(), Refused> {
        target(method, &place.parse().unwrap())
    }

    #[test]
    fn paths_pass_however_strange() {
        for path in ["/", "//host/path", "/../../etc", "/%2e%2e/", "/a?b=http://c"] {
            assert_eq!(asked(&Method::GET, path), Ok(()), "{path}");
        }
        assert_eq!(asked(&Method::OPTIONS, "*"), Ok(()));
    }

    #[test]
    fn other_places_than_paths_are_refused() {
        assert_eq!(asked(&Method::GET, "http://127.0.0.1:22/"), Err(Refused::Target));
        assert_eq!(asked(&Method::GET, "127.0.0.1:22"), Err(Refused::Target));
        assert_eq!(asked(&Method::GET, "*"), Err(Refused::Target));
        assert_eq!(asked(&Method::CONNECT, "127.0.0.1:22"), Err(Refused::Connect));
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
        assert_eq!(token(&headers(&[(TOKEN, "a"), ("authorization", "Basic b")])), Ok("a"));
        for none in [
            headers(&[]),
            headers(&[("authorization", "Basic a")]),
            headers(&[("authorization", "a")]),
            headers(&[("authorization", "Bearer a"), ("authorization", "Bearer b")]),
            headers(&[(TOKEN, "a"), (TOKEN, "b")]),
        ] {
            assert_eq!(token(&none), Err(Refused::NoToken), "{none:?}");
        }
    }
}
