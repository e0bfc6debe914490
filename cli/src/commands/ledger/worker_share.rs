//! One worker's share of a settlement: what it must be by the rules and the reports, and why.

use muster_client::protocol::abi::WorkerResult;
use muster_client::protocol::layout::{Terms, WorkerTerms};
use muster_client::protocol::money::{self, Judgement};
use muster_client::protocol::verdict::{Verdict, WindowTally};
use muster_client::{Ether, Progress, Votes, judgement};

use crate::output::agreement::verdict_chars;
use crate::output::units::format_percent;

/// The contract's result for a worker, and what it is checked against.
pub(super) struct WorkerShare<'a> {
    /// The contract's result.
    result: &'a WorkerResult,
    /// The terms of the worker.
    terms: WorkerTerms,
    /// Ticks of the whole agreement.
    length: u32,
    /// The votes of the reports, window by window.
    votes: &'a [Votes],
    /// The judgement that follows from the votes.
    judgement: Judgement,
    /// Whether the worker accepted, and how many windows count.
    counts: (bool, u8),
}

impl<'a> WorkerShare<'a> {
    /// The share of the worker at `index`.
    pub(super) fn new(
        terms: &Terms,
        progress: &Progress,
        index: u8,
        result: &'a WorkerResult,
        votes: &'a [Votes],
    ) -> Self {
        Self {
            result,
            terms: terms.worker(index).copied().unwrap_or_default(),
            length: terms.header.length,
            votes,
            judgement: judgement(terms, progress, index, votes),
            counts: (progress.has_accepted(index), progress.judged(index)),
        }
    }

    /// Whether the contract followed the rules.
    pub(super) fn follows_rules(&self) -> bool {
        let WorkerTerms { account, price, promise, fee, bond, .. } = self.terms;
        let (accepted, windows) = self.counts;
        if !accepted {
            // One absence costs once, even if it is seen in several agreements.
            return [0, money::tenth(bond)].contains(&self.result.slash)
                && *self.result
                    == WorkerResult { slash: self.result.slash, ..WorkerResult::absent(account) };
        }
        let Judgement { tally: record, ticks, resigned, .. } = self.judgement;
        let seats = self.votes.iter().map(|votes| match votes.verdict() {
            Verdict::Served => votes.served,
            Verdict::Failed => votes.failed,
            Verdict::Unknown => 0,
        });
        let fees = seats.map(|seats| fee.saturating_mul(seats.into()));
        *self.result
            == WorkerResult {
                account,
                pay: money::pay(price, ticks, promise, record),
                slash: money::slash(bond, self.length, promise, &self.judgement),
                fees: fees.fold(0, u128::saturating_add),
                accepted,
                resigned,
                windows,
                served: record.served,
                failed: record.failed,
            }
    }

    /// Why the worker received its pay.
    pub(super) fn pay_reason(&self) -> String {
        if !self.result.accepted {
            return "did not accept".to_owned();
        }
        let (verdicts, promise) = (verdict_chars(self.votes), self.terms.promise);
        let (record, left) = (self.judgement.tally, self.judgement.resigned);
        let left = if left { " until it resigned" } else { "" };
        let Some(uptime) = uptime(record) else {
            return format!(
                "received the full price{left}: windows {verdicts}, nothing known against it"
            );
        };
        let share = if record.meets(promise) { "the full price" } else { "a share" };
        let (uptime, promise) = (format_percent(uptime), format_percent(promise));
        format!(
            "received {share}{left}: windows {verdicts}, uptime {uptime} against {promise} promised"
        )
    }

    /// Why the worker lost some of its bond.
    pub(super) fn slash_reason(&self) -> String {
        let bond = Ether::from(self.terms.bond);
        if !self.result.accepted {
            return format!("lost a tenth of its bond of {bond}: did not accept");
        }
        let sure = match self.judgement.certain_failures {
            0 => None,
            1 => Some("one window failed for certain".to_owned()),
            sure => Some(format!("{sure} windows failed for certain")),
        };
        let left = self.judgement.resigned.then(|| "it resigned".to_owned());
        let why: Vec<_> = sure.into_iter().chain(left).collect();
        format!("lost of its bond of {bond}: {}", why.join(", "))
    }
}

/// Measured uptime in basis points, rounded down; `None` if nothing was measured.
fn uptime(record: WindowTally) -> Option<u16> {
    let served = u32::from(record.served).saturating_mul(muster_client::protocol::BPS.into());
    u16::try_from(served.checked_div(record.decided())?).ok()
}
