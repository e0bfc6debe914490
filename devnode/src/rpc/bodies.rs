//! The bodies of HTTP requests, read as a node reads them: ids of every kind, which are echoed as they
//! are, notifications, and batches with things among them that are no requests.
//!
//! Everything else about HTTP is the business of the server behind this.

use std::{collections::HashMap, sync::Arc};

use http_body_util::{BodyExt, Limited};
use jsonrpsee::{
    core::BoxError,
    server::{HttpBody, HttpRequest, HttpResponse, Methods},
};
use serde::{Deserialize, Serialize};
use serde_json::{json, value::RawValue};
use tokio::sync::Semaphore;
use tower::{Service, ServiceExt};

use super::server::{MAX_ANSWER, MAX_REQUEST};

/// Not JSON.
const PARSE: (i32, &str) = (-32_700, "parse error");

/// JSON, but no request.
const INVALID: (i32, &str) = (-32_600, "invalid request");

/// Nothing in it.
const EMPTY: (i32, &str) = (-32_600, "empty batch");

/// Code of an unknown method.
const UNKNOWN: i32 = -32_601;

/// Something that only works where a connection stays open.
const NOTIFY: (i32, &str) = (UNKNOWN, "notifications not supported");

/// More in it than is taken.
const TOO_LONG: (i32, &str) = (-32_600, "batch too large");

/// An answer that is longer than the server gives.
const TOO_MUCH: (i32, &str) = (-32_003, "response too large");

/// Requests in one batch.
pub(super) const MAX_BATCH: u32 = 1000;

/// Status while too many requests are being answered.
const TOO_MANY: u16 = 429;

/// Status of a body that is longer than the server takes.
const TOO_LARGE: u16 = 413;

/// The header that tells the media type.
const CONTENT_TYPE: &str = "content-type";

/// The media type of bodies.
const JSON: &str = "application/json";

/// The parts of a request or an answer, as they are written.
type Fields<'a> = HashMap<String, &'a RawValue>;

/// A request as methods want it.
#[derive(Serialize)]
struct Call<'a> {
    /// Always the same.
    jsonrpc: &'static str,
    /// Stands for any id.
    id: u8,
    /// What is asked for.
    method: &'a str,
    /// Its arguments.
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<&'a RawValue>,
}

/// The code of an error.
#[derive(Deserialize)]
struct Code {
    /// The code.
    code: i32,
}

/// What answers bodies.
#[derive(Clone, Debug)]
pub(crate) struct Bodies {
    /// All methods.
    methods: Methods,
    /// Room for requests at the same time.
    room: Arc<Semaphore>,
}

impl Bodies {
    /// Answers with these methods, to so many requests at the same time.
    pub(super) fn new(methods: Methods, at_once: u16) -> Self {
        Self { methods, room: Arc::new(Semaphore::new(at_once.into())) }
    }

    /// The answer to a body that came in otherwise than over HTTP; empty if it wants none.
    pub(crate) async fn reply(&self, body: &str) -> String {
        reply(&self.methods, body.as_bytes()).await
    }

    /// Answers a request that posts JSON; leaves all others to `server`.
    ///
    /// # Errors
    /// Those of the server.
    pub(super) async fn answer<S>(
        self,
        server: S,
        request: HttpRequest,
    ) -> Result<HttpResponse, BoxError>
    where
        S: Service<HttpRequest, Response = HttpResponse, Error = BoxError>,
    {
        let kind = request.headers().get(CONTENT_TYPE);
        let json = kind.is_some_and(|kind| kind.as_bytes().starts_with(JSON.as_bytes()));
        if request.method() != "POST" || !json {
            return server.oneshot(request).await;
        }
        let response = HttpResponse::builder().header(CONTENT_TYPE, JSON);
        let Ok(_place) = self.room.try_acquire() else {
            return Ok(response.status(TOO_MANY).body(HttpBody::empty())?);
        };
        let limit = usize::try_from(MAX_REQUEST).unwrap_or(usize::MAX);
        let Ok(body) = Limited::new(request.into_body(), limit).collect().await else {
            return Ok(response.status(TOO_LARGE).body(HttpBody::empty())?);
        };
        Ok(response.body(HttpBody::from(reply(&self.methods, &body.to_bytes()).await))?)
    }
}

