//! Bodies of requests over HTTP or WebSocket, parsed as Nitro does: ids of any kind, which are echoed,
//! notifications, and batches with invalid entries.
//!
//! The server behind this handles everything else of HTTP.

use std::{collections::HashMap, sync::Arc};

use http_body_util::{BodyExt, Limited};
use jsonrpsee::{
    core::BoxError,
    server::{HttpBody, HttpRequest, HttpResponse, Methods, ws::is_upgrade_request},
    types::ErrorObjectOwned,
};
use serde::{Deserialize, Serialize};
use serde_json::{json, value::RawValue};
use tokio::sync::Semaphore;
use tower::{Service, ServiceExt};

use super::{MethodResult, subscriptions::Requester, websocket::WebSocketAcceptor};

/// Maximum size of a request in bytes.
pub(super) const MAX_REQUEST: u32 = 5 << 20;

/// Maximum size of a response in bytes.
pub(super) const MAX_RESPONSE: u32 = 64 << 20;

/// The body is not JSON.
const PARSE_ERROR: (i32, &str) = (-32_700, "parse error");

/// The body is JSON but not a request.
const INVALID_REQUEST: (i32, &str) = (-32_600, "invalid request");

/// The batch is empty.
const EMPTY_BATCH: (i32, &str) = (-32_600, "empty batch");

/// Code for an unknown method.
const METHOD_NOT_FOUND: i32 = -32_601;

/// Subscriptions need a WebSocket.
const NOTIFICATIONS_UNSUPPORTED: (i32, &str) = (METHOD_NOT_FOUND, "notifications not supported");

/// The batch has too many entries.
const BATCH_TOO_LARGE: (i32, &str) = (-32_600, "batch too large");

/// The responses of a batch are too long.
const RESPONSE_TOO_LARGE: (i32, &str) = (-32_003, "response too large");

/// Maximum requests in a batch.
pub(super) const MAX_BATCH: u32 = 1000;

/// HTTP status if too many requests are in progress.
pub(super) const TOO_MANY_REQUESTS: u16 = 429;

/// HTTP status if the body is too long.
const PAYLOAD_TOO_LARGE: u16 = 413;

/// Name of the content type header.
const CONTENT_TYPE: &str = "content-type";

/// Content type of JSON bodies.
const APPLICATION_JSON: &str = "application/json";

/// The fields of a request or response, as JSON text.
type Fields<'a> = HashMap<String, &'a RawValue>;

/// A request in the form that the methods take.
#[derive(Serialize)]
struct MethodCall<'a> {
    /// Always 2.0.
    jsonrpc: &'static str,
    /// Placeholder id.
    id: u8,
    /// Name of the method.
    method: &'a str,
    /// Arguments.
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<&'a RawValue>,
}

/// The code of an error.
#[derive(Deserialize)]
struct ErrorCode {
    /// The code.
    code: i32,
}

/// Answers JSON-RPC bodies.
#[derive(Clone, Debug)]
pub(crate) struct RequestHandler {
    /// All methods.
    methods: Methods,
    /// One permit per concurrent HTTP request.
    permits: Arc<Semaphore>,
    /// Accepts WebSocket connections.
    sockets: WebSocketAcceptor,
}

impl RequestHandler {
    /// Answers with these methods, at most `limit` HTTP requests at a time.
    pub(super) fn new(methods: Methods, limit: u16, sockets: WebSocketAcceptor) -> Self {
        Self { methods, permits: Arc::new(Semaphore::new(limit.into())), sockets }
    }

    /// Answers a body that did not arrive over HTTP; empty for notifications.
    pub(crate) async fn handle(&self, body: &str) -> String {
        handle_body(&self.methods, body.as_bytes(), None).await
    }

    /// Answers POST requests with JSON, opens WebSocket connections, and confirms that it is there to
    /// a GET request; passes all others to `server`.
    ///
    /// # Errors
    /// Those of `server`.
    pub(super) async fn handle_http<S>(
        self,
        server: S,
        request: HttpRequest,
    ) -> Result<HttpResponse, BoxError>
    where
        S: Service<HttpRequest, Response = HttpResponse, Error = BoxError>,
    {
        let kind = request.headers().get(CONTENT_TYPE);
        let json =
            kind.is_some_and(|kind| kind.as_bytes().starts_with(APPLICATION_JSON.as_bytes()));
        if is_upgrade_request(&request) {
            return self.sockets.accept(request);
        }
        if request.method() == "GET" && request.uri().query().is_none() {
            return Ok(HttpResponse::new(HttpBody::empty()));
        }
        if request.method() != "POST" || !json {
            return server.oneshot(request).await;
        }
        let response = HttpResponse::builder().header(CONTENT_TYPE, APPLICATION_JSON);
        let Ok(_permit) = self.permits.try_acquire() else {
            return Ok(response.status(TOO_MANY_REQUESTS).body(HttpBody::empty())?);
        };
        let limit = usize::try_from(MAX_REQUEST).unwrap_or(usize::MAX);
        let Ok(body) = Limited::new(request.into_body(), limit).collect().await else {
            return Ok(response.status(PAYLOAD_TOO_LARGE).body(HttpBody::empty())?);
        };
        Ok(response
            .body(HttpBody::from(handle_body(&self.methods, &body.to_bytes(), None).await))?)
    }
}

