//! Requests to a chain of this process.

use std::sync::{Arc, Weak};

use alloy::primitives::hex;
use serde_json::{Value, json};

use super::CallError;
use crate::rpc::RequestHandler;

/// Code of the error of a contract that reverted.
const REVERTED: i64 = 3;

/// Sends requests to a chain for as long as it runs.
#[derive(Clone, Debug)]
pub(crate) struct Requests(Weak<RequestHandler>);

impl Requests {
    /// Requests to the chain behind `handler`. They do not keep it alive.
    pub(crate) fn new(handler: &Arc<RequestHandler>) -> Self {
        Self(Arc::downgrade(handler))
    }

    /// The result of a request.
    ///
    /// # Errors
    /// The error of the response, or that the chain has stopped.
    pub(super) async fn request(&self, method: &str, params: Value) -> Result<Value, CallError> {
        let handler = self.0.upgrade().ok_or(CallError::Stopped)?;
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let response = handler.handle(&body.to_string()).await;
        let mut response: Value =
            serde_json::from_str(&response).map_err(|_| CallError::Stopped)?;
        let Some(error) = response.get("error") else {
            return Ok(response.get_mut("result").map(Value::take).unwrap_or_default());
        };
        let code = error.get("code").and_then(Value::as_i64).unwrap_or_default();
        let message = error.get("message").and_then(Value::as_str).unwrap_or_default().to_owned();
        Err(match code {
            REVERTED => CallError::Reverted { data: bytes(error.get("data")), message },
            _ => CallError::Rejected { code, message },
        })
    }
}

/// The bytes of a hexadecimal text; empty if it is none.
pub(super) fn bytes(value: Option<&Value>) -> Vec<u8> {
    value.and_then(Value::as_str).and_then(|text| hex::decode(text).ok()).unwrap_or_default()
}