/// The answer to a body; empty if it wants none.
async fn reply(methods: &Methods, body: &[u8]) -> String {
    if body.is_empty() {
        return String::new();
    }
    let Ok(body) = serde_json::from_slice::<&RawValue>(body) else { return refusal(None, PARSE) };
    let Ok(entries) = serde_json::from_str::<Vec<&RawValue>>(body.get()) else {
        return answer_one(methods, body).await.unwrap_or_default();
    };
    if entries.is_empty() {
        return refusal(None, EMPTY);
    }
    if entries.len() > usize::try_from(MAX_BATCH).unwrap_or(usize::MAX) {
        return refusal(None, TOO_LONG);
    }
    let mut rest = usize::try_from(MAX_ANSWER).unwrap_or(usize::MAX);
    let mut answers = Vec::new();
    for entry in entries {
        let Some(answer) = answer_one(methods, entry).await else { continue };
        let Some(less) = rest.checked_sub(answer.len()) else { return refusal(None, TOO_MUCH) };
        rest = less;
        answers.push(answer);
    }
    if answers.is_empty() { String::new() } else { format!("[{}]", answers.join(",")) }
}

/// The answer to one request; `None` if it is a notification, which runs unheard.
async fn answer_one(methods: &Methods, request: &RawValue) -> Option<String> {
    let fields: Fields<'_> = serde_json::from_str(request.get()).unwrap_or_default();
    let given = fields.get("id").copied();
    let id = given.filter(|id| !id.get().starts_with(['{', '[']));
    let method = fields.get("method").and_then(|method| serde_json::from_str(method.get()).ok());
    let version = fields.get("jsonrpc").map(|version| version.get());
    let method: String = match method {
        Some(method) if version == Some("\"2.0\"") && given.is_some() == id.is_some() => method,
        _ => return Some(refusal(id, INVALID)),
    };
    let answer = if method.ends_with("_subscribe") || method.ends_with("_unsubscribe") {
        refusal(id, NOTIFY)
    } else {
        call(methods, id, &method, fields.get("params").copied()).await
    };
    id.map(|_| answer)
}

/// Calls a method; the answer, which bears `id`.
async fn call(
    methods: &Methods,
    id: Option<&RawValue>,
    method: &str,
    params: Option<&RawValue>,
) -> String {
    let call = Call { jsonrpc: "2.0", id: 0, method, params };
    let Ok(call) = serde_json::to_string(&call) else { return refusal(id, INVALID) };
    let Ok((answer, _)) = methods.raw_json_request(&call, 1).await else {
        return refusal(id, INVALID);
    };
    let fields: Fields<'_> = serde_json::from_str(answer.get()).unwrap_or_default();
    let Some(error) = fields.get("error") else {
        return envelope(id, "result", fields.get("result").map_or("null", |result| result.get()));
    };
    if let Ok(Code { code: UNKNOWN }) = serde_json::from_str(error.get()) {
        let words = format!("the method {method} does not exist/is not available");
        return refusal(id, (UNKNOWN, &words));
    }
    envelope(id, "error", error.get())
}

/// The answer that refuses a request.
fn refusal(id: Option<&RawValue>, (code, message): (i32, &str)) -> String {
    envelope(id, "error", &json!({"code": code, "message": message}).to_string())
}

/// An answer; `kind` says what its content is.
fn envelope(id: Option<&RawValue>, kind: &str, content: &str) -> String {
    let id = id.map_or("null", RawValue::get);
    format!(r#"{{"jsonrpc":"2.0","id":{id},"{kind}":{content}}}"#)
}
