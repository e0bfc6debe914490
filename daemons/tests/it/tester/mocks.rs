//! What a tester talks to: workers that fail in every way, and a client.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex};

use alloy::primitives::{Address, B256};
use alloy::signers::local::PrivateKeySigner;
use muster_client::protocol::receipt::part_of_window;
use muster_client::{Application, Market, ServiceReceipt};
use muster_gateway::{
    AuthorizationError, Authorizer, Claims, Config, Gateway, Receipts, Secret, Upstream,
};
use muster_messaging::{
    Claim, Content, Endpoint, InMemoryReplayGuard, Mailbox, MessageKey, SecretString, Transport,
};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::task::AbortOnDropHandle;

use super::job_service::JobService;
use crate::echo_service::EchoService;

/// How a worker behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behavior {
    /// As it should.
    Honest,
    /// It answers no messages.
    Silent,
    /// Its service is down, and its gateway says so.
    ServiceDown,
    /// Its receipts are for another session.
    WrongReceipts,
    /// Its service reads requests and does not answer.
    Hanging,
    /// It signs results of jobs that are wrong.
    WrongResults,
    /// It returns the result of another job.
    OtherJobs,
    /// It signs results of jobs with another key.
    ForeignSignatures,
    /// It returns right results, and none of the outputs that they name.
    NoOutputs,
    /// It runs jobs of modules that it has seen before.
    SeenModules,
}

/// A service that reads requests, and never answers.
struct HangingService {
    /// Where it listens.
    upstream: Upstream,
    /// The connections that it has accepted.
    connections: Arc<Mutex<Vec<TcpStream>>>,
    /// Accepts them.
    _task: AbortOnDropHandle<()>,
}

impl HangingService {
    /// Starts it.
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let upstream = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let connections = Arc::<Mutex<Vec<_>>>::default();
        let accepted = connections.clone();
        let task = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _ = stream.read(&mut [0; 4_096]).await.unwrap();
                accepted.lock().unwrap().push(stream);
            }
        });
        Self { upstream, connections, _task: AbortOnDropHandle::new(task) }
    }
}

/// Authorizes every token holder, and forwards to nowhere while the service is down.
struct AllowAll {
    /// How the worker behaves.
    behavior: Arc<Mutex<Behavior>>,
    /// The service.
    upstream: Upstream,
    /// The service that does not answer.
    hanging: Upstream,
}

impl Authorizer for AllowAll {
    async fn authorize(&self, _: &Claims) -> Result<Upstream, AuthorizationError> {
        Ok(match *self.behavior.lock().unwrap() {
            Behavior::ServiceDown => "http://127.0.0.1:1".parse().unwrap(),
            Behavior::Hanging => self.hanging.clone(),
            _ => self.upstream.clone(),
        })
    }
}

/// Signs receipts.
struct MockReceipts {
    /// How the worker behaves.
    behavior: Arc<Mutex<Behavior>>,
    /// The worker's key.
    signer: PrivateKeySigner,
    /// Its view of the market.
    market: Market,
    /// The served parts, by session.
    served: Mutex<HashMap<B256, u32>>,
}

impl Receipts for MockReceipts {
    async fn issue(&self, claims: &Claims, session: [u8; 32]) -> Option<String> {
        let agreement = self.market.agreement(Address::from(claims.agreement)).await.unwrap();
        let (progress, now) =
            (agreement.progress().await.unwrap(), self.market.now().await.unwrap());
        let window = agreement.window_at(&progress, now)?;
        let windows = agreement.windows(&progress);
        let (_, ticks) = windows.iter().find(|(number, _)| *number == window)?;
        let part = part_of_window(now - ticks.start, ticks.end - ticks.start);
        let session = match *self.behavior.lock().unwrap() {
            Behavior::WrongReceipts => B256::ZERO,
            _ => session.into(),
        };
        let parts = {
            let mut sessions = self.served.lock().unwrap();
            let parts = sessions.entry(session).or_default();
            *parts |= 1 << part;
            *parts
        };
        let domain = agreement.receipt_domain();
        let receipt = ServiceReceipt::sign(&self.signer, domain, session, window, parts);
        Some(receipt.unwrap().to_string())
    }
}

