//! One worker's part of a settlement: what it must be by the rules and the reports, and why.

use muster_client::protocol::abi::WorkerResult;
use muster_client::protocol::layout::{Terms, WorkerTerms};
use muster_client::protocol::money;
use muster_client::protocol::shares::Measurement;
use muster_client::{Ether, Progress, WindowShares, measurement, pay_and_slash};

use crate::output::agreement::shares_text;
use crate::output::units::format_percent;

/// The contract's result for a worker, and what it is checked against.
pub(super) struct WorkerAudit<'a> {
    /// The contract's result.
    result: &'a WorkerResult,
    /// The terms of the worker.
    worker: WorkerTerms,
    /// The shares of the reports, window by window.
    shares: &'a [WindowShares],
    /// What the shares say in all.
    measurement: Measurement,
    /// The result by the rules.
    expected: WorkerResult,
}

impl<'a> WorkerAudit<'a> {
    /// The audit of the worker at `index`.
    pub(super) fn new(
        terms: &Terms,
        progress: &Progress,
        index: u8,
        result: &'a WorkerResult,
        shares: &'a [WindowShares],
    ) -> Self {
        let worker = terms.worker(index).copied().unwrap_or_default();
        let measurement = measurement(shares);
        let (pay, slash) = pay_and_slash(terms, progress, (index, &worker), shares);
        let paid = shares.iter().flat_map(WindowShares::paid);
        let expected = if progress.has_accepted(index) {
            WorkerResult {
                account: worker.account,
                pay,
                slash,
                fees: paid.fold(0, |sum: u128, _| sum.saturating_add(worker.fee)),
                accepted: true,
                resigned: progress.has_resigned(index),
                ticks: progress.course.judged_length(terms, index),
                known: measurement.known,
                uptime: measurement.measured.basis_points(),
            }
        } else {
            WorkerResult::absent(worker.account)
        };
        Self { result, worker, shares, measurement, expected }
    }

    /// Whether the contract followed the rules.
    pub(super) fn follows_rules(&self) -> bool {
        if self.expected.accepted {
            return *self.result == self.expected;
        }
        // One absence costs once, even if it is seen in several agreements.
        let slash = self.result.slash;
        [0, money::tenth(self.worker.bond)].contains(&slash)
            && *self.result == WorkerResult { slash, ..self.expected }
    }

    /// Why the worker received its pay.
    pub(super) fn pay_reason(&self) -> String {
        if !self.result.accepted {
            return "did not accept".to_owned();
        }
        let (shares, promise) = (shares_text(self.shares), self.worker.promise);
        let left = if self.result.resigned { " until it resigned" } else { "" };
        let paid = self.measurement.paid;
        if paid.parts().1 == 0 {
            return format!(
                "received the full price{left}: shares {shares}, nothing known against it"
            );
        }
        let whole = paid.missed(promise).0 == 0;
        let part = if whole { "the full price" } else { "a part of the price" };
        let (uptime, promise) = (format_percent(paid.basis_points()), format_percent(promise));
        format!(
            "received {part}{left}: shares {shares}, uptime {uptime} against {promise} promised"
        )
    }

    /// Why the worker lost some of its bond.
    pub(super) fn slash_reason(&self) -> String {
        let bond = Ether::from(self.worker.bond);
        if !self.result.accepted {
            return format!("lost a tenth of its bond of {bond}: did not accept");
        }
        let best = self.measurement.best;
        let below = (best.missed(self.worker.promise).0 != 0).then(|| {
            format!("no seat vouches for more than {}", format_percent(best.basis_points()))
        });
        let left = self.result.resigned.then(|| "it resigned".to_owned());
        let why: Vec<_> = below.into_iter().chain(left).collect();
        format!("lost of its bond of {bond}: {}", why.join(", "))
    }
}
