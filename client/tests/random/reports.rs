//! Random reports, and the signatures that they need: mostly valid, often just not.

use alloy::primitives::{Address, B256, U256, keccak256};
use alloy::signers::SignerSync;
use muster_client::protocol::abi::IWorkAgreement::{reportBatchCall, reportCall};
use muster_client::protocol::model::Model;
use muster_client::protocol::receipt;
use muster_client::protocol::report::{Entry, MAX_ENTRY, SignedReport};
use stylus_devnode::CHAIN_ID;

use crate::env::DifferentialEnv;
use crate::rng::SeededRng;

/// The most bytes of a batch; the contracts read 15 KiB of calldata.
const MAX_BATCH: usize = 15_000;

/// A receipt that was signed: agreement, worker, session, window and parts, signature.
type SignedReceipt = (Address, Address, (Address, B256), (u8, u32), (B256, B256));

/// A report that was signed: agreement, tester, place and salt, entries, signature.
type SignedEntries = (Address, Address, (u32, B256), Vec<u8>, (B256, B256));

/// What was signed for a step.
#[derive(Debug, Default)]
pub(crate) struct Signatures {
    /// The receipts.
    receipts: Vec<SignedReceipt>,
    /// The reports.
    reports: Vec<SignedEntries>,
}

impl Signatures {
    /// Tells the model.
    pub(crate) fn record(self, model: &mut Model) {
        for (agreement, worker, session, parts, signature) in self.receipts {
            model.sign(agreement, worker, session, parts, signature);
        }
        for (agreement, tester, place, entries, signature) in self.reports {
            model.sign_report(agreement, tester, place, &entries, signature);
        }
    }
}

/// Keccak-256.
fn keccak(bytes: &[u8]) -> [u8; 32] {
    keccak256(bytes).0
}

/// The bytes of entries.
fn encode(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        let mut buffer = [0; MAX_ENTRY];
        let len = entry.encode(&mut buffer);
        bytes.extend_from_slice(&buffer[..len]);
    }
    bytes
}

/// A byte from 0 to `most`.
fn byte(rng: &mut SeededRng, most: u8) -> u8 {
    u8::try_from(rng.between(0, most.into())).unwrap()
}

/// A random 32-bit number.
fn number(rng: &mut SeededRng) -> u32 {
    u32::from_be_bytes(*rng.word().first_chunk().unwrap())
}

impl DifferentialEnv {
    /// The report of a place, posted by `tester`.
    pub(crate) fn random_report(
        &self,
        rng: &mut SeededRng,
        (to, place, tester): (Address, u32, Address),
        signed: &mut Signatures,
    ) -> reportCall {
        let salt = rng.word().into();
        let entries = self.random_entries(rng, (to, place), (tester, salt), signed).into();
        reportCall { place, salt, entries }
    }

    /// Reports of several places in one batch, signed by their testers.
    pub(crate) fn random_batch(
        &self,
        rng: &mut SeededRng,
        to: Address,
        signed: &mut Signatures,
    ) -> reportBatchCall {
        let head = self.model.terms(to).unwrap().header;
        let mut places = self.model.unreported_places(to);
        places.retain(|_| !rng.one_in(6));
        match rng.below(8) {
            0 => places.extend(places.clone()),
            1 => places.push(u32::try_from(rng.below(u64::from(head.pool) + 2)).unwrap()),
            2 => places.reverse(),
            _ => {}
        }
        let mut batch = Vec::new();
        for place in places {
            let tester = self.model.tester_at(head.epoch, place).unwrap_or(to);
            let salt: B256 = rng.word().into();
            let entries = self.random_entries(rng, (to, place), (tester, salt), signed);
            let (r, vs) = self.sign_report(rng, to, (tester, place, salt), &entries, signed);
            let report = SignedReport { place, salt, r, vs, entries: &entries };
            if batch.len() + report.head().len() + entries.len() > MAX_BATCH {
                break;
            }
            batch.extend_from_slice(&report.head());
            batch.extend_from_slice(&entries);
        }
        match rng.below(30) {
            0 => batch.truncate(usize::try_from(rng.below(600)).unwrap()),
            1 => batch.push(0),
            2 => batch.clear(),
            _ => {}
        }
        reportBatchCall { reports: batch.into() }
    }

    /// The encoded entries of a place, with receipts for the sessions of a tester and a salt.
    fn random_entries(
        &self,
        rng: &mut SeededRng,
        (to, place): (Address, u32),
        session: (Address, B256),
        signed: &mut Signatures,
    ) -> Vec<u8> {
        let head = self.model.terms(to).unwrap().header;
        let mut entries = Vec::new();
        let skips = rng.below(4) == 0;
        for (index, window, needed) in self.model.reportable(to, place) {
            if skips && rng.one_in(3) {
                continue;
            }
            let made =
                if rng.one_in(3) { byte(rng, head.probes - needed) + needed } else { head.probes };
            // Some workers serve, some fail, and on some the reports disagree.
            let fate = (to.0[19] >> index) % 4;
            let served = match (rng.below(6), fate) {
                (0, 1) | (1.., 0) => made,
                (0, 0) | (1.., 1) => 0,
                (_, 2) => byte(rng, made),
                _ => made - byte(rng, made.min(2)),
            };
            entries.push(Entry { index, window, made, served, ..Entry::default() });
        }
        let wrong = rng.below(u64::try_from(entries.len().max(1)).unwrap());
        let wrong = usize::try_from(wrong).ok().filter(|at| *at < entries.len() && rng.one_in(4));
        if let Some(at) = wrong
            && rng.one_in(2)
        {
            spoil(rng, &mut entries, at, (head.redundancy, head.windows, head.probes));
        }
        for (at, entry) in entries.iter_mut().enumerate() {
            self.sign_receipt(rng, (to, wrong == Some(at)), session, entry, signed);
        }
        let mut bytes = encode(&entries);
        match rng.below(60) {
            0 => _ = bytes.pop(),
            1 => bytes.push(0),
            2 => bytes.clear(),
            _ => {}
        }
        bytes
    }

