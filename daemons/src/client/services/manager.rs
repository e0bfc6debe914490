//! Manages a service from any process: its log and its end.

use std::sync::Arc;

use alloy::primitives::Address;
use alloy::signers::local::PrivateKeySigner;
use muster_client::protocol::abi::State;
use muster_client::{Agreement, Market};
use muster_messaging::{ProxyUrl, Transport};
use muster_service_api::ServiceLogs;

use super::access::{ClientAccess, ServiceWorker};
use super::error::ServicesError;
use crate::error::DaemonError;
use crate::service_record::ServicePlace;

/// Manages the services of an account at their workers.
#[derive(Clone, Debug)]
pub struct ServiceManager {
    /// The way to workers.
    access: ClientAccess,
    /// The market.
    market: Market,
}

impl ServiceManager {
    /// A manager for the account with this key.
    ///
    /// # Errors
    /// [`DaemonError::Http`], [`DaemonError::Listen`].
    pub fn new(
        signer: PrivateKeySigner,
        market: Market,
        transport: Arc<dyn Transport>,
        proxy: Option<&ProxyUrl>,
    ) -> Result<Self, DaemonError> {
        let access = ClientAccess::new(signer, &market, transport, proxy)?;
        Ok(Self { access, market })
    }

    /// The lines of a service's log at a worker from a number on.
    ///
    /// # Errors
    /// [`ServicesError::Market`], [`ServicesError::Worker`].
    pub async fn logs(&self, place: ServicePlace, from: u64) -> Result<ServiceLogs, ServicesError> {
        let agreement = self.market.agreement(place.agreement).await?;
        Ok(self.worker(agreement, place.worker).logs(from).await?)
    }

    /// Ends a service at a worker, unless its agreement is over; then the worker has ended it.
    ///
    /// # Errors
    /// [`ServicesError::Market`], [`ServicesError::Worker`].
    pub async fn end(&self, place: ServicePlace) -> Result<(), ServicesError> {
        let agreement = self.market.agreement(place.agreement).await?;
        let progress = agreement.progress().await?;
        let state = agreement.times(&progress).state(self.market.next_tick().await?);
        if state == State::Running {
            self.worker(agreement, place.worker).delete().await?;
        }
        Ok(())
    }

    /// A worker of an agreement.
    fn worker(&self, agreement: Agreement, account: Address) -> ServiceWorker {
        let index = agreement.terms().workers().position(|worker| worker.account == account);
        // No agreement has so many; such a one sends no endpoint.
        let index = index.and_then(|index| u8::try_from(index).ok()).unwrap_or(u8::MAX);
        ServiceWorker::new(self.access.clone(), agreement, index)
    }
}
