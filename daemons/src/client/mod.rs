//! The client: sends passes to testers, releases workers that did not accept, renews its
//! agreements or keeps replicas if it is told to, settles them when they are due, and withdraws what it gets back.
//!
//! [`ClientDaemon`] does that for all agreements of an account. [`ConnectDaemon`] does it for one, and serves that
//! agreement's service on a local address. [`JobsDaemon`] does it for one, and runs jobs there.
//! [`ServiceDaemon`] does it for those of one service that the client brings. [`buy_once`] buys without buying twice. Workers cannot tell the client from a
//! tester: it uses and probes them as testers do, under fresh keys for each window.

mod agreement_client;
mod agreement_task;
mod applications;
mod client_responder;
mod connect;
mod daemon;
mod endpoint_pool;
#[cfg(feature = "failpoints")]
mod failpoints;
#[cfg(test)]
mod guess;
mod hire;
mod job_limits;
mod job_probe;
mod job_samples;
mod jobs;
mod key_tasks;
mod options;
mod pool_forwarder;
mod pool_state;
mod price_parts;
mod probe_context;
mod proxy;
mod purchase;
mod purchase_document;
mod purchase_plan;
mod renewal;
mod replica_plan;
mod replicas;
mod running_agreement;
mod services;
mod traffic_key;

pub use self::applications::{ServedApplication, ask_applications};
pub use self::connect::{ConnectDaemon, EndpointInfo, fetch_endpoints};
pub use self::daemon::ClientDaemon;
#[cfg(feature = "failpoints")]
pub use self::failpoints::FAILPOINTS;
pub use self::hire::{Fitness, Found, HireError, HireOffer, HireRequest, Hired, find_agreement};
pub use self::job_limits::{JobCapacity, ask_job_capacity};
pub use self::jobs::{
    Evidence, EvidenceError, JobAnswer, JobReport, JobRequest, JobSessions, Jobs, JobsDaemon,
    JobsError, JobsOptions, LocalRunner, RunOptions, SessionError, Statement, Verdict,
    check_program, fill_arguments, wrong_workers,
};
pub use self::options::{ClientOptions, ConnectOptions};
pub use self::price_parts::PriceParts;
pub use self::purchase::{buy_once, find_purchase};
pub use self::purchase_document::{MAX_ASKED, PurchaseDocument};
pub use self::purchase_plan::{OrderTerms, PurchasePlan};
pub use self::renewal::Renewal;
pub use self::replica_plan::{ReplicaTarget, ReplicaWatch};
pub use self::running_agreement::{RunningAgreement, own_agreements, running_agreements};
pub use self::services::{
    ServiceDaemon, ServiceEnd, ServiceFailure, ServiceManager, ServiceOptions, ServicesError,
};
