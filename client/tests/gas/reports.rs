//! Reports of testers that were served every probe, each by itself or in batches.

use alloy::primitives::{Address, keccak256};
use muster_client::protocol::abi::IWorkAgreement::{reportBatchCall, reportCall};
use muster_client::protocol::receipt::domain_separator;
use muster_client::protocol::report::Entry;
use muster_client::{PostedReport, ServiceReceipt, Session, encode_batch, encode_entries};
use stylus_devnode::CHAIN_ID;

use crate::env::GasEnv;
use crate::lifecycle::{AgreementSize, Participants};

/// The most bytes of a batch that the contract reads.
const BATCH_BYTES: usize = 15 * 1024 - 100;

/// A place of the list, and the windows in which it holds a seat.
pub(crate) type Seated = (usize, Vec<u8>);

/// The agreement and its participants.
pub(crate) struct Reporting<'a> {
    /// The chain.
    pub(crate) env: &'a GasEnv,
    /// The participants.
    pub(crate) participants: &'a Participants,
    /// The size.
    pub(crate) size: AgreementSize,
    /// The agreement.
    pub(crate) to: Address,
}

impl Reporting<'_> {
    /// The session of a tester.
    fn session(&self, place: usize) -> Session {
        Session { salt: keccak256(self.env.account(self.participants.testers[place])) }
    }

    /// The entries of a tester.
    fn entries(&self, (place, windows): &Seated) -> Vec<Entry> {
        let probes = self.env.settings.probes;
        let tester = self.env.account(self.participants.testers[*place]);
        let domain = domain_separator(CHAIN_ID, self.to, |bytes| keccak256(bytes).0);
        let mut entries = Vec::new();
        for (index, worker) in (0..self.size.workers).zip(&self.participants.workers) {
            for window in windows {
                let session = self.session(*place).id(tester, *window);
                let key = self.env.key(*worker);
                let receipt = ServiceReceipt::sign(key, domain, session, *window, 0xffff).unwrap();
                entries.push(receipt.entry(index, probes, probes));
            }
        }
        entries
    }

    /// The report of a tester by itself.
    pub(crate) fn single(&self, seated: &Seated) -> reportCall {
        let entries = encode_entries(&self.entries(seated));
        let place = u32::try_from(seated.0).unwrap();
        reportCall { place, salt: self.session(seated.0).salt, entries }
    }

    /// The reports of all testers, in as few batches as the contract reads.
    pub(crate) fn batches(&self, seated: &[Seated]) -> Vec<reportBatchCall> {
        let domain = domain_separator(CHAIN_ID, self.to, |bytes| keccak256(bytes).0);
        let mut batches: Vec<Vec<PostedReport>> = vec![Vec::new()];
        for seated in seated {
            let key = self.env.key(self.participants.testers[seated.0]);
            let (place, session) = (u32::try_from(seated.0).unwrap(), self.session(seated.0));
            let entries = self.entries(seated);
            let report = PostedReport::sign(key, domain, place, &session, &entries).unwrap();
            let mut with = batches.last().unwrap().clone();
            with.push(report.clone());
            if encode_batch(&with).len() > BATCH_BYTES {
                batches.push(vec![report]);
            } else {
                *batches.last_mut().unwrap() = with;
            }
        }
        batches.iter().map(|batch| reportBatchCall { reports: encode_batch(batch) }).collect()
    }
}
