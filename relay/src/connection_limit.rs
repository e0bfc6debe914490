//! Limits open connections, in total and per network.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use crate::limits::Limits;
use crate::policy::count_rejection;

/// Counts open connections per network.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionLimiter {
    /// The limits.
    limits: Limits,
    /// Open connections by network. Networks without one have no entry.
    connected: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// The right to one open connection. Dropping it releases the right.
#[derive(Debug)]
pub(crate) struct Permit {
    /// The limiter that gave the permit.
    limiter: ConnectionLimiter,
    /// The network of the connection.
    network: IpAddr,
}

impl ConnectionLimiter {
    /// A limiter without open connections.
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, connected: Arc::default() }
    }

    /// A permit for a connection from this address; `None`, and a counted rejection, at a limit.
    pub(crate) fn acquire(&self, from: IpAddr) -> Option<Permit> {
        let network = network_of(from);
        let mut connected = self.connected.lock().unwrap_or_else(PoisonError::into_inner);
        if connected.values().sum::<usize>() >= self.limits.connections {
            count_rejection("restricted: too many connections");
            return None;
        }
        let count = connected.entry(network).or_default();
        if *count >= self.limits.per_address {
            count_rejection("restricted: too many connections from there");
            return None;
        }
        *count = count.saturating_add(1);
        record_connections(&connected);
        drop(connected);
        Some(Permit { limiter: self.clone(), network })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut connected = self.limiter.connected.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = connected.get_mut(&self.network) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                connected.remove(&self.network);
            }
        }
        record_connections(&connected);
    }
}

/// Sets the gauge of open connections.
fn record_connections(connected: &HashMap<IpAddr, usize>) {
    let count = u32::try_from(connected.values().sum::<usize>()).unwrap_or(u32::MAX);
    metrics::gauge!("muster_relay_connections").set(f64::from(count));
}

/// The network that an address counts for: an IPv4 address for itself, an IPv6 address for its /64, because one
/// host usually has a whole /64.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::{ConnectionLimiter, Limits};

    /// A limiter for so many connections in total and per address.
    fn limiter(connections: usize, per_address: usize) -> ConnectionLimiter {
        ConnectionLimiter::new(Limits { connections, per_address, ..Limits::default() })
    }

    #[test]
    fn a_permit_is_released_when_its_connection_ends() {
        let limiter = limiter(2, 2);
        let from: IpAddr = [10, 0, 0, 1].into();
        let first = limiter.acquire(from).unwrap();
        let _second = limiter.acquire(from).unwrap();
        assert!(limiter.acquire(from).is_none());
        drop(first);
        assert!(limiter.acquire(from).is_some());
        assert_eq!(limiter.connected.lock().unwrap().values().sum::<usize>(), 1);
    }

    #[test]
    fn one_network_does_not_take_every_connection() {
        let limiter = limiter(9, 1);
        let acquire = |from: &str| limiter.acquire(from.parse().unwrap());
        let _one = acquire("2001:db8::1").unwrap();
        assert!(acquire("2001:db8::ffff:2").is_none());
        let _other = acquire("2001:db8:0:1::1").unwrap();
        let _four = acquire("10.0.0.1").unwrap();
        assert!(acquire("::ffff:10.0.0.1").is_none());
    }
}
