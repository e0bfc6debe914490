//! Receipts as honest workers sign them.

use alloy::primitives::{Address, B256};
use alloy::signers::local::PrivateKeySigner;
use muster_client::protocol::abi::Entry;
use muster_client::protocol::abi::IWorkAgreement::reportCall;
use muster_client::{Agreement, Market, ServiceReceipt, Session, failed_entry};

use crate::harness::TestEnv;

/// A report entry before the worker's receipt is added.
pub(crate) const fn unsigned_entry(index: u8, checked: u32, served: u32) -> Entry {
    Entry { served, ..failed_entry(index, checked) }
}

impl TestEnv {
    /// The call with which an account reports from a place, with the receipts that its entries
    /// need.
    pub(crate) async fn report_call(
        &self,
        who: &Market,
        agreement: Address,
        place: u32,
        entries: &[Entry],
    ) -> reportCall {
        let (agreement, session) = (who.agreement(agreement).await.unwrap(), Session::random());
        let entries = self.with_receipts(&agreement, &session, entries);
        reportCall { place, salt: session.salt, entries }
    }

    /// Adds receipts of the workers to the entries, for a session of this agreement's account.
    /// Entries that name no worker, or claim no service, stay as they are.
    pub(crate) fn with_receipts(
        &self,
        agreement: &Agreement,
        session: &Session,
        entries: &[Entry],
    ) -> Vec<Entry> {
        let session = session.id(agreement.market().account().unwrap());
        let domain = agreement.receipt_domain();
        let sign = |entry: &Entry| match agreement.terms().worker(entry.index) {
            Some(worker) if entry.served != 0 => {
                let signer = self.signer(worker.account);
                let receipt = ServiceReceipt::sign(&signer, domain, session, entry.served).unwrap();
                Entry { r: receipt.r, vs: receipt.vs, ..*entry }
            }
            _ => Entry { r: B256::ZERO, vs: B256::ZERO, ..*entry },
        };
        entries.iter().map(sign).collect()
    }

    /// The key of one of the chain's accounts.
    pub(crate) fn signer(&self, account: Address) -> PrivateKeySigner {
        let known = self.chain.accounts().iter().find(|known| known.address == account);
        PrivateKeySigner::from_bytes(&known.unwrap().key).unwrap()
    }
}
