//! Answers one request with a new instance.

use super::{
    log::LogSender,
    metered::{Metered, OutOfCpuTime},
    response::{Broken, Problem, ResponseBody, Streamed},
    state::State,
};
use crate::{ServiceLimits, request::LogStream};
use http_body_util::BodyExt;
use hyper::{Request, Response, body::Incoming, header::HOST};
use muster_compute::Variable;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    time::timeout,
};
use wasmtime::{Store, UpdateDeadline};
use wasmtime_wasi_http::{
    WasiHttpView,
    p2::{
        bindings::{
            ProxyPre,
            http::types::{ErrorCode, Scheme},
        },
        body::HyperOutgoingBody,
    },
};

/// What a component gives.
type Answer = Result<Response<HyperOutgoingBody>, ErrorCode>;

/// Answers requests.
pub(super) struct Handler {
    /// The component, ready to be instantiated.
    component: ProxyPre<State>,
    /// The service's environment.
    environment: Vec<Variable>,
    /// The service's limits.
    limits: ServiceLimits,
    /// One for each request that may run.
    permits: Arc<Semaphore>,
    /// The service's log.
    log: LogSender,
}

impl Handler {
    /// Answers requests by a component.
    pub(super) fn new(
        component: ProxyPre<State>,
        environment: Vec<Variable>,
        limits: ServiceLimits,
        log: LogSender,
    ) -> Self {
        let requests = usize::try_from(limits.requests).unwrap_or(usize::MAX);
        let permits = Arc::new(Semaphore::new(requests.min(Semaphore::MAX_PERMITS)));
        Self { component, environment, limits, permits, log }
    }

    /// The component's response, or one that tells why there is none.
    pub(super) async fn handle(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Response<ResponseBody> {
        if request.uri().authority().is_none() && !request.headers().contains_key(HOST) {
            return Problem::BadRequest.response();
        }
        let wait = timeout(self.wall_time(), Arc::clone(&self.permits).acquire_owned());
        let Ok(Ok(permit)) = wait.await else { return Problem::Busy.response() };
        let (answer, answered) = oneshot::channel();
        let (broken, mut is_broken) = oneshot::channel();
        let work = tokio::spawn(self.work(request, answer, broken, permit));
        match answered.await {
            // One that is broken already can still be told.
            Ok(Ok(response)) if is_broken.try_recv().is_err() => {
                response.map(|body| Streamed { body, broken: is_broken }.boxed_unsync())
            }
            Ok(Err(_)) => Problem::NoResponse.response(),
            // The work ended without an answer, or before any of it was sent, so it knows why.
            Ok(Ok(_)) | Err(_) => {
                work.await.ok().flatten().unwrap_or(Problem::NoResponse).response()
            }
        }
    }

    /// The longest that a request may take.
    const fn wall_time(&self) -> Duration {
        Duration::from_millis(self.limits.wall_ms)
    }

    /// Runs the component for one request, and says what ended it.
    async fn work(
        self: Arc<Self>,
        request: Request<Incoming>,
        answer: oneshot::Sender<Answer>,
        broken: oneshot::Sender<Broken>,
        permit: OwnedSemaphorePermit,
    ) -> Option<Problem> {
        let cpu_time = Duration::from_millis(self.limits.cpu_ms);
        let run = Metered::new(self.run(request, answer), cpu_time);
        let problem = match timeout(self.wall_time(), run).await {
            Ok(Ok(Ok(()))) => None,
            Ok(Ok(Err(error))) => {
                self.log.line(LogStream::Host, format!("trap: {error:#}").as_bytes());
                Some(Problem::Trap)
            }
            Ok(Err(OutOfCpuTime)) => Some(Problem::CpuTime),
            Err(_) => Some(Problem::WallTime),
        };
        if let Some(problem) = problem {
            self.log.line(LogStream::Host, problem.message().as_bytes());
            // The body learns of it before it is polled again: all this is one step of the only thread.
            drop(broken.send(Broken));
        }
        drop(permit);
        problem
    }

    /// Instantiates the component and lets it handle the request.
    async fn run(
        &self,
        request: Request<Incoming>,
        answer: oneshot::Sender<Answer>,
    ) -> wasmtime::Result<()> {
        let state = State::new(&self.environment, self.limits.memory, &self.log);
        let mut store = Store::new(self.component.engine(), state);
        store.limiter(|state| &mut state.memory);
        // At each tick it lets others run, and its processor time is looked at.
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Yield(1)));
        let mut http = store.data_mut().http();
        let request = http.new_incoming_request(Scheme::Http, request)?;
        let answer = http.new_response_outparam(answer)?;
        let instance = self.component.instantiate_async(&mut store).await?;
        instance.wasi_http_incoming_handler().call_handle(&mut store, request, answer).await
    }
}
