//! What an operator chooses about a worker.

use std::net::SocketAddr;
use std::path::PathBuf;

use muster_client::{Application, Offer};
use muster_gateway::{Limits, ServiceLimits, TlsServer, Upstream};
use muster_job_api::JobHost;
use tokio::time::Duration;

use crate::checks::ApplicationDocument;
use crate::context::Payout;

/// Requests per second of one key to a server of jobs: a job of a millisecond needs several.
const JOB_REQUESTS_PER_SECOND: u32 = 1_000;

/// What an operator chooses about a worker.
#[derive(Clone, Debug)]
pub struct WorkerOptions {
    /// The application that it serves. A registration keeps its application.
    pub application: Application,
    /// The document that says what the application is. Clients and testers learn its digest.
    pub document: Option<ApplicationDocument>,
    /// What it offers. The worker updates its registration to this.
    pub offer: Offer,
    /// Wei that it stakes when it registers.
    pub stake: u128,
    /// Whether it adds the stake that it lacks for being listed.
    pub top_up_stake: bool,
    /// Whether it makes itself available once, if it is unavailable: after a missed accept, or by its owner's choice.
    pub make_available: bool,
    /// Whether it frees its slot when an agreement has ended and all its slots are taken, instead of waiting for the
    /// settlement. It pays the gas.
    pub release_slots: bool,
    /// The service behind the gateway.
    pub source: ServiceSource,
    /// The address that the gateway listens on; port 0 is any free port.
    pub listen: SocketAddr,
    /// The URL under which others reach the gateway; without it, the address that it listens on.
    pub public_url: Option<Box<str>>,
    /// The limits of the gateway; [`ServiceSource::gateway_limits`] suit the service.
    pub gateway_limits: Limits,
    /// The gateway's TLS, if it has a certificate.
    pub tls: Option<TlsServer>,
    /// Where pay goes, and when.
    pub payout: Payout,
    /// The longest time that others have to settle an agreement before this worker does.
    pub settle_delay: Duration,
    /// How the worker checks itself.
    pub self_check: SelfCheckOptions,
    /// The block from which on purchases are scanned, if the state file is new and the account is registered.
    pub first_block: u64,
}

/// How a worker checks itself.
#[derive(Clone, Copy, Debug)]
pub struct SelfCheckOptions {
    /// The time between two checks. After one that found something, it is 15 seconds at most.
    pub interval: Duration,
    /// Whether the machine's clock is compared with the chain's. A chain whose clock is moved by hand says nothing.
    pub compares_clocks: bool,
}

/// Where the service comes from.
#[derive(Clone, Debug)]
pub enum ServiceSource {
    /// It runs already, and serves all agreements.
    Upstream(Upstream),
    /// The worker starts this command for each agreement, see [`muster_gateway::ServiceConfig::command`].
    Command {
        /// The command line.
        command: Box<str>,
        /// The limits of each process.
        limits: ServiceLimits,
    },
    /// The worker runs jobs of its clients, see [`muster_job_api`]. Every agreement has a folder of its own below an
    /// account's, which is deleted when the agreement is over.
    Compute {
        /// Runs the jobs, of several workers in one process too.
        host: JobHost,
        /// Where the folders are.
        folder: PathBuf,
    },
}

impl ServiceSource {
    /// The limits that suit a gateway before it.
    #[must_use]
    pub fn gateway_limits(&self) -> Limits {
        let limits = Limits::default();
        let Self::Compute { host, .. } = self else { return limits };
        let requests_per_second = JOB_REQUESTS_PER_SECOND.try_into();
        Limits {
            body_bytes: host.limits().blobs.max(limits.body_bytes),
            requests_per_second: requests_per_second.unwrap_or(limits.requests_per_second),
            ..limits
        }
    }
}
