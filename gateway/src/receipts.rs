//! Receipts: what a guest that names a session takes home with every answer.

use std::future::Future;

use hyper::{HeaderMap, Response, header::HeaderValue};

use crate::{error_response::RequestError, token::Claims};

/// The header in which a session is named: 32 bytes in hex.
pub const SESSION_HEADER: &str = "x-muster-session";

/// The header in which the session's newest receipt comes back.
pub const RECEIPT_HEADER: &str = "x-muster-receipt";

/// Keeps sessions and signs for them.
pub trait Receipts: Send + Sync + 'static {
    /// Notes that a session of the guest's agreement is served now, and returns the text of its newest
    /// receipt, printable ASCII; `None` if there is none to give.
    fn issue(
        &self,
        claims: &Claims,
        session: [u8; 32],
    ) -> impl Future<Output = Option<String>> + Send;

    /// Takes note of an answer of the service to a guest, which may be one of failure.
    fn on_response(&self, _claims: &Claims) {}
}

/// The session that a request names, if it names one.
///
/// # Errors
/// If it is not 32 bytes in hex.
pub(crate) fn session_id(headers: &HeaderMap) -> Result<Option<[u8; 32]>, RequestError> {
    let Some(text) = headers.get(SESSION_HEADER) else { return Ok(None) };
    const_hex::decode_to_array(text.as_bytes()).map(Some).map_err(|_| RequestError::BadSession)
}

/// Puts the newest receipt of a session on the service's answer. An answer with a status from 500 on
/// is no service, and gets none.
pub(crate) async fn attach_receipt<R: Receipts, B>(
    receipts: &R,
    claims: &Claims,
    session: Option<[u8; 32]>,
    response: &mut Response<B>,
) {
    receipts.on_response(claims);
    let Some(session) = session.filter(|_| !response.status().is_server_error()) else { return };
    let Some(receipt) = receipts.issue(claims, session).await else { return };
    if let Ok(receipt) = HeaderValue::try_from(receipt) {
        response.headers_mut().insert(RECEIPT_HEADER, receipt);
    } else {
        tracing::error!("a receipt does not fit into a header");
    }
}
