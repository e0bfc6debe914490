//! Reports with receipts as honest workers sign them.

use alloy::primitives::Address;
use alloy::signers::local::PrivateKeySigner;
use muster_client::protocol::abi::IWorkAgreement::reportCall;
use muster_client::protocol::report::Entry;
use muster_client::{
    Agreement, Market, PostedReport, Purchase, ServiceReceipt, Session, encode_entries,
    failed_entry,
};

use crate::harness::{TestEnv, agreement};

/// A report entry before the worker's receipt is added, with the fewest parts that support it.
pub(crate) const fn unsigned_entry(index: u8, window: u8, made: u8, served: u8) -> Entry {
    let parts = served.div_ceil(2);
    let parts = if parts >= 32 { u32::MAX } else { (1 << parts) - 1 };
    Entry { served, parts, ..failed_entry(index, window, made) }
}

/// Entries on a worker, a character for each window: how many of three probes were served, or `-`
/// if the window is not reported on.
pub(crate) fn probed(index: u8, windows: &str) -> Vec<Entry> {
    let entry = |(window, served): (u8, char)| {
        let served = served.to_digit(10)?;
        Some(unsigned_entry(index, window, 3, served.try_into().unwrap()))
    };
    (0..).zip(windows.chars()).filter_map(entry).collect()
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
        reportCall { place, salt: session.salt, entries: encode_entries(&entries) }
    }

    /// A report that an account signed as the tester at a place, so that anyone can post it.
    pub(crate) async fn signed_report(
        &self,
        who: &Market,
        purchase: &Purchase,
        place: u32,
        entries: &[Entry],
    ) -> PostedReport {
        let (agreement, session) = (agreement(who, purchase).await, Session::random());
        let entries = self.with_receipts(&agreement, &session, entries);
        let signer = self.signer(who.account().unwrap());
        PostedReport::sign(&signer, agreement.receipt_domain(), place, &session, &entries).unwrap()
    }

    /// Adds receipts of the workers to the entries, for sessions of this agreement's account.
    /// Entries that name no worker, or claim no service, stay as they are.
    pub(crate) fn with_receipts(
        &self,
        agreement: &Agreement,
        session: &Session,
        entries: &[Entry],
    ) -> Vec<Entry> {
        let opener = agreement.market().account().unwrap();
        let domain = agreement.receipt_domain();
        let sign = |entry: &Entry| match agreement.terms().worker(entry.index) {
            Some(worker) if entry.served != 0 => {
                let (signer, window) = (self.signer(worker.account), entry.window);
                let session = session.id(opener, window);
                let receipt =
                    ServiceReceipt::sign(&signer, domain, session, window, entry.parts).unwrap();
                Entry { r: receipt.r, vs: receipt.vs, ..*entry }
            }
            _ => *entry,
        };
        entries.iter().map(sign).collect()
    }

    /// The key of one of the chain's accounts.
    pub(crate) fn signer(&self, account: Address) -> PrivateKeySigner {
        let known = self.chain.accounts().iter().find(|known| known.address == account);
        PrivateKeySigner::from_bytes(&known.unwrap().key).unwrap()
    }
}
