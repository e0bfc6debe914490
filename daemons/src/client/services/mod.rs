//! Services that a client brings: at each worker of its agreements the same component, reached through one proxy on this machine.
//!
//! [`ServiceDaemon`] serves one service, and does the client's part in its agreements. [`ServiceManager`] reads its logs and
//! ends it, from any process. What runs where is in a [`ServiceRecord`](crate::ServiceRecord).
//!
//! - `access.rs`: the way to a worker, under fresh keys. `management.rs`: signed requests to it.
//! - `fleet.rs`: the workers of a service, and which of them run it; `deployment.rs` brings it to each, and checks on it;
//!   `forwarder.rs` sends requests to those that run it; `watch.rs` tells the reconciler who fails.
//! - `samples.rs`: the checks of the service, for testers.
//! - `daemon.rs`: the agreements, and their end; `webhook.rs` tells somebody else.

mod access;
mod daemon;
mod deployment;
mod error;
mod failure;
mod fleet;
mod forwarder;
mod management;
mod manager;
mod samples;
mod watch;
mod webhook;

pub use self::daemon::{ServiceDaemon, ServiceEnd, ServiceOptions};
pub use self::error::ServicesError;
pub use self::failure::ServiceFailure;
pub use self::manager::ServiceManager;
