//! Ending early: cancelling, resigning, and releasing what the agreement no longer needs.

use super::agreement::{Agreement, bits};
use super::settlement::{Conclusion, Fees};
use super::{Address, Model, ModelRevert, agreement_revert};
use crate::abi::IWorkAgreement::{
    AlreadyResigned, Cancelled, CannotShorten, NotAccepted, NotTheClient, NothingToRelease,
    Released, Resigned, TooEarlyToRelease, WrongState,
};
use crate::abi::IWorkerDispatcher::AbsentReleased;
use crate::abi::{State, WorkerResult};

impl Agreement {
    /// The tick at which the agreement would end if the client cancelled at tick `now`; it must have started.
    pub(super) fn end_after_cancel(&self, now: u64, min_length: u32) -> u64 {
        let (header, start) = (&self.terms.header, self.start.unwrap_or(0));
        let last = start + u64::from(header.length);
        let shortest = start + u64::from(min_length);
        if header.testers == 0 {
            let notice = u64::from(min_length.max(header.length.div_ceil(8)));
            return shortest.max(now + notice).min(last);
        }
        // The fewest windows that hold this tick's window and the next one, the shortest length, and one more
        // than a quarter of all windows.
        let window = u64::from(self.window_length());
        let end = |count: &u8| start + u64::from(*count) * window;
        let holds = |count: &u8| {
            end(count) > now + window && end(count) >= shortest && 4 * (count - 1) >= header.windows
        };
        (1..header.windows).find(holds).map_or(last, |count| end(&count))
    }
}

impl Model {
    /// `cancel()`.
    pub(super) fn cancel(&mut self, to: Address, caller: Address) -> Result<(), ModelRevert> {
        let mut agreement = self.agreement(to, caller)?.clone();
        if caller != agreement.terms.header.client {
            return agreement_revert(NotTheClient { caller });
        }
        let now = self.tick();
        agreement.require_state(State::Running, now)?;
        let (start, old) = (agreement.start.unwrap_or(0), agreement.end().unwrap_or(0));
        let end = agreement.end_after_cancel(now, self.settings.minLength);
        if end >= old {
            return agreement_revert(CannotShorten { end: old });
        }
        agreement.planned = u32::try_from(end - start).expect("shorter than before");
        let windows = agreement.windows();
        self.store_agreement(to, agreement);
        self.emit_from(to, Cancelled { windows, end });
        Ok(())
    }

    /// `resign()`: the worker is judged until now.
    pub(super) fn resign(&mut self, to: Address, worker: Address) -> Result<(), ModelRevert> {
        let mut agreement = self.agreement(to, worker)?.clone();
        let index = agreement.index(worker)?;
        let place = usize::from(index);
        if !agreement.accepted[place] {
            return agreement_revert(NotAccepted { worker });
        }
        if agreement.resigned[place].is_some() {
            return agreement_revert(AlreadyResigned { worker });
        }
        let tick = self.tick();
        agreement.require_state(State::Running, tick)?;
        agreement.resigned[place] = Some(tick);
        self.store_agreement(to, agreement);
        self.emit_from(to, Resigned { worker, index, tick });
        Ok(())
    }

    /// `release(uint32[])`: settles the absent, and after the end frees the slots of all.
    pub(super) fn release(
        &mut self,
        to: Address,
        caller: Address,
        hints: &[u32],
    ) -> Result<(), ModelRevert> {
        let mut agreement = self.agreement(to, caller)?.clone();
        let (tick, last) = (self.tick(), agreement.last_accept());
        let state = agreement.state(tick);
        if agreement.start.is_none() || agreement.closed.is_some() {
            return agreement_revert(WrongState { state });
        }
        if tick <= last {
            return agreement_revert(TooEarlyToRelease { tick, last });
        }
        let running = state == State::Running;
        let absent = agreement.absent();
        let freed = if running { absent.clone() } else { agreement.occupied() };
        if absent.is_empty() && freed.is_empty() {
            return agreement_revert(NothingToRelease {});
        }
        for worker in &absent {
            agreement.released[*worker] = true;
        }
        agreement.freed |= !running;
        self.store_agreement(to, agreement.clone());
        self.emit_from(to, Released { absent: bits(&absent), freed: bits(&freed) });

        let header = &agreement.terms.header;
        let seats = u128::from(header.windows) * u128::from(header.testers);
        let workers = agreement.terms.workers().enumerate();
        let workers = workers.filter(|(index, _)| absent.contains(index));
        let wei = workers
            .clone()
            .map(|(_, worker)| worker.price * u128::from(header.length) + worker.fee * seats);
        let wei = wei.sum();
        let results = workers.map(|(index, worker)| (index, WorkerResult::absent(worker.account)));
        let results = results.collect();
        let conclusion = Conclusion { wei, results, freed, fees: Fees::default() };
        let paid = self.conclude(to, &agreement, conclusion, hints);
        if !absent.is_empty() {
            let (client, refund, workers) = (header.client, paid.refund, paid.workers);
            self.emit(AbsentReleased { agreement: to, client, refund, workers });
        }
        Ok(())
    }
}
