//! Purchases by an application document: only of workers that commit to it, and with an order file that says so.

use alloy::primitives::{Address, B256};
use futures::future::try_join_all;
use muster_client::protocol::abi::Worker;
use muster_client::{Agreement, Purchase};
use muster_messaging::ApplicationCommitment;

use super::applications::{ServedApplication, ask_applications};
use crate::context::DaemonContext;
use crate::error::DaemonError;
use crate::order_file::OrderFile;

/// The most workers that are asked before a purchase, cheapest first.
pub const MAX_ASKED: usize = 16;

/// The application document that purchases go by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurchaseDocument {
    /// The application's name.
    pub application: Box<str>,
    /// The document's digest.
    pub digest: B256,
}

/// A worker, and its commitment to serve by a document.
pub(super) type CommittedWorker = (Worker, ApplicationCommitment);

impl PurchaseDocument {
    /// The document by which an agreement was bought; `None` if it was bought without one.
    ///
    /// # Errors
    /// [`DaemonError::OrderFile`].
    pub(super) fn of_agreement(
        context: &DaemonContext,
        agreement: Address,
    ) -> Result<Option<Self>, DaemonError> {
        let Some(orders) = context.orders() else { return Ok(None) };
        let order = orders.read(agreement);
        let order = order
            .map_err(|source| DaemonError::OrderFile { path: orders.path(agreement), source })?;
        Ok(order.map(|OrderFile { application, digest, .. }| Self { application, digest }))
    }

    /// Those of these workers that commit to the document, in the same order.
    ///
    /// # Errors
    /// As [`ask_applications`].
    pub(super) async fn committed(
        &self,
        context: &DaemonContext,
        workers: Vec<Worker>,
    ) -> Result<Vec<CommittedWorker>, DaemonError> {
        let served = ask_applications(context.market(), context.transport(), &workers).await?;
        let pairs = workers.into_iter().zip(served);
        Ok(pairs.filter_map(|(worker, served)| Some((worker, self.commitment(served)?))).collect())
    }

    /// Writes the order file of a purchase of some of these workers.
    ///
    /// # Errors
    /// [`DaemonError::SaveOrder`].
    pub(super) fn save_order(
        &self,
        context: &DaemonContext,
        purchase: &Purchase,
        committed: &[CommittedWorker],
    ) -> Result<(), DaemonError> {
        let ours =
            committed.iter().filter(|(worker, _)| purchase.workers.contains(&worker.account));
        let commitments = ours.map(|(_, commitment)| *commitment).collect();
        self.write_order(context, purchase.agreement, commitments)
    }

    /// Writes an order file.
    fn write_order(
        &self,
        context: &DaemonContext,
        agreement: Address,
        commitments: Vec<ApplicationCommitment>,
    ) -> Result<(), DaemonError> {
        let Some(orders) = context.orders() else { return Ok(()) };
        let (application, digest) = (self.application.clone(), self.digest);
        let saved = orders.save(&OrderFile { agreement, application, digest, commitments });
        saved.map_err(|source| DaemonError::SaveOrder { path: orders.path(agreement), source })
    }

    /// Writes the order file of an agreement with what its workers commit to now, unless it has one: for a purchase whose
    /// order file was not written before the program ended.
    ///
    /// # Errors
    /// [`DaemonError::OrderFile`], [`DaemonError::SaveOrder`]; as [`ask_applications`].
    pub(super) async fn ensure_order(
        &self,
        context: &DaemonContext,
        agreement: &Agreement,
    ) -> Result<(), DaemonError> {
        if Self::of_agreement(context, agreement.address())?.is_some() {
            return Ok(());
        }
        let accounts = agreement.terms().workers().map(|worker| worker.account);
        let workers = accounts.map(|account| context.market().worker(account));
        let committed = self.committed(context, try_join_all(workers).await?).await?;
        let commitments = committed.into_iter().map(|(_, commitment)| commitment).collect();
        self.write_order(context, agreement.address(), commitments)
    }

    /// What a worker commits to, if it is this document.
    fn commitment(&self, served: ServedApplication) -> Option<ApplicationCommitment> {
        match served {
            ServedApplication::Committed(commitment) => {
                Some(commitment).filter(|commitment| commitment.digest == self.digest)
            }
            ServedApplication::Silent | ServedApplication::NoDocument => None,
        }
    }
}
