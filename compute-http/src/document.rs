//! What a client says of its service.

use muster_compute::{Digest, Job, JobDocument, JobError, Variable};
use serde::{Deserialize, Serialize};

/// The most requests that a service can answer at once.
pub const MAX_REQUESTS: u32 = 1_024;

/// A service: its component, and how it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceDocument {
    /// The component.
    pub component: Digest,
    /// Its environment.
    #[serde(default)]
    pub environment: Vec<Variable>,
    /// What it may use.
    #[serde(default)]
    pub limits: ServiceLimits,
}

/// What a service may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServiceLimits {
    /// Bytes of linear memory for one request, and 16 for each element of a table.
    pub memory: u64,
    /// Milliseconds of processor time for one request.
    pub cpu_ms: u64,
    /// Milliseconds on the wall for one request, to the end of its response.
    pub wall_ms: u64,
    /// Requests at once. Others wait.
    pub requests: u32,
}

/// 64 MiB, a second of processor time, 30 seconds on the wall, 8 requests at once.
impl Default for ServiceLimits {
    fn default() -> Self {
        Self { memory: 64 << 20, cpu_ms: 1_000, wall_ms: 30_000, requests: 8 }
    }
}

/// Why a document is no service's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// A variable that no environment can have, or two of one name.
    #[error(transparent)]
    Environment(#[from] JobError),
    /// A limit is zero, or more than allowed here.
    #[error(
        "the service asks for a limit of {name} of {asked}, and 1 to {allowed} is possible here"
    )]
    Limit {
        /// Which limit.
        name: &'static str,
        /// What the service asks for.
        asked: u64,
        /// The most here.
        allowed: u64,
    },
}

impl ServiceDocument {
    /// A service with an empty environment and usual limits.
    #[must_use]
    pub fn new(component: Digest) -> Self {
        Self { component, environment: Vec::new(), limits: ServiceLimits::default() }
    }

    /// Checks everything but the component, and sorts the environment.
    ///
    /// # Errors
    /// The first [`ServiceError`] that is found.
    pub fn check(&mut self, allowed: &ServiceLimits) -> Result<(), ServiceError> {
        let limits = self.limits;
        let requests = allowed.requests.min(MAX_REQUESTS);
        let pairs = [
            ("memory", limits.memory, allowed.memory),
            ("cpu_ms", limits.cpu_ms, allowed.cpu_ms),
            ("wall_ms", limits.wall_ms, allowed.wall_ms),
            ("requests", u64::from(limits.requests), u64::from(requests)),
        ];
        for (name, asked, allowed) in pairs {
            if asked == 0 || asked > allowed {
                return Err(ServiceError::Limit { name, asked, allowed });
            }
        }
        // The rules of a job's environment.
        let mut job = JobDocument::new(self.component);
        job.environment = std::mem::take(&mut self.environment);
        self.environment.clone_from(&Job::new(job)?.document().environment);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> ServiceDocument {
        ServiceDocument::new(Digest::of(b""))
    }

    #[test]
    fn document_needs_nothing_but_a_component() {
        let text = format!(r#"{{"component":"{}"}}"#, Digest::of(b""));
        assert_eq!(serde_json::from_str::<ServiceDocument>(&text).unwrap(), document());
        let unknown = text.replace('}', r#","memory":1}"#);
        assert!(serde_json::from_str::<ServiceDocument>(&unknown).is_err());
    }

    #[test]
    fn limits_are_positive_and_not_more_than_allowed() {
        let allowed = ServiceLimits::default();
        assert!(document().check(&allowed).is_ok());
        let changes: [fn(&mut ServiceLimits, u64); 4] = [
            |limits, to| limits.memory = limits.memory.saturating_mul(to),
            |limits, to| limits.cpu_ms = limits.cpu_ms.saturating_mul(to),
            |limits, to| limits.wall_ms = limits.wall_ms.saturating_mul(to),
            |limits, to| {
                limits.requests = limits.requests.saturating_mul(u32::try_from(to).unwrap());
            },
        ];
        for (change, expected) in changes.iter().zip(["memory", "cpu_ms", "wall_ms", "requests"]) {
            for factor in [0, 2] {
                let mut document = document();
                change(&mut document.limits, factor);
                match document.check(&allowed) {
                    Err(ServiceError::Limit { name, .. }) => assert_eq!(name, expected),
                    other => panic!("{expected}: {other:?}"),
                }
            }
        }
    }

    #[test]
    fn environment_follows_the_rules_of_jobs() {
        let variable = |name: &str| Variable { name: name.into(), value: "1".into() };
        let mut service = document();
        service.environment = vec![variable("B"), variable("A")];
        service.check(&ServiceLimits::default()).unwrap();
        assert_eq!(service.environment, [variable("A"), variable("B")]);
        service.environment.push(variable("A"));
        let error = service.check(&ServiceLimits::default()).unwrap_err();
        assert!(matches!(error, ServiceError::Environment(_)));
    }
}
