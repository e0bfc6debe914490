//! One service: the client's part in its agreements, and the workers that run it.

use std::collections::HashMap;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use alloy::primitives::Address;
use muster_client::protocol::abi::State;
use muster_client::{Agreement, MarketError};
use muster_messaging::{ProxyUrl, SampleSource};
use tokio::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::access::{ClientAccess, ServiceWorker};
use super::fleet::Fleet;
use super::samples::ServiceSamples;
use super::webhook::Webhook;
use crate::client::daemon::ClientDaemon;
use crate::client::options::ClientOptions;
use crate::client::proxy::Proxy;
use crate::client::replica_plan::ReplicaTarget;
use crate::context::DaemonContext;
use crate::error::DaemonError;
use crate::health::NextEvent;
use crate::run_loop::Daemon;
use crate::service_checks::ServiceChecks;
use crate::service_record::{ServicePlace, ServiceRecord, StoredService};

/// What an operator chooses about a service.
#[derive(Clone, Debug)]
pub struct ServiceOptions {
    /// The file of its component.
    pub component: PathBuf,
    /// What other processes know of it.
    pub record: ServiceRecord,
    /// The address that the proxy listens on; port 0 is any free port.
    pub listen: SocketAddr,
    /// The proxy for connections to workers, if there is one. Without one, workers know the client by its address.
    pub proxy: Option<ProxyUrl>,
    /// The workers that are kept serving; without it, those of the service's agreements serve until these end.
    pub keep: Option<ReplicaTarget>,
    /// The time without an answer after which a worker has failed.
    pub replace_after: Duration,
    /// The URL that is told when too few workers can be kept.
    pub webhook: Option<Box<str>>,
    /// What testers check it by; without it, they do not.
    pub checks: Option<ServiceChecks>,
    /// What the client does apart from that. `only_agreement`, `replicas`, `samples` and `watch` are ignored.
    pub client: ClientOptions,
}

/// How a service ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceEnd {
    /// It still runs.
    Running,
    /// Its agreements are over, and nothing more is bought.
    Over,
    /// Somebody has ended it.
    Down,
    /// Fewer workers could be kept than were asked for.
    Short {
        /// How many serve.
        serving: usize,
        /// How many should.
        wanted: u8,
    },
}

/// A client of the agreements of one service, with a proxy to its workers.
#[derive(Debug)]
pub struct ServiceDaemon {
    /// The account, its state file and its transport.
    context: DaemonContext,
    /// Does everything apart from the service.
    client: ClientDaemon,
    /// The way to workers.
    access: ClientAccess,
    /// The workers.
    fleet: Arc<Fleet>,
    /// The agreements that are not over.
    agreements: HashMap<Address, Agreement>,
    /// What keeps the service running at each worker.
    tasks: HashMap<ServicePlace, AbortOnDropHandle<()>>,
    /// The workers that are kept serving.
    keep: Option<ReplicaTarget>,
    /// Told when too few workers can be kept.
    webhook: Option<Webhook>,
    /// The proxy; `None` once it is stopped.
    proxy: Option<Proxy>,
    /// The address that the proxy listens on.
    address: SocketAddr,
    /// How the service does.
    end: ServiceEnd,
    /// Cancelled when nothing is left to serve.
    has_ended: CancellationToken,
}

impl ServiceDaemon {
    /// Starts the client of a service's agreements, and a proxy to its workers. A request waits for a worker that runs the
    /// service; the proxy answers 503 if there is none for half a minute.
    ///
    /// # Errors
    /// [`DaemonError::Listen`], [`DaemonError::Message`], [`DaemonError::Store`], [`DaemonError::Http`],
    /// [`DaemonError::Component`].
    pub async fn start(
        context: DaemonContext,
        service: &StoredService,
        options: ServiceOptions,
    ) -> Result<Self, DaemonError> {
        let ServiceOptions { component, record, listen, proxy, keep, replace_after, .. } = options;
        let (signer, transport) = (context.signer().clone(), context.transport());
        let access = ClientAccess::new(signer, context.market(), transport, proxy.as_ref())?;
        let fleet = Arc::new(Fleet::new(service, component, record, replace_after));
        let (http, service) = (access.http.clone(), service.id);
        let webhook = options.webhook.map(|url| Webhook { url, http, service });
        let proxy = Proxy::open(listen, fleet.clone()).await?;
        let samples = options.checks.map(|checks| ServiceSamples::new(fleet.clone(), &checks));
        let samples = samples
            .transpose()
            .map_err(|source| DaemonError::Component { path: fleet.component.clone(), source })?;
        let client_options = ClientOptions {
            samples: samples.map(|samples| -> Arc<dyn SampleSource> { Arc::new(samples) }),
            only_agreement: None,
            replicas: keep,
            watch: Some(fleet.clone()),
            ..options.client
        };
        let client = ClientDaemon::start(context.clone(), client_options).await?;
        Ok(Self {
            context,
            client,
            access,
            fleet,
            agreements: HashMap::new(),
            tasks: HashMap::new(),
            keep,
            webhook,
            address: proxy.address(),
            proxy: Some(proxy),
            end: ServiceEnd::Running,
            has_ended: CancellationToken::new(),
        })
    }

    /// The address that the proxy listens on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Completes when nothing is left to serve. It never does if the daemon is dropped before that.
    pub fn ended(&self) -> impl Future<Output = ()> + Send + use<> {
        self.has_ended.clone().cancelled_owned()
    }