    /// Signs the receipt of an entry with served probes, correctly unless it may be `wrong`.
    fn sign_receipt(
        &self,
        rng: &mut SeededRng,
        (to, wrong): (Address, bool),
        (tester, salt): (Address, B256),
        entry: &mut Entry,
        signed: &mut Signatures,
    ) {
        // Mostly the parts of random moments, sometimes just as many as are needed, or one too few.
        let needed = usize::from(entry.served.div_ceil(2));
        entry.parts = number(rng) | number(rng) | number(rng);
        let few = rng.one_in(4);
        if few || entry.parts.count_ones() < entry.served.div_ceil(2).into() {
            let parts = if wrong && few { needed.saturating_sub(1) } else { needed };
            entry.parts = u32::try_from((1_u64 << parts.min(32)) - 1).unwrap();
        }
        if entry.served == 0 {
            return;
        }
        let worker = self.model.terms(to).unwrap().worker(entry.index).map(|worker| worker.account);
        let (mut who, mut at, mut salt) = (worker.unwrap_or(tester), to, salt);
        let (mut window, mut parts) = (entry.window, entry.parts);
        match rng.below(if wrong { 9 } else { 1 }) {
            1 => who = self.random_account(rng),
            2 => parts ^= 1,
            3 => window ^= 1,
            4 => salt = rng.word().into(),
            5 => at = self.dispatcher,
            _ => {}
        }
        let session = receipt::session_id(tester, salt, window, keccak);
        let domain = receipt::domain_separator(CHAIN_ID, at, keccak);
        let digest = receipt::receipt_hash(domain, session, window, parts, keccak);
        let Some(signature) = self.sign(who, digest) else { return };
        (entry.r, entry.vs) = signature;
        if wrong && rng.one_in(8) {
            entry.vs.0[31] ^= 1;
        } else {
            signed.receipts.push((at, who, (tester, salt), (window, parts), signature));
        }
    }

    /// Signs a report, mostly correctly.
    fn sign_report(
        &self,
        rng: &mut SeededRng,
        to: Address,
        (tester, place, salt): (Address, u32, B256),
        entries: &[u8],
        signed: &mut Signatures,
    ) -> (B256, B256) {
        let (mut who, mut at, mut place, mut salt) = (tester, to, place, salt);
        let mut entries = entries.to_vec();
        match rng.below(80) {
            0 => who = self.random_account(rng),
            1 => at = self.dispatcher,
            2 => place ^= 1,
            3 => salt = rng.word().into(),
            4 => _ = entries.pop(),
            _ => {}
        }
        let domain = receipt::domain_separator(CHAIN_ID, at, keccak);
        let digest = receipt::report_hash(domain, place, salt, &entries, keccak);
        let Some(signature) = self.sign(who, digest) else { return Default::default() };
        let (r, mut vs) = signature;
        if rng.one_in(80) {
            vs.0[31] ^= 1;
        } else {
            signed.reports.push((at, who, (place, salt), entries, signature));
        }
        (r, vs)
    }

    /// The compact signature of a hash, if the account has a key.
    fn sign(&self, who: Address, digest: B256) -> Option<(B256, B256)> {
        let signature = self.signer(who)?.sign_hash_sync(&digest).unwrap();
        let parity: U256 = U256::from(u8::from(signature.v())) << 255;
        Some((signature.r().into(), (signature.s() | parity).into()))
    }
}

/// Makes entry number `at` invalid, mostly, or the order of the entries.
fn spoil(
    rng: &mut SeededRng,
    entries: &mut Vec<Entry>,
    at: usize,
    (redundancy, windows, probes): (u8, u8, u8),
) {
    let entry = entries[at];
    let spoilt = &mut entries[at];
    match rng.below(8) {
        0 => spoilt.index = rng.pick(&[0, 1, redundancy, 255]),
        1 => spoilt.window = rng.pick(&[windows, windows.saturating_sub(1), 21, 255]),
        2 => spoilt.window = byte(rng, windows),
        3 => (spoilt.made, spoilt.served) = (byte(rng, probes.div_ceil(2)), 0),
        4 => spoilt.made = probes + 1,
        5 => spoilt.served = entry.made + 1,
        6 => entries.insert(at, entry),
        _ => entries.swap(0, at),
    }
}
