//! Whose request it is, for limits.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::HeaderMap;

/// The header to which a reverse proxy adds the address that it saw.
const FORWARDED: &str = "x-forwarded-for";

/// The address of a peer, which every request of its connection carries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// What limits are counted for: an IPv4 address, or the 64 bits of an IPv6 address that its owner cannot choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ClientKey(Ipv6Addr);

impl ClientKey {
    /// The key of an address.
    pub(crate) const fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(address.to_ipv6_mapped()),
            IpAddr::V6(address) => Self(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
        }
    }

    /// The key of a request: of its peer, or of the last address in `X-Forwarded-For` if the peer is a proxy of ours.
    pub(crate) fn of_request(peer: Peer, headers: &HeaderMap, is_behind_proxy: bool) -> Self {
        let forwarded = || {
            let text = headers.get_all(FORWARDED).iter().next_back()?.to_str().ok()?;
            text.rsplit(',').next()?.trim().parse().ok()
        };
        let forwarded = is_behind_proxy.then(forwarded).flatten();
        Self::of(forwarded.unwrap_or_else(|| peer.0.ip()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_cannot_choose_its_key() {
        let peer = Peer("10.0.0.1:80".parse().unwrap());
        let mut headers = HeaderMap::new();
        headers.append(FORWARDED, "1.2.3.4".parse().unwrap());
        headers.append(FORWARDED, "5.6.7.8, 9.9.9.9".parse().unwrap());
        let key = |text: &str| ClientKey::of(text.parse().unwrap());
        assert_eq!(ClientKey::of_request(peer, &headers, false), key("10.0.0.1"));
        assert_eq!(ClientKey::of_request(peer, &headers, true), key("9.9.9.9"));
        headers.append(FORWARDED, "nonsense".parse().unwrap());
        assert_eq!(ClientKey::of_request(peer, &headers, true), key("10.0.0.1"));
        assert_eq!(key("2001:db8:1:2:3:4:5:6"), key("2001:db8:1:2::"));
        assert_ne!(key("2001:db8:1:2::"), key("2001:db8:1:3::"));
        assert_eq!(key("::ffff:1.2.3.4"), key("1.2.3.4"));
    }
}
