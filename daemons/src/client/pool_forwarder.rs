//! Requests of the client to the service of an agreement's workers, under the keys of its pool.

use std::sync::Arc;

use axum::http::request::Parts;
use muster_client::protocol::abi::State;
use muster_messaging::{Endpoint, ExposeSecret};

use super::endpoint_pool::ForwardOutcome;
use super::probe_context::ProbeContext;
use super::proxy::{Forwarder, RequestBody};
use super::traffic_key::Route;
use crate::service_client::{LONG_RESPONSE, service_url};

impl ProbeContext {
    /// Forwards a request to one worker under a key.
    async fn forward_to(
        &self,
        request: &Parts,
        body: Option<reqwest::Body>,
        route: &Route,
        endpoint: &Arc<Endpoint>,
    ) -> ForwardOutcome {
        let path = request.uri.path_and_query().map_or("/", |path| path.as_str());
        let url = service_url(endpoint.url.expose_secret(), path);
        let mut outgoing = self.pool.http.request(request.method.clone(), url);
        outgoing = outgoing.headers(request.headers.clone());
        if let Some(body) = body {
            outgoing = outgoing.body(body);
        }
        self.send(outgoing, route, endpoint, LONG_RESPONSE).await
    }
}

impl Forwarder for ProbeContext {
    async fn forward(
        &self,
        request: &Parts,
        mut body_source: RequestBody,
    ) -> Option<reqwest::Response> {
        let (mut response, is_empty) = (None, body_source.is_empty());
        let Self { pool, clock, .. } = self;
        for index in pool.read(|state| state.by_preference(clock.now())) {
            let route = pool.write(|state| state.choose(index, clock.now(), rand::random()));
            let Some(route) = route else { continue };
            let Some(endpoint) = self.endpoint(&route).await else {
                self.report_failure(&route, None);
                continue;
            };
            let Some(body) = body_source.next_attempt() else { break };
            let body = (!is_empty).then_some(body);
            let maybe_delivered = match self.forward_to(request, body, &route, &endpoint).await {
                ForwardOutcome::Served(served) => {
                    pool.write(|state| state.prefer(index));
                    return Some(served);
                }
                ForwardOutcome::Rejected(rejected) => {
                    let status = rejected.status();
                    response = Some(rejected);
                    status.is_server_error()
                }
                ForwardOutcome::NoResponse { maybe_delivered } => maybe_delivered,
            };
            if maybe_delivered && !request.method.is_idempotent() {
                break;
            }
        }
        response
    }

    async fn absence(&self) -> String {
        let (agreement, now) = (&self.pool.agreement, self.clock.now());
        let (address, progress) = (agreement.address(), agreement.progress().await);
        let state = progress.map(|progress| agreement.times(&progress).state(now));
        match state {
            Ok(State::Offered) => format!("no worker has accepted {address} yet: try again later"),
            Ok(State::Running) | Err(_) => {
                format!("no worker of {address} serves at the moment: try again later")
            }
            Ok(_) => format!("{address} is over: buy another agreement, and connect to that one"),
        }
    }
}
