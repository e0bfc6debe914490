//! Asking workers where they serve, and looking at each of them once in every window, as testers with a pass
//! do: under a fresh key for each window, which the client delegates, at a random time, in one session. So
//! workers cannot tell who is who.

use std::ops::Range;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use alloy::primitives::keccak256;
use muster_client::Progress;
use muster_messaging::{
    Claim, Content, InMemoryReplayGuard, Message, MessageError, MessageKey, PassResponder,
    SecretString,
};
use reqwest::Client;
use tokio::select;
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant, sleep, timeout};

use super::ways::{Passed, Ways};
use crate::base::Base;
use crate::chance::below;
use crate::clock::Clock;
use crate::error::AgentError;
use crate::letters::Letters;
use crate::standing::ChainStanding;

/// How long a worker may take to answer a letter.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a worker may take to answer a look.
const LOOK: Duration = Duration::from_secs(30);

/// The pause before a worker is asked again; each further one is twice as long.
const PAUSE: Duration = Duration::from_secs(1);

/// The longest pause. A way that was good for longer is asked for again at once.
const LONGEST: Duration = Duration::from_secs(30);

/// How many letters to a fresh key are told from their repetitions.
const FEW: usize = 64;

/// What workers are asked with.
#[derive(Debug)]
pub(super) struct Kit {
    /// The account, and its way for letters.
    base: Base,
    /// Where workers serve.
    pub(super) ways: Arc<Ways>,
    /// Signs for fresh keys.
    desk: PassResponder,
    /// The market's time.
    clock: Clock,
    /// The connections.
    pub(super) http: Client,
    /// What workers are asked for in a look: a path.
    page: Box<str>,
    /// What fresh keys are made from.
    secret: [u8; 32],
}

impl Kit {
    /// What is needed to ask the workers of these ways.
    pub(super) async fn new(
        base: Base,
        ways: Arc<Ways>,
        http: Client,
        page: Box<str>,
    ) -> Result<Self, AgentError> {
        let (market, store) = (base.market().clone(), base.store().clone());
        let secret = store.secret("keys", || MessageKey::random().to_bytes().0)?;
        let standing = Arc::new(ChainStanding::new(market.clone()));
        let desk = PassResponder::new(base.signer().clone(), standing, Arc::new(store));
        let clock = Clock::start(market.clone(), market.now().await?);
        Ok(Self { base, ways, desk, clock, http, page, secret })
    }

    /// The letters of the key for a window, which is the same after a restart.
    pub(super) async fn letters(&self, window: u8) -> Result<Letters, MessageError> {
        let agreement = self.ways.agreement.address();
        let bytes = keccak256([&self.secret[..], agreement.as_slice(), &[window]].concat());
        // Hardly ever is a hash no key.
        let key = MessageKey::from_bytes(bytes).unwrap_or_else(|_| MessageKey::random());
        Letters::open(key, self.base.letters(), Arc::new(InMemoryReplayGuard::new(FEW))).await
    }

    /// Asks a worker where it serves; `None` if it does not say so in time.
    pub(super) async fn ask(
        &self,
        letters: &Letters,
        index: u8,
    ) -> Option<(SecretString, SecretString)> {
        match timeout(PATIENCE, self.request(letters, index)).await {
            Ok(Ok(Content::EndpointReply { url, token })) => return Some((url, token)),
            Ok(Ok(Content::Refusal { reason })) => {
                tracing::warn!("worker {index} does not say where it serves: {reason}");
            }
            Ok(Ok(_)) => tracing::warn!("worker {index} has sent an answer that is none"),
            Ok(Err(error)) => tracing::warn!("worker {index} cannot be asked: {error}"),
            Err(_) => tracing::warn!("worker {index} does not answer letters"),
        }
        None
    }

