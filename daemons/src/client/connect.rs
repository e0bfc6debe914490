//! A connection to an agreement's service: a proxy on this machine, and everything else that the client does in that
//! agreement.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use alloy::primitives::{Address, B256};
use futures::future::join_all;
use muster_messaging::{Endpoint, SecretString};

use super::agreement_client::AgreementClient;
use super::options::ConnectOptions;
use super::probe_context::ProbeContext;
use super::proxy::Proxy;
use super::traffic_key::KeyId;
use crate::context::DaemonContext;
use crate::error::DaemonError;
use crate::health::NextEvent;
use crate::run_loop::Daemon;

/// A client of one agreement, with a proxy to the agreement's service.
#[derive(Debug)]
pub struct ConnectDaemon {
    /// Does everything apart from the connection.
    client: AgreementClient,
    /// The proxy; `None` once it is stopped.
    proxy: Option<Proxy>,
    /// The address that the proxy listens on.
    address: SocketAddr,
}

/// The endpoint of one worker.
#[derive(Clone, Debug)]
pub struct EndpointInfo {
    /// The worker's index in the agreement.
    pub index: u8,
    /// The worker's account.
    pub worker: Address,
    /// The service's URL.
    pub url: SecretString,
    /// The token that every request must show.
    pub token: SecretString,
    /// The session to name in requests.
    pub session: B256,
}

impl ConnectDaemon {
    /// Starts the proxy and the client of an agreement. The proxy answers 503 while no worker sends its endpoint.
    ///
    /// # Errors
    /// [`DaemonError::Market`] if there is no such agreement, [`DaemonError::NotClient`], [`DaemonError::Listen`],
    /// [`DaemonError::Message`], [`DaemonError::Store`], [`DaemonError::Http`].
    pub async fn start(
        context: DaemonContext,
        agreement: Address,
        options: ConnectOptions,
    ) -> Result<Self, DaemonError> {
        let ConnectOptions { listen, probe_paths, proxy, client } = options;
        let probe_context =
            ProbeContext::open(&context, agreement, probe_paths, proxy.as_ref()).await?;
        let probe_context = Arc::new(probe_context);
        let proxy = Proxy::open(listen, probe_context.clone()).await?;
        let client = AgreementClient::start(context, probe_context, client).await?;
        Ok(Self { client, address: proxy.address(), proxy: Some(proxy) })
    }

    /// The address that the proxy listens on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Completes when the agreement is settled. It never does if the daemon is dropped before that.
    pub fn ended(&self) -> impl Future<Output = ()> + Send + use<> {
        self.client.ended()
    }
}

impl Daemon for ConnectDaemon {
    async fn step(&mut self) -> Result<NextEvent, DaemonError> {
        self.client.step().await
    }

    async fn stop(&mut self) {
        self.proxy = None;
        self.client.stop().await;
    }
}

/// Asks the workers of an agreement for their endpoints, all at the same time, and returns those that arrive in time.
///
/// # Errors
/// [`DaemonError::NotRunning`]; otherwise as [`ConnectDaemon::start`].
pub async fn fetch_endpoints(
    context: &DaemonContext,
    agreement: Address,
) -> Result<Vec<EndpointInfo>, DaemonError> {
    let probe_context = ProbeContext::open(context, agreement, Vec::new(), None).await?;
    let agreement = &probe_context.pool.agreement;
    let (progress, now) = (agreement.progress().await?, agreement.market().now().await?);
    let window = agreement
        .window_at(&progress, now)
        .ok_or_else(|| DaemonError::NotRunning(agreement.address()))?;
    let key = probe_context.traffic_key(KeyId { window, slot: 0 });
    let serving = (0..agreement.terms().header.redundancy)
        .filter(|index| progress.has_accepted(*index) && !progress.has_resigned(*index));
    let (key, session) = (&key, key.session);
    let probe_context = &probe_context;
    let requests = serving.map(async |index| {
        let asked = probe_context.request_endpoint(key, index).await;
        let failed = |failure: &_| tracing::warn!(worker = index, %failure, "no endpoint");
        let Endpoint { url, token, .. } = asked.inspect_err(failed).ok()?;
        let worker = agreement.terms().worker(index)?.account;
        Some(EndpointInfo { index, worker, url, token, session })
    });
    Ok(join_all(requests).await.into_iter().flatten().collect())
}
