//! Keeps workers of an application serving, within a budget and until a tick: hires others for those that end, leave or do
//! not accept.

use std::sync::Arc;

use alloy::primitives::{Address, U256};
use muster_client::protocol::MAX_REDUNDANCY;
use muster_client::protocol::abi::{Order, Reason, State, Worker};
use muster_client::protocol::order::default_order;
use muster_client::{Agreement, Market, Progress, Purchase};

use super::purchase::{buy_once, existing_purchase};
use super::purchase_document::{MAX_ASKED, PurchaseDocument};
use super::replica_plan::{Replica, ReplicaTarget, ReplicaWatch, Situation};
use crate::context::DaemonContext;
use crate::error::DaemonError;
use crate::health::NextEvent;

/// Keeps what its target says.
#[derive(Debug)]
pub(super) struct Reconciler {
    /// What is to be kept running.
    target: ReplicaTarget,
    /// The document that the workers commit to, if there is one.
    document: Option<PurchaseDocument>,
    /// Uses the workers, if they are for something special.
    watch: Option<Arc<dyn ReplicaWatch>>,
    /// What was bought for it, in order; `None` before the state file was read.
    purchases: Option<Vec<Bought>>,
}

/// A purchase for a target.
#[derive(Clone, Copy, Debug)]
struct Bought {
    /// The agreement.
    agreement: Address,
    /// What it cost.
    escrow: u128,
}

impl From<Purchase> for Bought {
    fn from(purchase: Purchase) -> Self {
        Self { agreement: purchase.agreement, escrow: purchase.escrow }
    }
}

impl Reconciler {
    /// Nothing is bought yet, or not looked up.
    pub(super) const fn new(
        target: ReplicaTarget,
        document: Option<PurchaseDocument>,
        watch: Option<Arc<dyn ReplicaWatch>>,
    ) -> Self {
        Self { target, document, watch, purchases: None }
    }

    /// Hires who is missing. `agreements` are all of the account that are not settled, with what has happened in them.
    pub(super) async fn step(
        &mut self,
        context: &DaemonContext,
        agreements: &[(&Agreement, &Progress)],
    ) -> Result<NextEvent, DaemonError> {
        if self.purchases.is_none() && self.load_purchases(context).await? > 0 {
            // Some of them may not be among the agreements of this step.
            return Ok(NextEvent::untimed("the agreements that were bought before"));
        }
        let bought = self.purchases.as_deref().unwrap_or_default();
        let (count, spent) = (bought.len(), bought.iter().map(|bought| bought.escrow));
        let left = self.target.budget.saturating_sub(spent.fold(0, u128::saturating_add));
        if let Some(last) = bought.last()
            && !context.store().knows_agreement(last.agreement)?
        {
            // A node that lags behind has not seen it. To hire now could be to hire twice.
            return Ok(NextEvent::untimed(format_args!("the purchase of {}", last.agreement)));
        }
        let next = context.market().next_tick().await?;
        let replicas = self.replicas(agreements, next);
        let lead = u64::from(context.market().settings().acceptWindow);
        let needed_until = next.saturating_add(lead);
        let situation = Situation { target: &self.target, replicas: &replicas, needed_until };
        if next >= self.target.until {
            return Ok(NextEvent::untimed("the end of the last agreements"));
        }
        if situation.missing() == 0 {
            let due = situation.first_end().unwrap_or(u64::MAX).saturating_sub(lead);
            return Ok(NextEvent::at_tick(due, "the renewal of a worker"));
        }
        let (missing, serving) = (situation.missing().min(MAX_REDUNDANCY), situation.serving());
        let candidates = situation.candidates(&context.market().workers().await?);
        let purchase = self.hire(context, candidates, missing, left, count).await?;
        let Some(purchase) = purchase else {
            return Err(DaemonError::TooFewReplicas {
                application: self.target.application,
                serving,
                wanted: self.target.replicas,
                left,
            });
        };
        let workers = &purchase.workers;
        tracing::info!(agreement = %purchase.agreement, ?workers, "workers hired");
        let event = NextEvent::untimed(format_args!("the purchase of {}", purchase.agreement));
        self.note_purchase(purchase.agreement)?;
        self.purchases.get_or_insert_default().push(purchase.into());
        Ok(event)
    }

