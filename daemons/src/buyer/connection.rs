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

use super::proxy::Proxy;
use super::visit::{Kit, Visit, serving};
use super::ways::Ways;
use super::{Buyer, BuyerOptions};
use crate::base::Base;
use crate::error::AgentError;
use crate::pulse::Agent;
use crate::status::Waiting;

/// How long it may take to reach a worker.
const REACH: Duration = Duration::from_secs(5);

/// After so long without a byte it is asked whether the other side is there.
const SILENCE: Duration = Duration::from_secs(15);

/// What can be chosen about a connection.
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    /// Where the door is; port 0 for any that is free.
    pub listen: SocketAddr,
    /// What workers are asked for once in every window: a path of their service.
    pub page: Box<str>,
    /// What else is to be done in the agreement, which it names.
    pub buyer: BuyerOptions,
}

/// A door to an agreement's service.
#[derive(Debug)]
pub struct Connection {
    /// What else the client does.
    buyer: Buyer,
    /// Visits workers.
    visit: Visit,
    /// The door.
    proxy: Option<Proxy>,
    /// Where it is.
    address: SocketAddr,
    /// Whether the agreement is settled.
    has_ended: watch::Sender<bool>,
}

/// The way in at one worker. Its URL and token are nobody else's business.
#[derive(Clone, Debug)]
pub struct Entrance {
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

impl Connection {
    /// Opens the door to an agreement. It leads somewhere as soon as a worker has accepted and answered.
    ///
    /// # Errors
    /// [`AgentError::Market`] if there is no such agreement; [`AgentError::NotTheClient`]; [`AgentError::Listen`], [`AgentError::Message`],
    /// [`AgentError::Store`], [`AgentError::Http`].
    pub async fn start(
        base: Base,
        agreement: Address,
        options: ConnectOptions,
    ) -> Result<Self, AgentError> {
        let ConnectOptions { listen, page, buyer } = options;
        let kit = Arc::new(kit(&base, agreement, page).await?);
        let proxy = Proxy::open(listen, kit.ways.clone(), kit.http.clone()).await?;
        let buyer = Buyer::start(base, BuyerOptions { only: Some(agreement), ..buyer }).await?;
        let (visit, address) = (Visit::new(kit), proxy.address);
        let has_ended = watch::Sender::new(false);
        Ok(Self { buyer, visit, proxy: Some(proxy), address, has_ended })
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

impl Agent for Connection {
    async fn step(&mut self) -> Result<Waiting, AgentError> {
        if !self.buyer.is_over() {
            self.visit.step().await?;
        }
        let waiting = self.buyer.step().await?;
        if self.buyer.is_over() {
            self.has_ended.send_replace(true);
            return Ok(Waiting::for_a("nothing: the agreement is settled"));
        }
        Ok(waiting)
    }

    async fn stop(&mut self) {
        self.proxy = None;
        self.buyer.stop().await;
    }
}

/// Asks the workers of an agreement where they serve, and returns what those say that answer.
///
/// # Errors
/// [`AgentError::NotRunning`]; otherwise as [`Connection::start`].
pub async fn entrances(base: &Base, agreement: Address) -> Result<Vec<Entrance>, AgentError> {
    let kit = kit(base, agreement, "/".into()).await?;
    let deal = &kit.ways.agreement;
    let (progress, now) = (deal.progress().await?, deal.market().now().await?);
    let window = deal.window_at(&progress, now).ok_or(AgentError::NotRunning(agreement))?;
    let letters = kit.letters(window).await?;
    let asked = serving(&progress, window).map(async |index| {
        let (url, token) = kit.ask(&letters, index).await?;
        let worker = deal.terms().worker(index)?.account;
        Some(Entrance { index, worker, url, token, session: kit.ways.session })
    });
    Ok(join_all(asked).await.into_iter().flatten().collect())
}

/// What the workers of an agreement are asked with.
async fn kit(base: &Base, agreement: Address, page: Box<str>) -> Result<Kit, AgentError> {
    let deal = base.market().agreement(agreement).await?;
    if deal.terms().header.client != base.account() {
        return Err(AgentError::NotTheClient { agreement, account: base.account() });
    }
    let salt = base.store().salt(agreement, || Session::random().salt)?;
    let session = Session { salt }.id(base.account());
    let ways = Arc::new(Ways::load(deal, session, base.store().clone())?);
    let http = Client::builder()
        .http1_only()
        .redirect(Policy::none())
        .connect_timeout(REACH)
        .tcp_keepalive(SILENCE)
        .build()?;
    Kit::new(base.clone(), ways, http, page).await
}