/// A worker.
pub(super) struct MockWorker {
    /// How it behaves.
    behavior: Arc<Mutex<Behavior>>,
    /// Its key.
    pub(super) signer: PrivateKeySigner,
    /// The requests for its endpoint: claim and key.
    pub(super) endpoint_requests: Arc<Mutex<Vec<(Claim, B256)>>>,
    /// The service that does not answer.
    hanging: HangingService,
    /// Its gateway, its service and its responder.
    _parts: (Gateway, EchoService, JoinHandle<()>),
    /// Its service, if it runs jobs.
    pub(super) jobs: Option<JobService>,
}

impl MockWorker {
    /// Starts a worker that behaves well.
    pub(super) async fn start(
        signer: &PrivateKeySigner,
        market: Market,
        application: Application,
        transport: Arc<dyn Transport>,
    ) -> Self {
        let (behavior, endpoint_requests) =
            (Arc::new(Mutex::new(Behavior::Honest)), Arc::<Mutex<Vec<_>>>::default());
        let service = EchoService::start().await;
        let secret = Secret::new([7; 32]);
        let jobs = if application == Application::default() {
            None
        } else {
            Some(JobService::start(signer.clone(), behavior.clone()).await)
        };
        let url = jobs.as_ref().map_or_else(|| service.url(), JobService::url);
        let (config, upstream) = (Config::any_port(secret.clone()), url.parse().unwrap());
        let hanging = HangingService::start().await;
        let authorizer =
            AllowAll { behavior: behavior.clone(), upstream, hanging: hanging.upstream.clone() };
        let receipts = MockReceipts {
            behavior: behavior.clone(),
            signer: signer.clone(),
            market,
            served: Mutex::default(),
        };
        let gateway = Gateway::start(config, authorizer, receipts).await.unwrap();
        let url = format!("http://{}", gateway.address()).into_boxed_str();

        let (key, replay_guard) =
            (MessageKey::from_signer(signer).unwrap(), Arc::new(InMemoryReplayGuard::new(256)));
        let mut mailbox = Mailbox::open(key, transport, replay_guard).await.unwrap();
        let (current_behavior, requests) = (behavior.clone(), endpoint_requests.clone());
        let responder_task = tokio::spawn(async move {
            while let Ok(delivery) = mailbox.next().await {
                let Content::EndpointRequest { claim } = &delivery.message.content else {
                    continue;
                };
                requests.lock().unwrap().push((claim.clone(), delivery.sender));
                if *current_behavior.lock().unwrap() == Behavior::Silent {
                    continue;
                }
                let (agreement, key) = (delivery.message.agreement.into_array(), delivery.sender.0);
                let token = secret.issue(&Claims { agreement, key, expires_at: 1 << 40 });
                let (url, token) = (SecretString::from(&*url), SecretString::from(token.reveal()));
                let reply = delivery.message.reply(Content::EndpointReply(Endpoint {
                    url,
                    token,
                    application: None,
                }));
                mailbox.send(delivery.sender, &reply).await.unwrap();
            }
        });
        let (signer, parts) = (signer.clone(), (gateway, service, responder_task));
        Self { behavior, signer, endpoint_requests, hanging, _parts: parts, jobs }
    }

    /// Signs results of jobs in this domain from now on.
    pub(super) fn sign_results_in(&self, domain: B256) {
        if let Some(jobs) = &self.jobs {
            jobs.sign_in(domain);
        }
    }

    /// Changes how it behaves.
    pub(super) fn set_behavior(&self, behavior: Behavior) {
        *self.behavior.lock().unwrap() = behavior;
    }

    /// Whether it answers no messages, so that probes take long.
    pub(super) fn is_silent(&self) -> bool {
        *self.behavior.lock().unwrap() == Behavior::Silent
    }

    /// Whether each connection to the service that does not answer is still open.
    pub(super) fn hanging_connections(&self) -> Vec<bool> {
        let connections = self.hanging.connections.lock().unwrap();
        let is_open = |stream: &TcpStream| {
            stream.try_read(&mut [0; 1]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
        };
        connections.iter().map(is_open).collect()
    }

    /// How often it was asked for its endpoint.
    pub(super) fn request_count(&self) -> usize {
        self.endpoint_requests.lock().unwrap().len()
    }
}
