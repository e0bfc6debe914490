//! What an operator chooses about a client.

use std::net::SocketAddr;
use std::sync::Arc;

use alloy::primitives::Address;
use muster_messaging::{ProxyUrl, SampleSource};
use tokio::time::Duration;

use super::purchase_document::PurchaseDocument;
use super::renewal::Renewal;
use super::replica_plan::{ReplicaTarget, ReplicaWatch};
use crate::context::Payout;

/// What an operator chooses about a client.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// The only agreement that it attends to; without it, all agreements of the account.
    pub only_agreement: Option<Address>,
    /// Where refunds go, and when.
    pub payout: Payout,
    /// The longest time that others have to settle an agreement before this client does.
    pub settle_delay: Duration,
    /// The block from which on purchases are scanned, if the state file is new.
    pub first_block: u64,
    /// Whether each agreement is followed by another, and at which price. Without effect with `only_agreement`.
    pub renewal: Option<Renewal>,
    /// The jobs that testers get to test workers with, if the client has jobs.
    pub samples: Option<Arc<dyn SampleSource>>,
    /// Workers of an application that are kept serving. Without effect with `only_agreement`.
    pub replicas: Option<ReplicaTarget>,
    /// The document that the replicas' workers commit to, if there is one.
    pub document: Option<PurchaseDocument>,
    /// What uses the agreements, if they are for something special: no others are attended to.
    pub watch: Option<Arc<dyn ReplicaWatch>>,
}

impl ClientOptions {
    /// A client of all agreements of its account, which renews none, keeps no replicas and has no jobs.
    #[must_use]
    pub const fn new(payout: Payout, settle_delay: Duration, first_block: u64) -> Self {
        Self {
            only_agreement: None,
            payout,
            settle_delay,
            first_block,
            renewal: None,
            samples: None,
            replicas: None,
            document: None,
            watch: None,
        }
    }
}

/// What an operator chooses about a connection to an agreement's service.
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    /// The address that the proxy listens on; port 0 is any free port.
    pub listen: SocketAddr,
    /// The paths of the service that workers are probed with, each time one at random. Testers should use the same ones;
    /// without any, `/`.
    pub probe_paths: Vec<Box<str>>,
    /// The proxy for connections to services, if there is one. Without one, workers know the client by its address.
    pub proxy: Option<ProxyUrl>,
    /// What the client does apart from that. `only_agreement` is ignored.
    pub client: ClientOptions,
}
