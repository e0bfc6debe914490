//! Using an agreement's service: a door on this machine behind which one of its workers serves, and
//! everything else that is the client's to do in that agreement.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use alloy::primitives::{Address, B256};
use futures::future::join_all;
use muster_client::Session;
use muster_messaging::SecretString;
use reqwest::Client;
use reqwest::redirect::Policy;
use tokio::sync::watch;
use tokio::time::Duration;

use super::endpoint_pool::EndpointPool;
use super::endpoint_refresh::{EndpointRefresh, ProbeContext, serving_workers};
use super::proxy::Proxy;
use super::{ClientDaemon, ClientOptions};
use crate::context::DaemonContext;
use crate::error::DaemonError;
use crate::health::NextEvent;
use crate::run_loop::Daemon;

/// How long it may take to reach a worker.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// After so long without a byte it is asked whether the other side is there.
const TCP_KEEPALIVE: Duration = Duration::from_secs(15);

/// What can be chosen about a connection.
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    /// Where the door is; port 0 for any that is free.
    pub listen: SocketAddr,
    /// What workers are asked for once in every window: a path of their service.
    pub probe_path: Box<str>,
    /// What else is to be done in the agreement, which it names.
    pub client: ClientOptions,
}

/// A door to an agreement's service.
#[derive(Debug)]
pub struct ConnectDaemon {
    /// What else the client does.
    client: ClientDaemon,
    /// Visits workers.
    endpoint_refresh: EndpointRefresh,
    /// The door.
    proxy: Option<Proxy>,
    /// Where it is.
    address: SocketAddr,
    /// Whether the agreement is settled.
    has_ended: watch::Sender<bool>,
}

/// The way in at one worker. Its URL and token are nobody else's business.
#[derive(Clone, Debug)]
pub struct EndpointInfo {
    /// The worker's place in the agreement.
    pub index: u8,
    /// The worker.
    pub worker: Address,
    /// Where it serves.
    pub url: SecretString,
    /// What every request has to show.
    pub token: SecretString,
    /// The session to name in requests.
    pub session: B256,
}

impl ConnectDaemon {
    /// Opens the door to an agreement. It leads somewhere as soon as a worker has accepted and answered.
    ///
    /// # Errors
    /// [`DaemonError::Market`] if there is no such agreement; [`DaemonError::NotClient`]; [`DaemonError::Listen`], [`DaemonError::Message`],
    /// [`DaemonError::Store`], [`DaemonError::Http`].
    pub async fn start(
        context: DaemonContext,
        agreement: Address,
        options: ConnectOptions,
    ) -> Result<Self, DaemonError> {
        let ConnectOptions { listen, probe_path: page, client } = options;
        let probe_context = Arc::new(probe_context(&context, agreement, page).await?);
        let proxy =
            Proxy::open(listen, probe_context.endpoints.clone(), probe_context.http.clone())
                .await?;
        let client = ClientDaemon::start(
            context,
            ClientOptions { only_agreement: Some(agreement), ..client },
        )
        .await?;
        let (endpoint_refresh, address) = (EndpointRefresh::new(probe_context), proxy.address);
        let has_ended = watch::Sender::new(false);
        Ok(Self { client, endpoint_refresh, proxy: Some(proxy), address, has_ended })
    }

    /// Where the door is.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Comes to pass when the agreement is settled.
    pub fn ended(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut ended = self.has_ended.subscribe();
        async move {
            // A connection that is no more will not see the end either.
            if ended.wait_for(|ended| *ended).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

impl Daemon for ConnectDaemon {
    async fn step(&mut self) -> Result<NextEvent, DaemonError> {
        if !self.client.is_over() {
            self.endpoint_refresh.step().await?;
        }
        let next_event = self.client.step().await?;
        if self.client.is_over() {
            self.has_ended.send_replace(true);
            return Ok(NextEvent::untimed("nothing: the agreement is settled"));
        }
        Ok(next_event)
    }

    async fn stop(&mut self) {
        self.proxy = None;
        self.client.stop().await;
    }
}

/// Asks the workers of an agreement where they serve, and returns what those say that answer.
///
/// # Errors
/// [`DaemonError::NotRunning`]; otherwise as [`Connection::start`].
pub async fn fetch_endpoints(
    context: &DaemonContext,
    agreement: Address,
) -> Result<Vec<EndpointInfo>, DaemonError> {
    let probe_context = probe_context(context, agreement, "/".into()).await?;
    let agreement_handle = &probe_context.endpoints.agreement;
    let (progress, now) =
        (agreement_handle.progress().await?, agreement_handle.market().now().await?);
    let window =
        agreement_handle.window_at(&progress, now).ok_or(DaemonError::NotRunning(agreement))?;
    let request_client = probe_context.request_client(window).await?;
    let requests = serving_workers(&progress, window).map(async |index| {
        let (url, token) = probe_context.request_endpoint(&request_client, index).await?;
        let worker = agreement_handle.terms().worker(index)?.account;
        Some(EndpointInfo { index, worker, url, token, session: probe_context.endpoints.session })
    });
    Ok(join_all(requests).await.into_iter().flatten().collect())
}

/// What the workers of an agreement are asked with.
async fn probe_context(
    context: &DaemonContext,
    agreement: Address,
    page: Box<str>,
) -> Result<ProbeContext, DaemonError> {
    let agreement_handle = context.market().agreement(agreement).await?;
    if agreement_handle.terms().header.client != context.account() {
        return Err(DaemonError::NotClient { agreement, account: context.account() });
    }
    let salt = context.store().session_salt(agreement, || Session::random().salt)?;
    let session = Session { salt }.id(context.account());
    let endpoints =
        Arc::new(EndpointPool::load(agreement_handle, session, context.store().clone())?);
    let http = Client::builder()
        .http1_only()
        .redirect(Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_keepalive(TCP_KEEPALIVE)
        .build()?;
    ProbeContext::new(context.clone(), endpoints, http, page).await
}
