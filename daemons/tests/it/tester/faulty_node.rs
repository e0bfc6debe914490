//! A node that refuses calls of one function.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use alloy::primitives::hex;
use axum::Json;
use axum::Router;
use axum::body::Bytes;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

/// A node that passes on everything but what has the selector of one function.
pub(super) struct FaultyNode {
    /// Its URL.
    pub(super) url: String,
    /// How many requests it has refused.
    pub(super) refused: Arc<AtomicUsize>,
    /// Serves requests.
    _task: AbortOnDropHandle<()>,
}

impl FaultyNode {
    /// A node in front of another one.
    pub(super) async fn start(node: String, selector: [u8; 4]) -> Self {
        let (refused, selector) = (Arc::<AtomicUsize>::default(), hex::encode(selector));
        let (count, client) = (refused.clone(), reqwest::Client::new());
        let handle = async move |body: Bytes| {
            let request: Value = serde_json::from_slice(&body).unwrap();
            if request.to_string().contains(&selector) {
                count.fetch_add(1, Ordering::Relaxed);
                let error = json!({"code": 3, "message": "execution reverted", "data": "0x"});
                return Json(json!({"jsonrpc": "2.0", "id": request["id"], "error": error}));
            }
            let post = client.post(&node).header("content-type", "application/json");
            let response = post.body(body).send().await.unwrap().bytes().await.unwrap();
            Json(serde_json::from_slice(&response).unwrap())
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(handle);
        let task = tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
        Self { url, refused, _task: AbortOnDropHandle::new(task) }
    }
}