/// Answers a body; empty for notifications. Only a `requester` may subscribe.
pub(super) async fn handle_body(
    methods: &Methods,
    body: &[u8],
    mut requester: Option<&mut Requester<'_>>,
) -> String {
    if body.is_empty() {
        return String::new();
    }
    let Ok(body) = serde_json::from_slice::<&RawValue>(body) else {
        return error_response(None, PARSE_ERROR);
    };
    let Ok(entries) = serde_json::from_str::<Vec<&RawValue>>(body.get()) else {
        return handle_one(methods, body, requester).await.unwrap_or_default();
    };
    if entries.is_empty() {
        return error_response(None, EMPTY_BATCH);
    }
    if entries.len() > usize::try_from(MAX_BATCH).unwrap_or(usize::MAX) {
        return error_response(None, BATCH_TOO_LARGE);
    }
    let mut rest = usize::try_from(MAX_RESPONSE).unwrap_or(usize::MAX);
    let mut responses = Vec::new();
    for entry in entries {
        let answered = handle_one(methods, entry, requester.as_deref_mut()).await;
        let Some(response) = answered else { continue };
        let Some(less) = rest.checked_sub(response.len()) else {
            return error_response(None, RESPONSE_TOO_LARGE);
        };
        rest = less;
        responses.push(response);
    }
    if responses.is_empty() { String::new() } else { format!("[{}]", responses.join(",")) }
}

/// Answers one request; `None` for a notification, which still runs.
async fn handle_one(
    methods: &Methods,
    request: &RawValue,
    requester: Option<&mut Requester<'_>>,
) -> Option<String> {
    let fields: Fields<'_> = serde_json::from_str(request.get()).unwrap_or_default();
    let given = fields.get("id").copied();
    let id = given.filter(|id| !id.get().starts_with(['{', '[']));
    let method = fields.get("method").and_then(|method| serde_json::from_str(method.get()).ok());
    let version = fields.get("jsonrpc").map(|version| version.get());
    let method: String = match method {
        Some(method) if version == Some("\"2.0\"") && given.is_some() == id.is_some() => method,
        _ => return Some(error_response(id, INVALID_REQUEST)),
    };
    let params = fields.get("params").copied();
    let response = if method.ends_with("_subscribe") || method.ends_with("_unsubscribe") {
        match requester {
            Some(requester) => method_response(id, requester.call(&method, params).await),
            None => error_response(id, NOTIFICATIONS_UNSUPPORTED),
        }
    } else {
        call_method(methods, id, &method, params).await
    };
    id.map(|_| response)
}

/// Calls a method and returns the response with `id`.
async fn call_method(
    methods: &Methods,
    id: Option<&RawValue>,
    method: &str,
    params: Option<&RawValue>,
) -> String {
    let call = MethodCall { jsonrpc: "2.0", id: 0, method, params };
    let Ok(call) = serde_json::to_string(&call) else { return error_response(id, INVALID_REQUEST) };
    let Ok((response, _)) = methods.raw_json_request(&call, 1).await else {
        return error_response(id, INVALID_REQUEST);
    };
    let fields: Fields<'_> = serde_json::from_str(response.get()).unwrap_or_default();
    let Some(error) = fields.get("error") else {
        return response_json(
            id,
            "result",
            fields.get("result").map_or("null", |result| result.get()),
        );
    };
    if let Ok(ErrorCode { code: METHOD_NOT_FOUND }) = serde_json::from_str(error.get()) {
        let message = format!("the method {method} does not exist/is not available");
        return error_response(id, (METHOD_NOT_FOUND, &message));
    }
    response_json(id, "error", error.get())
}

/// The response with the result of a method.
fn method_response(id: Option<&RawValue>, result: MethodResult) -> String {
    match result {
        Ok(result) => response_json(id, "result", &result.to_string()),
        Err(error) => {
            let error = ErrorObjectOwned::from(error);
            error_response(id, (error.code(), error.message()))
        }
    }
}

/// An error response.
fn error_response(id: Option<&RawValue>, (code, message): (i32, &str)) -> String {
    response_json(id, "error", &json!({"code": code, "message": message}).to_string())
}

/// A response; `kind` is "result" or "error".
fn response_json(id: Option<&RawValue>, kind: &str, content: &str) -> String {
    let id = id.map_or("null", RawValue::get);
    format!(r#"{{"jsonrpc":"2.0","id":{id},"{kind}":{content}}}"#)
}
