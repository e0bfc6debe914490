//! The boundary to whoever signs receipts: a response in a session carries the session's newest receipt.

use std::future::Future;

use hyper::{HeaderMap, Method, Response, StatusCode, header::HeaderValue};

use crate::{error_response::RequestError, token::Claims};

/// The request header that names a session: 32 bytes in hex, with or without `0x`.
pub const SESSION_HEADER: &str = "x-muster-session";

/// The response header with the session's newest receipt.
pub const RECEIPT_HEADER: &str = "x-muster-receipt";

/// Records sessions and signs receipts for them.
///
/// - **When.** For each response of the service, after its head has arrived and before any of it is sent to
///   the client: first [`on_response`](Self::on_response), then, if the request names a session and the
///   status is below 500, [`issue`](Self::issue). Never for the gateway's own error responses.
/// - **Ordering.** None between responses: calls run in parallel, also for one session. A client that sends
///   requests in parallel may see an older receipt after a newer one.
/// - **Time.** The gateway sets no timeout: the response waits for the receipt.
/// - **Cancellation.** The future is dropped when the client disconnects. The session may then be
///   recorded as served without its receipt being sent; the next receipt must cover it.
/// - **Retries and errors.** None: a response without a receipt is sent as it is.
pub trait Receipts: Send + Sync + 'static {
    /// Records that the session of the claims' agreement and key is served now, and returns the text of its
    /// newest receipt, in visible ASCII; `None` if there is no receipt to give. Text that is no header value
    /// is logged and dropped.
    fn issue(
        &self,
        claims: &Claims,
        session: [u8; 32],
    ) -> impl Future<Output = Option<String>> + Send;

    /// Observes a response of the service, of any status. It must not block. The default does nothing.
    fn on_response(&self, _claims: &Claims) {}

    /// Observes what an authorized request was answered with: by the service, or by the gateway itself if the service did not
    /// answer, or if the key asks too much. `path` has no query. It must not block. The default does nothing.
    fn on_answer(&self, _claims: &Claims, _method: &Method, _path: &str, _status: StatusCode) {}
}

/// The session that a request names, if any.
///
/// # Errors
/// [`RequestError::BadSession`].
pub(crate) fn session_id(headers: &HeaderMap) -> Result<Option<[u8; 32]>, RequestError> {
    let Some(text) = headers.get(SESSION_HEADER) else { return Ok(None) };
    const_hex::decode_to_array(text.as_bytes()).map(Some).map_err(|_| RequestError::BadSession)
}

/// Adds the session's newest receipt to the service's response, unless its status is 500 or above: the
/// service did not serve then.
pub(crate) async fn attach_receipt<R: Receipts, B>(
    receipts: &R,
    claims: &Claims,
    session: Option<[u8; 32]>,
    response: &mut Response<B>,
) {
    receipts.on_response(claims);
    let Some(session) = session.filter(|_| !response.status().is_server_error()) else { return };
    let Some(receipt) = receipts.issue(claims, session).await else { return };
    match HeaderValue::try_from(receipt) {
        Ok(receipt) => {
            response.headers_mut().insert(RECEIPT_HEADER, receipt);
        }
        Err(error) => tracing::error!(%error, "receipt is not a header value"),
    }
}
