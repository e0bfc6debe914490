//! The tester's own copy of a client's service: what a worker's answers are compared with.
//!
//! Neither client nor worker is believed. A check is used only if the copy answers it as the client requires, so a client that
//! lies about its service harms nobody; and only if two right answers cannot differ.

use std::sync::Arc;

use axum::body::Bytes;
use muster_compute_http::ServiceDocument;
use rand::seq::IndexedRandom;
use tokio::time::{Duration, timeout};

use super::reference_runner::{ReferenceError, ReferenceRunner};
use crate::service_checks::{ServiceAnswer, ServiceCheck, ServiceChecks};
use crate::service_copy::{CheckedAnswer, CopyOptions, answer_checks};

/// A request of a service, and its right answer.
#[derive(Clone, Debug)]
pub(super) struct ReferenceCheck {
    /// The service.
    pub(super) service: Arc<ServiceDocument>,
    /// The request.
    pub(super) check: ServiceCheck,
    /// The answer.
    pub(super) answer: ServiceAnswer,
}

/// The checks of a service that can be used.
#[derive(Debug)]
pub(super) struct ReferenceService(Vec<ReferenceCheck>);

impl ReferenceService {
    /// One of the checks, at random; `None` if none can be used.
    pub(super) fn choose(&self) -> Option<ReferenceCheck> {
        self.0.choose(&mut rand::rng()).cloned()
    }
}

impl ReferenceRunner {
    /// Runs a copy of a service, and requests its checks. A worker has `response` for each. Dropping the future ends it.
    ///
    /// # Errors
    /// [`ReferenceError`]. It says nothing of any worker.
    pub(super) async fn run_service(
        &self,
        checks: ServiceChecks,
        component: Bytes,
        response: Duration,
    ) -> Result<ReferenceService, ReferenceError> {
        let _turn = self.runner.lock().await;
        let options = CopyOptions {
            folder: self.options.services.clone(),
            memory: self.options.settings.limits.memory,
            compile: self.options.settings.compile,
            program: Some(self.options.settings.program.clone()),
            response,
        };
        let answers = answer_checks(&options, &checks, component.to_vec());
        let answers = timeout(self.options.time, answers).await;
        let answers = answers.map_err(|_| ReferenceError::TooSlow)??;
        let service = Arc::new(checks.service);
        let reference = |checked: CheckedAnswer| {
            let answer = checked.reference()?;
            Some(ReferenceCheck { service: service.clone(), check: checked.check, answer })
        };
        Ok(ReferenceService(answers.into_iter().filter_map(reference).collect()))
    }
}
