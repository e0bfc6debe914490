//! Sends notices until they are taken.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use backon::{BackoffBuilder, ExponentialBuilder};
use futures::future::join_all;
use muster_index::database::DatabaseError;
use muster_index::notices::{Delivery, Outcome, due_deliveries, queue_notices, record_attempt};
use muster_index::{Index, IndexError, MarketId};
use reqwest::redirect::Policy;
use reqwest::{Client, header};
use secrecy::ExposeSecret;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::config::{WebhookConfig, WebhookError};
use super::signature::signature;

/// How long a webhook may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The pause between two looks at the index.
const STEP_PAUSE: Duration = Duration::from_secs(1);

/// The most notices that are sent at a time.
const AT_ONCE: u32 = 16;

/// The pauses after attempts that failed: from a second to an hour, for about two days.
fn pauses() -> impl Iterator<Item = Duration> {
    let pauses = ExponentialBuilder::new().with_min_delay(Duration::from_secs(1));
    pauses.with_max_delay(Duration::from_hours(1)).with_max_times(60).build()
}

/// Queues notices of markets, and sends them. One process does so: the one that writes the index.
#[derive(Clone, Debug)]
pub struct WebhookSender {
    /// The index.
    index: Index,
    /// Who is told what.
    config: WebhookConfig,
    /// Sends.
    client: Client,
}

impl WebhookSender {
    /// A sender to these webhooks.
    ///
    /// # Errors
    /// [`WebhookError::Client`].
    pub fn new(index: Index, config: WebhookConfig) -> Result<Self, WebhookError> {
        let client = Client::builder().timeout(TIMEOUT).redirect(Policy::none()).build()?;
        Ok(Self { index, config, client })
    }

    /// Does [`WebhookSender::step`] for ever, while the index has read all that the chain has.
    pub async fn run(&self, markets: Vec<MarketId>, mut is_at_tip: watch::Receiver<bool>) {
        while is_at_tip.wait_for(|is_at_tip| *is_at_tip).await.is_ok() {
            if let Err(error) = self.step(markets.clone()).await {
                tracing::warn!(%error, "notices cannot be queued or sent: they are tried again");
            }
            sleep(STEP_PAUSE).await;
        }
    }

    /// Queues what there is to tell of these markets, and sends what is due, once. Notices that nobody takes are tried again by later
    /// calls. Cancel-safe: what was sent and not noted is sent again, with the same id.
    ///
    /// # Errors
    /// [`IndexError::Database`].
    pub async fn step(&self, markets: Vec<MarketId>) -> Result<(), IndexError> {
        let config = self.config.clone();
        let due = self.write(move |index| {
            index.write(|transaction| {
                for market in &markets {
                    queue_notices(transaction, *market, &config.rules, &config.webhooks, now())?;
                }
                due_deliveries(transaction, now(), AT_ONCE)
            })
        });
        let due = due.await?;
        let outcomes = join_all(due.iter().map(|delivery| self.send(delivery))).await;
        let noted: Vec<_> = due.into_iter().map(|delivery| delivery.id).zip(outcomes).collect();
        if noted.is_empty() {
            return Ok(());
        }
        let note = move |index: &Index| {
            index.write(|transaction| {
                for (id, outcome) in &noted {
                    record_attempt(transaction, id, *outcome, now())?;
                }
                Ok(())
            })
        };
        self.write(note).await
    }

    /// Works with the index where that may block.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Index) -> Result<T, IndexError> + Send + 'static,
    ) -> Result<T, IndexError> {
        let index = self.index.clone();
        let done = spawn_blocking(move || work(&index)).await;
        done.map_err(|_| DatabaseError::NoAnswer)?
    }

    /// Sends a notice. It is taken if the answer is one of success.
    async fn send(&self, delivery: &Delivery) -> Outcome {
        let Delivery { id, url, body, attempts } = delivery;
        let request = self
            .client
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header("muster-delivery", id)
            .header("muster-signature", signature(self.config.secret.expose_secret(), now(), body))
            .body(body.clone());
        let problem = match request.send().await {
            Ok(response) if response.status().is_success() => {
                metrics::counter!("muster_index_webhooks_total", "outcome" => "taken").increment(1);
                return Outcome::Taken;
            }
            Ok(response) => response.status().to_string(),
            Err(error) => error.without_url().to_string(),
        };
        metrics::counter!("muster_index_webhooks_total", "outcome" => "failed").increment(1);
        let pause = pauses().nth(usize::try_from(*attempts).unwrap_or(usize::MAX));
        tracing::warn!(%url, %id, attempts, %problem, ?pause, "a webhook did not take a notice");
        pause.map_or(Outcome::GivenUp, |pause| {
            Outcome::Retry(now().saturating_add(pause.as_secs().max(1)))
        })
    }
}

/// The current Unix second.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
