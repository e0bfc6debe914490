//! Who may connect: so many at a time, and not all of them from one place.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use super::limits::Limits;
use super::rules::refused;

/// Counts who is connected.
#[derive(Clone, Debug)]
pub(super) struct Doors {
    /// What is allowed.
    limits: Limits,
    /// How many are connected from each place.
    inside: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One connection's place, free again when it is dropped.
#[derive(Debug)]
pub(super) struct Pass {
    /// The counter.
    doors: Doors,
    /// Where the connection comes from.
    place: IpAddr,
}

impl Doors {
    /// Nobody is in.
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, inside: Arc::default() }
    }

    /// A place for a connection from this address, if there is one.
    pub(super) fn enter(&self, from: IpAddr) -> Option<Pass> {
        let place = place(from);
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        if inside.values().sum::<usize>() >= self.limits.connections {
            refused("restricted: too many connections");
            return None;
        }
        let here = inside.entry(place).or_default();
        if *here >= self.limits.per_address {
            refused("restricted: too many connections from there");
            return None;
        }
        *here = here.saturating_add(1);
        tell(&inside);
        drop(inside);
        Some(Pass { doors: self.clone(), place })
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut inside = self.doors.inside.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(here) = inside.get_mut(&self.place) {
            *here = here.saturating_sub(1);
            if *here == 0 {
                inside.remove(&self.place);
            }
        }
        tell(&inside);
    }
}

/// Tells monitors how many are connected.
fn tell(inside: &HashMap<IpAddr, usize>) {
    let count = u32::try_from(inside.values().sum::<usize>()).unwrap_or(u32::MAX);
    metrics::gauge!("muster_relay_connections").set(f64::from(count));
}

/// What counts as one place: nobody has many IPv4 addresses, but everybody an IPv6 network.
fn place(address: IpAddr) -> IpAddr {
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

    use super::{Doors, Limits};

    /// Doors for so many in all and from one place.
    fn doors(connections: usize, per_address: usize) -> Doors {
        Doors::new(Limits { connections, per_address, ..Limits::default() })
    }

    #[test]
    fn a_place_is_free_again_when_its_connection_ends() {
        let doors = doors(2, 2);
        let from: IpAddr = [10, 0, 0, 1].into();
        let first = doors.enter(from).unwrap();
        let _second = doors.enter(from).unwrap();
        assert!(doors.enter(from).is_none());
        drop(first);
        assert!(doors.enter(from).is_some());
        assert_eq!(doors.inside.lock().unwrap().values().sum::<usize>(), 1);
    }

    #[test]
    fn one_network_does_not_take_every_place() {
        let doors = doors(9, 1);
        let enter = |from: &str| doors.enter(from.parse().unwrap());
        let _one = enter("2001:db8::1").unwrap();
        assert!(enter("2001:db8::ffff:2").is_none());
        let _other = enter("2001:db8:0:1::1").unwrap();
        let _four = enter("10.0.0.1").unwrap();
        assert!(enter("::ffff:10.0.0.1").is_none());
    }
}
