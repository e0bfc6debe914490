//! Purchases within the limit of a token.

use std::sync::Arc;

use muster_client::{Market, Purchase};
use muster_daemons::client::{buy_once, find_purchase};
use tokio::time::{Duration, sleep};

use crate::failure::Failure;
use crate::ledger::Request;
use crate::limit::SpendingLimit;
use crate::once::today;
use crate::shared::Shared;

/// The pause between two looks for purchases whose outcome was not known.
const RECOVERY_PAUSE: Duration = Duration::from_secs(5);

impl Shared {
    /// Makes the purchase of a request for at most this many wei, which are within the limit, or returns the one that was
    /// made for it before.
    ///
    /// # Errors
    /// [`crate::ErrorCode::OverLimit`]; those of `purchase`.
    pub(crate) async fn buy(
        &self,
        request: &Request,
        limit: SpendingLimit,
        at_most: u128,
        purchase: impl AsyncFnOnce(&Market) -> Result<Purchase, Failure>,
    ) -> Result<Purchase, Failure> {
        if let Some(made) = self.made_before(request).await? {
            return Ok(made);
        }
        self.ledger.reserve(request, limit, today(), at_most)?;
        match buy_once(&self.context, &request.name, purchase).await {
            Ok(bought) => {
                self.ledger.charge(request, bought.escrow)?;
                Ok(bought)
            }
            Err(failure) => {
                self.conclude(request).await;
                Err(failure)
            }
        }
    }

    /// The purchase that was made for a request before, which is charged now at the latest.
    pub(crate) async fn made_before(&self, request: &Request) -> Result<Option<Purchase>, Failure> {
        let made = find_purchase(&self.context, &request.name).await?;
        if let Some(made) = &made {
            self.ledger.charge(request, made.escrow)?;
        }
        Ok(made)
    }

    /// Charges the purchase of a request, or gives back what was reserved for it if there is none. As long as that is not
    /// known, it stays reserved.
    async fn conclude(&self, request: &Request) {
        let concluded = match self.made_before(request).await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => self.ledger.release(request).map_err(Failure::from),
            Err(failure) => Err(failure),
        };
        if let Err(failure) = concluded {
            let code = failure.code();
            tracing::warn!(purchase = request.name, ?code, "outcome of a purchase not known yet");
        }
    }

    /// Finds out what became of purchases that were interrupted, for ever.
    pub(crate) async fn recover(self: Arc<Self>) {
        loop {
            match self.ledger.open_reservations() {
                Ok(requests) => {
                    for request in requests {
                        // Those that are under way conclude themselves.
                        if let Some(_active) = self.active.begin(&request.name) {
                            self.conclude(&request).await;
                        }
                    }
                }
                Err(error) => tracing::error!(%error, "reservations not read"),
            }
            sleep(RECOVERY_PAUSE).await;
        }
    }
}
