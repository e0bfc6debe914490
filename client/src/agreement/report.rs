//! Reports of testers.

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolEvent;
use muster_protocol::abi::IWorkAgreement::{
    ReportSkipped, Reported, reportBatchCall, reportCall, reportedCall, sharesCall,
};
use muster_protocol::receipt::report_hash;
use muster_protocol::report::{Entry, MAX_ENTRY, SignedReport};
use serde::{Deserialize, Serialize};

use super::Agreement;
use super::receipt::{Session, keccak, recover_compact, sign_compact};
use crate::backend::{LogFilter, Receipt};
use crate::error::MarketError;

/// A report with its tester's signature, which anyone can post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostedReport {
    /// The tester's place in the agreement's list of testers.
    pub place: u32,
    /// The salt of its sessions.
    pub salt: B256,
    /// The first half of its compact signature (EIP-2098).
    pub r: B256,
    /// The second half, with the parity in its highest bit.
    pub vs: B256,
    /// The encoded entries.
    pub entries: Bytes,
}

/// A batch that was just posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostedBatch {
    /// The places whose reports were stored.
    pub stored: Vec<u32>,
    /// The places whose reports were skipped, each with the selector of the reason.
    pub skipped: Vec<(u32, [u8; 4])>,
    /// The transaction's receipt.
    pub receipt: Receipt,
}

/// Entries as the contract reads them.
#[must_use]
pub fn encode_entries(entries: &[Entry]) -> Bytes {
    let encode = |entry: &Entry| {
        let mut bytes = [0; MAX_ENTRY];
        let len = entry.encode(&mut bytes);
        bytes.into_iter().take(len)
    };
    entries.iter().flat_map(encode).collect::<Vec<_>>().into()
}

/// Signed reports as the contract reads them.
#[must_use]
pub fn encode_batch(reports: &[PostedReport]) -> Bytes {
    let encode = |report: &PostedReport| {
        let PostedReport { place, salt, r, vs, ref entries } = *report;
        let head = SignedReport { place, salt, r, vs, entries }.head();
        [&head, entries.as_ref()].concat()
    };
    reports.iter().flat_map(encode).collect::<Vec<_>>().into()
}

impl PostedReport {
    /// Signs, as a tester, the report of the entries at its `place`, so that anyone can post it. `domain` is
    /// [`Agreement::receipt_domain`]; the entries are those of [`Agreement::report`].
    ///
    /// # Errors
    /// [`NodeError::Signing`](crate::NodeError::Signing).
    pub fn sign(
        tester: &PrivateKeySigner,
        domain: B256,
        place: u32,
        session: &Session,
        entries: &[Entry],
    ) -> Result<Self, MarketError> {
        let (salt, entries) = (session.salt, encode_entries(entries));
        let digest = report_hash(domain, place, salt, &entries, keccak);
        let [r, vs] = sign_compact(tester, digest)?;
        Ok(Self { place, salt, r, vs, entries })
    }

    /// The account that signed it in this domain; `None` if the signature is invalid.
    #[must_use]
    pub fn signer(&self, domain: B256) -> Option<Address> {
        let digest = report_hash(domain, self.place, self.salt, &self.entries, keccak);
        recover_compact(self.r, self.vs, digest)
    }
}

impl Agreement {
    /// Reports, as a tester, how often the workers served its probes. Once for each tester. The receipts in
    /// the entries must be of `session`, opened by this account; entries ascend by worker, then window.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement, receipt: muster_client::ServiceReceipt)
    /// #     -> Result<(), muster_client::MarketError> {
    /// use muster_client::{Session, failed_entry};
    ///
    /// // The session whose ids were sent to the workers.
    /// let session = Session::random();
    /// // Worker 0 served 11 of 12 probes in the receipt's window, worker 1 none in window 2.
    /// agreement.report(&session, &[receipt.entry(0, 12, 11), failed_entry(1, 2, 12)]).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::NotListed`]. Those of [every transaction](crate::Market#transactions), with `WrongState`,
    /// `AlreadyReported`, `BadEntry`, `WindowOutOfRange`, `NoSeat`, `TooFewProbes`, `BadReceipt` or
    /// `NothingReported` among the reasons.
    pub async fn report(
        &self,
        session: &Session,
        entries: &[Entry],
    ) -> Result<Receipt, MarketError> {
        let place = self.place(self.market().account()?).await?;
        self.report_at(place, session, entries).await
    }

    /// As [`Agreement::report`], for an account that knows its place in the list of testers.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// use muster_client::{Session, failed_entry};
    ///
    /// agreement.report_at(2, &Session::random(), &[failed_entry(1, 2, 12)]).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [every transaction](crate::Market#transactions), with the same reasons.
    pub async fn report_at(
        &self,
        place: u32,
        session: &Session,
        entries: &[Entry],
    ) -> Result<Receipt, MarketError> {
        let entries = encode_entries(entries);
        self.write(&reportCall { place, salt: session.salt, entries }).await
    }

    /// Posts reports that their testers signed, in one transaction. The contract skips those that
    /// [`Agreement::report`] would refuse.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement, reports: Vec<muster_client::PostedReport>)
    /// #     -> Result<(), muster_client::MarketError> {
    /// let batch = agreement.report_batch(&reports).await?;
    /// println!("{} stored, {} skipped", batch.stored.len(), batch.skipped.len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [every transaction](crate::Market#transactions), with `WrongState`, `NothingReported` or
    /// `BadBatch` among the reasons.
    pub async fn report_batch(&self, reports: &[PostedReport]) -> Result<PostedBatch, MarketError> {
        let receipt = self.write(&reportBatchCall { reports: encode_batch(reports) }).await?;
        let stored = receipt.events::<Reported>(self.address()).map(|event| event.place).collect();
        let skipped = receipt.events::<ReportSkipped>(self.address());
        let skipped = skipped.map(|event| (event.place, event.reason.0)).collect();
        Ok(PostedBatch { stored, skipped, receipt })
    }

    /// Whether the tester at `place` has reported.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// let reported = agreement.reported(0).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn reported(&self, place: u32) -> Result<bool, MarketError> {
        self.read(&reportedCall { place }).await
    }

    /// The shares in twelfths that the seats of a window reported of the worker at `index`, in seat order;
    /// `None` for a seat that has not.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// let shares = agreement.shares(0, 3).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Refused`] with `WindowUnknown`; [`MarketError::Node`].
    pub async fn shares(&self, index: u8, window: u8) -> Result<Vec<Option<u8>>, MarketError> {
        let answer = self.read(&sharesCall { index, window: U256::from(window) }).await?;
        Ok(answer.seats.into_iter().map(|stored| stored.checked_sub(1)).collect())
    }

    /// All reports so far, in the order of the chain.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// use muster_client::window_shares;
    ///
    /// let (progress, reports) = (agreement.progress().await?, agreement.reports().await?);
    /// let of_first_worker = &window_shares(agreement.terms(), &progress, &reports)[0];
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn reports(&self) -> Result<Vec<Reported>, MarketError> {
        let filter = LogFilter {
            from: self.terms().header.block,
            to: self.market().node().head().await?.number,
            address: Some(self.address()),
            topics: [vec![Reported::SIGNATURE_HASH], vec![], vec![]],
        };
        let logs = self.market().node().chain().logs(&filter).await?;
        Ok(logs.iter().filter_map(|log| Reported::decode_log_data(&log.data).ok()).collect())
    }
}