    /// Asks a worker as a delegate of the client.
    async fn request(&self, letters: &Letters, index: u8) -> Result<Content, AgentError> {
        let (agreement, market) = (&self.ways.agreement, self.base.market());
        let worker = agreement.terms().worker(index).map(|worker| worker.account);
        let key = market.key_of(worker.unwrap_or_default()).await?.unwrap_or_default();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let delegation = self.desk.delegate(agreement.address(), letters.key(), now)?;
        let content = Content::EndpointRequest { claim: Claim::Delegate { delegation } };
        let letter = Message::request(market.node().chain_id(), agreement.address(), content);
        Ok(letters.ask(key, letter).await?)
    }

    /// Looks at a worker.
    async fn look(&self, index: u8) {
        let Some(way) = self.ways.to(index) else { return };
        let request = self.http.get(way.at(&self.page));
        if !matches!(self.ways.send(request, &way, LOOK).await, Passed::Served(_)) {
            tracing::warn!("worker {index} does not serve");
        }
    }
}

/// Visits the workers of an agreement.
#[derive(Debug)]
pub(super) struct Visit {
    /// What they are asked with.
    kit: Arc<Kit>,
    /// The window, and who has accepted, for which visits are made now.
    current: Option<(u8, u8)>,
    /// A visit to each worker.
    visits: JoinSet<()>,
}

impl Visit {
    /// No visit yet.
    pub(super) fn new(kit: Arc<Kit>) -> Self {
        Self { kit, current: None, visits: JoinSet::new() }
    }

    /// Sees to it that every worker is visited in the window of now.
    pub(super) async fn step(&mut self) -> Result<(), AgentError> {
        let agreement = self.kit.ways.agreement.clone();
        let progress = agreement.progress().await?;
        let now = agreement.market().now().await?;
        let window = agreement.window_at(&progress, now);
        let current = window.map(|window| (window, progress.accepted));
        if current == self.current {
            return Ok(());
        }
        self.visits.abort_all();
        self.visits = JoinSet::new();
        if let Some(window) = window {
            let windows = agreement.windows(&progress);
            let ticks = windows.into_iter().find_map(|(k, ticks)| (k == window).then_some(ticks));
            let letters = Arc::new(self.kit.letters(window).await?);
            for index in serving(&progress, window) {
                let (kit, letters) = (self.kit.clone(), letters.clone());
                let ticks = ticks.clone().unwrap_or_default();
                self.visits.spawn(async move { visit(&kit, &letters, index, window, ticks).await });
            }
        }
        self.current = current;
        Ok(())
    }
}

/// The workers that serve in a window, by their places.
pub(super) fn serving(progress: &Progress, window: u8) -> impl Iterator<Item = u8> {
    (0..u8::MAX)
        .filter(move |index| progress.has_accepted(*index) && progress.judged(*index) > window)
}

/// Keeps a way to a worker open through a window, and looks at it once, at a random time.
async fn visit(kit: &Kit, letters: &Letters, index: u8, window: u8, ticks: Range<u64>) {
    let part = |parts: u64| {
        let length = ticks.end.saturating_sub(ticks.start);
        length.checked_div(parts).unwrap_or_default().max(1)
    };
    let spread = ticks.end.saturating_sub(part(8)).saturating_sub(kit.clock.now());
    let mut at = kit.clock.now().saturating_add(below(spread));
    let mut losses = kit.ways.losses();
    let (mut asked, mut pause) = (None::<Instant>, PAUSE);
    loop {
        if asked.is_none() || kit.ways.to(index).is_none() {
            if let Some(asked) = asked {
                pause = if asked.elapsed() > LONGEST { PAUSE } else { pause };
                sleep(pause).await;
                pause = pause.saturating_mul(2).min(LONGEST);
            }
            asked = Some(Instant::now());
            if let Some((url, token)) = kit.ask(letters, index).await
                && let Err(error) = kit.ways.open(index, &url, &token)
            {
                tracing::error!("{error}");
            }
            continue;
        }
        select! {
            _ = losses.changed() => {}
            () = kit.clock.reach(at), if !kit.ways.covers(index, window) => {
                kit.look(index).await;
                at = kit.clock.now().saturating_add(part(16));
            }
        }
    }
}
