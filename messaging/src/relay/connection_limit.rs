//! Who may connect: so many at a time, and not all of them from one place.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use super::limits::Limits;
use super::policy::count_rejection;

/// Counts who is connected.
#[derive(Clone, Debug)]
pub(super) struct ConnectionLimiter {
    /// What is allowed.
    limits: Limits,
    /// How many are connected from each place.
    connected: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One connection's place, free again when it is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    /// The counter.
    limiter: ConnectionLimiter,
    /// Where the connection comes from.
    network: IpAddr,
}

impl ConnectionLimiter {
    /// Nobody is in.
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, connected: Arc::default() }
    }

    /// A place for a connection from this address, if there is one.
    pub(super) fn acquire(&self, from: IpAddr) -> Option<Permit> {
        let network = network_of(from);
        let mut connected = self.connected.lock().unwrap_or_else(PoisonError::into_inner);
        if connected.values().sum::<usize>() >= self.limits.connections {
            count_rejection("restricted: too many connections");
            return None;
        }
        let here = connected.entry(network).or_default();
        if *here >= self.limits.per_address {
            count_rejection("restricted: too many connections from there");
            return None;
        }
        *here = here.saturating_add(1);
        record_connections(&connected);
        drop(connected);
        Some(Permit { limiter: self.clone(), network })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut connected = self.limiter.connected.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(here) = connected.get_mut(&self.network) {
            *here = here.saturating_sub(1);
            if *here == 0 {
                connected.remove(&self.network);
            }
        }
        record_connections(&connected);
    }
}

/// Tells monitors how many are connected.
fn record_connections(connected: &HashMap<IpAddr, usize>) {
    let count = u32::try_from(connected.values().sum::<usize>()).unwrap_or(u32::MAX);
    metrics::gauge!("muster_relay_connections").set(f64::from(count));
}

/// What counts as one place: nobody has many IPv4 addresses, but everybody an IPv6 network.
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

    /// Doors for so many in all and from one place.
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
