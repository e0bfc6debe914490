//! A copy of a service on this machine, to know what a worker must answer.

use std::fs;
use std::path::PathBuf;

use axum::body::{Body, to_bytes};
use muster_compute::CompileLimits;
use muster_compute_http::{
    SendError, Service, ServiceLimits, Settings, StartError, check_component,
};
use tokio::task::{JoinError, spawn_blocking};
use tokio::time::{Duration, Instant};

use crate::service_checks::{ServiceAnswer, ServiceCheck, ServiceChecks};

/// The longest body that is compared, in bytes.
const MAX_ANSWER: usize = 1 << 20;

/// A check takes so many times less than the service's limits and than a response may take, because a worker may be slower.
const MARGIN: u32 = 4;

/// How copies of services run here.
#[derive(Clone, Debug)]
pub struct CopyOptions {
    /// A private folder.
    pub folder: PathBuf,
    /// Bytes of memory that one request may ask for.
    pub memory: u64,
    /// What compiling a component may take.
    pub compile: CompileLimits,
    /// The program that runs services as its child: this one, unless a test says otherwise.
    pub program: Option<PathBuf>,
    /// The longest time of a response.
    pub response: Duration,
}

/// Why a service has no copy here.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// Copies of it can answer differently.
    #[error(
        "testers cannot compare answers of this component, because it calls {0}, by which two right answers can differ"
    )]
    Varies(String),
    /// It cannot run here.
    #[error(transparent)]
    Start(#[from] StartError),
    /// It does not answer here.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The folder cannot be used.
    #[error("cannot run services here: {0}")]
    Io(#[from] std::io::Error),
    /// The thread ended.
    #[error("the thread of a service ended: {0}")]
    Thread(#[from] JoinError),
}

/// A check, and the answer of the copy.
#[derive(Clone, Debug)]
pub struct CheckedAnswer {
    /// The check.
    pub check: ServiceCheck,
    /// What the copy answers; `None` if answers of other machines need not be the same: it was cut, too long, too slow, or told of
    /// a limit.
    pub answer: Option<ServiceAnswer>,
}

impl CheckedAnswer {
    /// The answer with which workers are compared: none if it is not what the check requires.
    pub(crate) fn reference(&self) -> Option<ServiceAnswer> {
        self.answer.filter(|answer| self.check.accepts(answer))
    }
}

/// Runs a service and requests all of its checks, one after the other. Dropping the future ends it.
///
/// # Errors
/// [`CopyError`]: [`CopyError::Varies`] before anything runs.
pub async fn answer_checks(
    options: &CopyOptions,
    checks: &ServiceChecks,
    component: Vec<u8>,
) -> Result<Vec<CheckedAnswer>, CopyError> {
    let info = check_component(&component).map_err(StartError::from)?;
    if let Some(interface) = info.varies_by {
        return Err(CopyError::Varies(interface));
    }
    let (settings, document) = (settings(options)?, checks.service.clone());
    let service = spawn_blocking(move || Service::start(&settings, document, &component)).await??;
    service.ready().await?;
    let limits = checks.service.limits;
    let shortest = limits.cpu_ms.min(limits.wall_ms);
    let longest = Duration::from_millis(shortest).min(options.response);
    let mut answers = Vec::new();
    for check in &checks.checks {
        let begun = Instant::now();
        let answer = request(&service, check).await?;
        let is_fast = begun.elapsed().saturating_mul(MARGIN) <= longest;
        answers.push(CheckedAnswer { check: check.clone(), answer: answer.filter(|_| is_fast) });
    }
    // Dropping it waits for its process.
    spawn_blocking(move || drop(service)).await?;
    Ok(answers)
}

/// How the service runs.
fn settings(options: &CopyOptions) -> Result<Settings, CopyError> {
    fs::create_dir_all(&options.folder)?;
    let mut settings = Settings::new(&options.folder);
    settings.limits = ServiceLimits { memory: options.memory, ..settings.limits };
    settings.compile = options.compile;
    if let Some(program) = &options.program {
        settings.program.clone_from(program);
    }
    Ok(settings)
}

/// The answer to a check, if others can be compared with it.
async fn request(
    service: &Service,
    check: &ServiceCheck,
) -> Result<Option<ServiceAnswer>, CopyError> {
    // It was checked when it was read.
    let Ok(request) = check.request() else { return Ok(None) };
    let response = service.send(request).await?;
    let status = response.status().as_u16();
    let body = to_bytes(Body::new(response.into_body()), MAX_ANSWER).await;
    Ok(body.ok().and_then(|body| ServiceAnswer::of(status, &body)))
}
