//! Brings a service to a worker, and checks that it runs there.

use std::sync::Arc;

use futures::future::join_all;
use muster_service_api::ServiceState;
use tokio::select;
use tokio::time::{Duration, sleep};

use super::failure::ServiceFailure;
use super::fleet::{Fleet, ServiceReplica};
use crate::failpoint::fail_point;
use crate::service_record::StoredService;

/// The pause before a worker is asked again, which doubles with each failure.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The pause between two checks of a worker that runs the service.
const CHECK_PAUSE: Duration = Duration::from_secs(5);

impl Fleet {
    /// Keeps the service running at a worker. Never completes.
    pub(super) async fn keep_running(self: Arc<Self>, replica: Arc<ServiceReplica>) {
        let mut pause = FIRST_PAUSE;
        loop {
            let checked = self.check(&replica).await;
            let is_ready = matches!(checked, Ok(true));
            let is_new = self.note(&replica, is_ready);
            let (agreement, worker) = (replica.worker.agreement.address(), replica.worker.account);
            match checked {
                Ok(true) if is_new => tracing::info!(%agreement, %worker, "service runs"),
                Ok(_) => {}
                Err(failure) if is_new => {
                    tracing::warn!(%agreement, %worker, %failure, "service does not run");
                }
                Err(failure) => {
                    tracing::debug!(%agreement, %worker, %failure, "service does not run");
                }
            }
            pause = if is_ready { CHECK_PAUSE } else { pause.min(CHECK_PAUSE) };
            select! {
                () = sleep(pause) => {}
                () = replica.wake.notified() => {}
            }
            pause = if is_ready { FIRST_PAUSE } else { pause.saturating_mul(2) };
        }
    }

    /// Ends the service at every worker, as far as they can be reached.
    pub(super) async fn end_everywhere(&self) {
        let ends = self.all().into_iter().map(async |replica| {
            let (agreement, worker) = (replica.worker.agreement.address(), replica.worker.account);
            if let Err(failure) = replica.worker.delete().await {
                tracing::warn!(%agreement, %worker, %failure, "service not ended");
            }
        });
        join_all(ends).await;
    }

    /// Records that a worker has the service, so that other processes can end it there.
    fn record_place(&self, replica: &ServiceReplica) {
        if replica.is_recorded() {
            return;
        }
        fail_point!("place/pending");
        match self.record.add_place(self.id, replica.place()) {
            Ok(()) => replica.note_recorded(),
            Err(error) => tracing::error!(%error, "the place of a service is not recorded"),
        }
        fail_point!("place/stored");
    }

    /// Brings the service, if the worker does not have it; returns whether it runs.
    async fn check(&self, replica: &ServiceReplica) -> Result<bool, ServiceFailure> {
        let worker = &replica.worker;
        let found = worker.status().await?;
        let found = found.filter(|status| status.document == self.document);
        let status = match found {
            Some(status) if status.state != ServiceState::Failed => {
                // It was brought, and who did or the worker was killed before that was recorded.
                self.record_place(replica);
                status
            }
            failed => {
                let document = StoredService::canonical(&self.document);
                let component = (self.document.component, self.component.clone());
                let status = worker.put(&document, component).await?;
                replica.note_brought();
                self.record_place(replica);
                if let Some(reason) = failed.and_then(|status| status.reason) {
                    // It is tried again.
                    return Err(ServiceFailure::NotRunning(reason.into()));
                }
                status
            }
        };
        Ok(status.state == ServiceState::Running)
    }
}
