//! Receipts: what a guest that names a session takes home with every answer.

use std::future::Future;

use hyper::{HeaderMap, Response, header::HeaderValue};

use crate::{answer::Refused, token::Guest};

/// The header in which a session is named: 32 bytes in hex.
pub const SESSION: &str = "x-muster-session";

/// The header in which the session's newest receipt comes back.
pub const RECEIPT: &str = "x-muster-receipt";

/// Keeps sessions and signs for them.
pub trait Receipts: Send + Sync + 'static {
    /// Notes that a session of the guest's agreement is served now, and returns the text of its newest
    /// receipt, printable ASCII; `None` if there is none to give.
    fn stamp(
        &self,
        guest: &Guest,
        session: [u8; 32],
    ) -> impl Future<Output = Option<String>> + Send;

    /// Takes note of an answer of the service to a guest, which may be one of failure.
    fn answered(&self, _guest: &Guest) {}
}

/// The session that a request names, if it names one.
///
/// # Errors
/// If it is not 32 bytes in hex.
pub(crate) fn session(headers: &HeaderMap) -> Result<Option<[u8; 32]>, Refused> {
    let Some(text) = headers.get(SESSION) else { return Ok(None) };
    const_hex::decode_to_array(text.as_bytes()).map(Some).map_err(|_| Refused::Session)
}

/// Puts the newest receipt of a session on the service's answer. An answer with a status from 500 on
/// is no service, and gets none.
pub(crate) async fn stamp<R: Receipts, B>(
    receipts: &R,
    guest: &Guest,
    session: Option<[u8; 32]>,
    response: &mut Response<B>,
) {
    receipts.answered(guest);
    let Some(session) = session.filter(|_| !response.status().is_server_error()) else { return };
    let Some(receipt) = receipts.stamp(guest, session).await else { return };
    if let Ok(receipt) = HeaderValue::try_from(receipt) {
        response.headers_mut().insert(RECEIPT, receipt);
    } else {
        tracing::error!("a receipt does not fit into a header");
    }
}
