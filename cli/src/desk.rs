//! A worker's side of receipts: which sessions it served in which windows of one agreement, signed. It
//! does not ask who opened a session.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use alloy::primitives::B256;
use alloy::signers::local::PrivateKeySigner;
use client::{Agreement, ServiceReceipt};

use crate::error::CliError;

/// The most sessions that are remembered; later ones get no receipts.
const MOST_SESSIONS: usize = 65_536;

/// Gives receipts.
#[derive(Debug)]
pub(crate) struct Desk {
    /// What the receipts are for.
    agreement: Agreement,
    /// The worker's key.
    worker: PrivateKeySigner,
    /// Windows served so far, by session.
    sessions: Mutex<HashMap<B256, u32>>,
}

impl Desk {
    /// A desk without sessions; fails if the key is none of the agreement's workers'.
    pub(crate) fn open(agreement: Agreement, worker: PrivateKeySigner) -> Result<Self, CliError> {
        let account = worker.address();
        if !agreement.terms().workers().any(|terms| terms.account == account) {
            return Err(CliError::NotItsWorker(account.to_string().into()));
        }
        Ok(Self { agreement, worker, sessions: Mutex::default() })
    }

    /// Notes that a session was served now, and returns its newest receipt; `None` outside the
    /// agreement's windows, and when too many sessions are open.
    pub(crate) async fn stamp(&self, session: B256) -> Result<Option<ServiceReceipt>, CliError> {
        let Some(window) = self.agreement.window().await? else { return Ok(None) };
        let Some(served) = self.note(session, window) else { return Ok(None) };
        let domain = self.agreement.receipt_domain();
        Ok(Some(ServiceReceipt::sign(&self.worker, domain, session, served)?))
    }

    /// Adds a window to a session, and returns all of them.
    fn note(&self, session: B256, window: u8) -> Option<u32> {
        // A panic elsewhere cannot leave the map half written.
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() >= MOST_SESSIONS && !sessions.contains_key(&session) {
            return None;
        }
        let served = sessions.entry(session).or_default();
        *served |= 1_u32.checked_shl(window.into()).unwrap_or_default();
        Some(*served)
    }
}
