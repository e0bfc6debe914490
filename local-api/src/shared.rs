//! What all requests share.

use std::collections::HashSet;

use alloy::primitives::Address;
use muster_daemons::DaemonContext;
use muster_daemons::client::JobSessions;
use tokio::sync::watch;

use crate::active_runs::ActiveRuns;
use crate::allowed_callers::AllowedCallers;
use crate::ledger::Ledger;
use crate::token_registry::TokenRegistry;

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The account, its state file and its transport: those of the client daemon.
    pub(crate) context: DaemonContext,
    /// Where withdrawals go.
    pub(crate) payout: Address,
    /// The block from which on purchases are scanned, if the state file is new.
    pub(crate) first_block: u64,
    /// Who may use the API.
    pub(crate) callers: AllowedCallers,
    /// The tokens.
    pub(crate) tokens: TokenRegistry,
    /// What they have spent, and which requests were made.
    pub(crate) ledger: Ledger,
    /// The requests that are under way, by the names of their purchases.
    pub(crate) active: ActiveRequests,
    /// Runs jobs.
    pub(crate) jobs: JobSessions,
    /// The runs that are under way.
    pub(crate) runs: ActiveRuns,
    /// Held while an agreement is looked for or bought: two requests that need one share it.
    pub(crate) purchases: tokio::sync::Mutex<()>,
}

/// The requests that are under way, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct ActiveRequests(watch::Sender<HashSet<String>>);

/// A request that is under way until this is dropped.
#[derive(Debug)]
pub(crate) struct ActiveRequest {
    /// All of them.
    all: ActiveRequests,
    /// Its name.
    name: String,
}

impl ActiveRequests {
    /// Begins a request, unless it is under way.
    pub(crate) fn begin(&self, name: &str) -> Option<ActiveRequest> {
        let is_new = self.0.send_if_modified(|names| names.insert(name.to_owned()));
        is_new.then(|| ActiveRequest { all: self.clone(), name: name.to_owned() })
    }

    /// Begins a request, as soon as it is not under way.
    pub(crate) async fn begin_in_turn(&self, name: &str) -> ActiveRequest {
        let mut names = self.0.subscribe();
        loop {
            if let Some(begun) = self.begin(name) {
                return begun;
            }
            // The sender is alive, so this never fails.
            drop(names.wait_for(|names| !names.contains(name)).await);
        }
    }
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.all.0.send_if_modified(|names| names.remove(&self.name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_is_under_way_once() {
        let active = ActiveRequests::default();
        let first = active.begin("a").unwrap();
        assert!(active.begin("a").is_none());
        active.begin("b").unwrap();
        let waiting = active.clone();
        let second = tokio::spawn(async move { waiting.begin_in_turn("a").await });
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        drop(first);
        let second = second.await.unwrap();
        assert!(active.begin("a").is_none());
        drop(second);
        active.begin("a").unwrap();
    }
}
