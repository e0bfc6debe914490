//! The end: what every window's seats say becomes verdicts, verdicts become pay, and all wei go to the
//! dispatcher in one call. Anybody may call it, and no participant can make it fail.

use kit::{Args, Items, Refused, emit, host};
use terms::abi::IWorkAgreement::Closed;
use terms::abi::{Fee, State, WorkerResult};
use terms::verdict::{Record, Verdict, judge};
use terms::{MAX_REDUNDANCY, MAX_SEATS, MAX_TESTERS, money};

use crate::market;
use crate::state::{Agreement, SEEN, Seen, half};

/// What the places of the tester list earn.
struct Fees {
    /// No place stands twice.
    fees: [Fee; MAX_SEATS],
    /// How many entries count.
    len: usize,
}

impl Fees {
    /// Pays one seat at `place`.
    fn pay(&mut self, place: u32, amount: u128) {
        let known = self.fees.iter_mut().take(self.len).find(|fee| fee.place == place);
        if let Some(fee) = known {
            fee.amount = fee.amount.saturating_add(amount);
            fee.seats = fee.seats.saturating_add(1);
        } else if let Some(fee) = self.fees.get_mut(self.len) {
            *fee = Fee { place, amount, seats: 1 };
            self.len = self.len.saturating_add(1);
        }
    }
}

/// `settle(uint32[])`.
pub(crate) fn settle(args: &mut Args) -> Result<(), Refused> {
    let hints: Items<u32> = args.list(u32::try_from(MAX_REDUNDANCY).unwrap_or(0))?;
    for hint in hints {
        hint?;
    }
    let mut agreement = Agreement::load()?;
    agreement.expect(State::Due)?;
    let void = agreement.progress.start == 0;
    let (state, closed) = if void { (State::Void, 2) } else { (State::Settled, 1) };
    agreement.progress.closed = closed;
    agreement.save();
    emit(&Closed { state });

    let mut fees = Fees { fees: [Fee { place: 0, amount: 0, seats: 0 }; MAX_SEATS], len: 0 };
    let records = judge_all(&agreement, &mut fees);
    let terms = &agreement.terms;
    let results = (0_u8..).zip(terms.workers()).zip(records).map(|((index, worker), record)| {
        let accepted = agreement.has_accepted(index);
        let full = || money::pay(worker.price, terms.head.length, worker.promise, record);
        WorkerResult {
            account: worker.account,
            pay: if accepted { full() } else { 0 },
            accepted,
            served: record.served,
            failed: record.failed,
        }
    });
    let fees = fees.fees.iter().copied().take(fees.len);
    market::conclude(terms, host::balance(host::this()), results, fees, hints)
}

/// Judges every window of every worker that accepted, and pays the seats that agree.
fn judge_all(agreement: &Agreement, fees: &mut Fees) -> [Record; MAX_REDUNDANCY] {
    let mut records = [Record::default(); MAX_REDUNDANCY];
    for window in 0..agreement.terms.head.windows {
        let seats = agreement.seats(window);
        let workers = (0_u8..).zip(agreement.terms.workers()).zip(&mut records);
        for ((index, worker), record) in workers.filter(|((i, _), _)| agreement.has_accepted(*i)) {
            let votes = seats.places().map(|place| (place, vote(place, index, window)));
            let count = |vote| {
                let agreeing = votes.clone().filter(|(_, cast)| *cast == vote).count();
                u8::try_from(agreeing).unwrap_or(MAX_TESTERS)
            };
            let verdict = judge(count(Verdict::Served), count(Verdict::Failed));
            record.add(verdict);
            if verdict != Verdict::Unknown {
                for (place, _) in votes.clone().filter(|(_, cast)| *cast == verdict) {
                    fees.pay(place, worker.fee);
                }
            }
        }
    }
    records
}

/// What one place says of one worker in one window.
fn vote(place: u32, index: u8, window: u8) -> Verdict {
    let seen: Seen = SEEN.get((place, half(index)));
    let (checked, served) = seen.of(index);
    let bit = |bits: u32| bits.checked_shr(window.into()).unwrap_or(0) & 1 == 1;
    match (bit(checked), bit(served)) {
        (_, true) => Verdict::Served,
        (true, false) => Verdict::Failed,
        (false, false) => Verdict::Unknown,
    }
}