    /// How the service ended, or does.
    #[must_use]
    pub const fn end(&self) -> ServiceEnd {
        self.end
    }

    /// Brings the service to the workers of its agreements that have accepted, and forgets those that serve no more. Returns
    /// whether any agreement is not over.
    async fn follow_agreements(&mut self) -> Result<bool, DaemonError> {
        let claimed = self.fleet.record.service(self.fleet.id)?.agreements;
        let next = self.context.market().next_tick().await?;
        let (mut places, mut is_open) = (Vec::new(), false);
        for address in claimed {
            let agreement = match self.agreements.get(&address) {
                Some(agreement) => agreement.clone(),
                None => match self.context.market().agreement(address).await {
                    Ok(agreement) => agreement,
                    // A node that lags behind has not seen it.
                    Err(MarketError::NotAnAgreement(_)) => {
                        is_open = true;
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                },
            };
            self.agreements.insert(address, agreement.clone());
            let progress = agreement.progress().await?;
            match agreement.times(&progress).state(next) {
                State::Offered => is_open = true,
                State::Running => {
                    is_open = true;
                    for (index, worker) in (0_u8..).zip(agreement.terms().workers()) {
                        let has_left = progress.has_resigned(index) || progress.is_released(index);
                        if progress.has_accepted(index) && !has_left {
                            let place = ServicePlace { agreement: address, worker: worker.account };
                            places.push(place);
                            self.begin(place, &agreement, index);
                        }
                    }
                }
                _ => {
                    self.agreements.remove(&address);
                    self.fleet.record.release(self.fleet.id, address)?;
                }
            }
        }
        self.tasks.retain(|place, _| places.contains(place));
        self.fleet.retain(|place| places.contains(&place));
        Ok(is_open)
    }

    /// Begins to keep the service running at a worker, unless that is done already.
    fn begin(&mut self, place: ServicePlace, agreement: &Agreement, index: u8) {
        self.tasks.entry(place).or_insert_with(|| {
            let worker = ServiceWorker::new(self.access.clone(), agreement.clone(), index);
            let replica = self.fleet.add(worker);
            AbortOnDropHandle::new(tokio::spawn(self.fleet.clone().keep_running(replica)))
        });
    }

    /// Notes whether as many workers are kept as were asked for, and tells the webhook what is new.
    async fn note_shortage(&mut self, stepped: &Result<NextEvent, DaemonError>) {
        let is_short = |end| matches!(end, ServiceEnd::Short { .. });
        let before = self.end;
        let message = match stepped {
            // Nobody is hired any more, so nobody is missing.
            Ok(_) if is_short(before) && self.has_date_come().await.unwrap_or(true) => return,
            Ok(_) => {
                self.end = ServiceEnd::Running;
                String::new()
            }
            Err(error @ DaemonError::TooFewReplicas { serving, wanted, .. }) => {
                self.end = ServiceEnd::Short { serving: *serving, wanted: *wanted };
                error.to_string()
            }
            // Nothing is known.
            Err(_) => return,
        };
        if let (false, ServiceEnd::Short { serving, wanted }) = (is_short(before), self.end) {
            tracing::warn!(serving, wanted, "too few workers can be kept");
            self.tell("short", Some(serving), message).await;
        } else if is_short(before) && !is_short(self.end) {
            tracing::info!("as many workers are kept as were asked for");
            self.tell("restored", None, message).await;
        }
    }

    /// Tells the webhook, if there is one.
    async fn tell(&self, event: &'static str, serving: Option<usize>, message: String) {
        if let (Some(webhook), Some(keep)) = (&self.webhook, &self.keep) {
            webhook.tell(event, (serving, keep.replicas), message).await;
        }
    }

    /// Whether nothing is left to serve, now that every agreement is over.
    async fn is_over(&self) -> Result<bool, DaemonError> {
        let is_lost = matches!(self.end, ServiceEnd::Short { serving: 0, .. });
        Ok(is_lost || self.has_date_come().await?)
    }

    /// Whether no workers are hired any more.
    async fn has_date_come(&self) -> Result<bool, DaemonError> {
        let Some(keep) = &self.keep else { return Ok(true) };
        Ok(self.context.market().next_tick().await? >= keep.until)
    }
}

impl Daemon for ServiceDaemon {
    async fn step(&mut self) -> Result<NextEvent, DaemonError> {
        if self.has_ended.is_cancelled() {
            return Ok(NextEvent::untimed("nothing: the service is over"));
        }
        if self.fleet.record.service(self.fleet.id)?.is_ended {
            self.end = ServiceEnd::Down;
            // Nobody must bring it again to a worker that another process has told to end it.
            self.tasks.clear();
            self.fleet.end_everywhere().await;
            self.has_ended.cancel();
            return Ok(NextEvent::untimed("nothing: the service was ended"));
        }
        let stepped = self.client.step().await;
        self.note_shortage(&stepped).await;
        let is_open = self.follow_agreements().await?;
        if !is_open && self.is_over().await? {
            let message = "nothing is left to serve".to_owned();
            self.tell("ended", Some(0), message).await;
            if self.end == ServiceEnd::Running {
                self.end = ServiceEnd::Over;
            }
            self.has_ended.cancel();
        }
        stepped
    }

    async fn stop(&mut self) {
        self.proxy = None;
        self.tasks.clear();
        self.client.stop().await;
    }
}