    /// Reads from the state file what was bought, and returns how much that is.
    async fn load_purchases(&mut self, context: &DaemonContext) -> Result<usize, DaemonError> {
        let mut purchases = Vec::new();
        while let Some(purchase) =
            existing_purchase(context, &format!("buy/{}", self.name(purchases.len()))).await?
        {
            self.note_purchase(purchase.agreement)?;
            if let Some(document) = &self.document {
                let agreement = context.market().agreement(purchase.agreement).await?;
                document.ensure_order(context, &agreement).await?;
            }
            purchases.push(purchase.into());
        }
        let count = purchases.len();
        self.purchases = Some(purchases);
        Ok(count)
    }

    /// Tells who uses the workers that an agreement is for them.
    fn note_purchase(&self, agreement: Address) -> Result<(), DaemonError> {
        self.watch.as_ref().map_or(Ok(()), |watch| watch.bought(agreement))
    }

    /// The name of a purchase in the state file.
    fn name(&self, number: usize) -> String {
        match &self.watch {
            Some(watch) => format!("{}/{number}", watch.name()),
            None => format!("replicas/{}/{number}", self.target.application),
        }
    }

    /// The workers of the agreements on the target's application.
    fn replicas(&self, agreements: &[(&Agreement, &Progress)], next: u64) -> Vec<Replica> {
        let mut replicas = Vec::new();
        for (agreement, progress) in agreements {
            let terms = agreement.terms();
            if terms.header.application != self.target.application.0 {
                continue;
            }
            let times = agreement.times(progress);
            let (state, may_accept) = (times.state(next), next <= times.last_accept());
            let end = match state {
                State::Offered => next.saturating_add(terms.header.length.into()),
                _ => times.end(),
            };
            for (index, worker) in (0_u8..).zip(terms.workers()) {
                let has_left = progress.has_resigned(index) || progress.is_released(index);
                let has_failed = self
                    .watch
                    .as_ref()
                    .is_some_and(|watch| watch.has_failed(agreement.address(), worker.account));
                let accepts = progress.has_accepted(index) || may_accept;
                let takes_part = accepts && !has_left && !has_failed;
                let serves_until = takes_part.then_some(end);
                replicas.push(Replica { worker: worker.account, serves_until });
            }
        }
        replicas
    }

    /// Hires as many of these workers as are missing and the rest of the budget is enough for, of those that commit to the
    /// document if there is one; `None` if that is none.
    async fn hire(
        &self,
        context: &DaemonContext,
        mut candidates: Vec<Worker>,
        missing: usize,
        left: u128,
        count: usize,
    ) -> Result<Option<Purchase>, DaemonError> {
        let market = context.market();
        let mut committed = Vec::new();
        if let Some(document) = &self.document {
            candidates.truncate(MAX_ASKED);
            committed = document.committed(context, candidates).await?;
            candidates = committed.iter().map(|(worker, _)| *worker).collect();
        }
        candidates.truncate(missing);
        let mut numbers: Vec<u32> = candidates.iter().map(|worker| worker.number).collect();
        let listed = market.tester_count(market.epoch().await?).await?;
        while !numbers.is_empty() {
            let (redundancy, length) = (U256::from(numbers.len()), U256::from(self.target.length));
            let order = Order {
                application: self.target.application.0,
                minScore: self.target.min_score,
                minUptime: self.target.min_uptime,
                ..default_order(redundancy, length, market.settings(), listed)
            };
            let mut ascending = numbers.clone();
            ascending.sort_unstable();
            let quote = market.quote_hire(&order, &ascending).await?;
            if quote.reason == Reason::None && quote.price > left {
                // The last one is the most expensive.
                numbers.pop();
                continue;
            }
            let hire = async |market: &Market| {
                Ok::<_, DaemonError>(market.hire(&order, &ascending, left).await?)
            };
            let purchase = buy_once(context, &self.name(count), hire).await?;
            if let Some(document) = &self.document {
                document.save_order(context, &purchase, &committed)?;
            }
            return Ok(Some(purchase));
        }
        Ok(None)
    }
}
