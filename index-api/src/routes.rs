//! The handlers of requests.

pub(crate) mod accounts;
pub(crate) mod agreements;
pub(crate) mod applications;
pub(crate) mod events;
pub(crate) mod evidence;
pub(crate) mod markets;
pub(crate) mod testers;
pub(crate) mod workers;

use axum::Router;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderName, Method};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;
use tower_http::cors::{Any, CorsLayer};

use crate::client_address::{ClientKey, Peer};
use crate::failure::Failure;
use crate::state::ApiState;
use crate::wire::ErrorCode;

/// Headers of answers that pages of other sites may read.
const EXPOSED: [HeaderName; 4] = [
    HeaderName::from_static("etag"),
    HeaderName::from_static("link"),
    HeaderName::from_static("muster-block"),
    HeaderName::from_static("muster-block-hash"),
];

/// Headers with which pages of other sites may ask.
const ALLOWED: [HeaderName; 3] = [
    HeaderName::from_static("accept"),
    HeaderName::from_static("if-none-match"),
    HeaderName::from_static("last-event-id"),
];

/// All paths but that of the OpenAPI document.
pub(crate) fn router() -> Router<ApiState> {
    Router::new()
        .route("/v1/markets", get(markets::markets))
        .route("/v1/applications", get(applications::applications))
        .route("/v1/applications/{application}/book", get(applications::book))
        .route("/v1/applications/{application}/prices", get(applications::prices))
        .route("/v1/workers", get(workers::workers))
        .route("/v1/workers/{account}", get(workers::worker))
        .route("/v1/workers/{account}/history", get(workers::history))
        .route("/v1/agreements", get(agreements::agreements))
        .route("/v1/agreements/{agreement}", get(agreements::agreement))
        .route("/v1/testers", get(testers::testers))
        .route("/v1/testers/{account}", get(testers::tester))
        .route("/v1/accounts/{account}", get(accounts::account))
        .route("/v1/accounts/{account}/statement", get(accounts::statement))
        .route("/v1/accounts/{account}/statement.csv", get(accounts::statement_csv))
        .route("/v1/events", get(events::events))
        .route("/v1/evidence", get(evidence::list))
        .route("/v1/evidence/{id}", get(evidence::document))
        .fallback(async || Failure::new(ErrorCode::NoRoute, "see /openapi.json"))
        .method_not_allowed_fallback(async || {
            Failure::new(ErrorCode::NoMethod, "everything is read by GET: see /openapi.json")
        })
}

/// The same with limits, for pages of all sites.
pub(crate) fn limited(router: Router<ApiState>, state: ApiState) -> Router {
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD])
        .allow_headers(ALLOWED)
        .expose_headers(EXPOSED);
    router
        .layer(middleware::from_fn_with_state(state.clone(), limit_rate))
        .layer(cors)
        .with_state(state)
}

/// Counts a request before it is answered.
async fn limit_rate(
    State(state): State<ApiState>,
    Extension(peer): Extension<Peer>,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let key = ClientKey::of_request(peer, request.headers(), state.is_behind_proxy);
    state.limiter.check(key)?;
    Ok(next.run(request).await)
}
