//! Views of agreements, and what tests need to know to take part in one.

use std::collections::BTreeSet;
use std::vec;
use std::vec::Vec;

use alloy_primitives::{Address, B256, U256};

use super::agreement::{Agreement, bits};
use super::judgement::best_share;
use super::shares::twelfths;
use super::{Model, ModelRevert, agreement_revert};
use crate::abi::IWorkAgreement::{
    WindowUnknown, openCallsReturn, progressReturn, sharesReturn, testersReturn,
};
use crate::abi::State;

impl Model {
    /// Places that hold a seat in an agreement, and have not reported; none before the first accept.
    #[must_use]
    pub fn unreported_places(&self, agreement: Address) -> Vec<u32> {
        let Some(agreement) = self.agreements.get(&agreement) else { return Vec::new() };
        let seats = (0..agreement.windows()).flat_map(|window| agreement.seats(window));
        let places: BTreeSet<u32> = seats.collect();
        places.into_iter().filter(|place| !agreement.reports.contains_key(place)).collect()
    }

    /// What a place of an agreement's tester list can report on, in order: the worker's index, the window, and
    /// the fewest probes that count.
    #[must_use]
    pub fn reportable(&self, agreement: Address, place: u32) -> Vec<(u8, u8, u8)> {
        let Some(agreement) = self.agreements.get(&agreement) else { return Vec::new() };
        let mut windows: Vec<u8> = (0..agreement.windows()).collect();
        windows.retain(|window| agreement.seats(*window).contains(&place));
        let workers = 0..agreement.terms.header.redundancy;
        let seats = workers.flat_map(|index| windows.iter().map(move |window| (index, *window)));
        let needed = |(index, window)| Some((index, window, agreement.needed(index, window)?));
        seats.filter_map(needed).collect()
    }

    /// The ticks around which time changes an agreement: the last one to accept and the next, the first of each
    /// window, the end, and the first one to settle.
    #[must_use]
    pub fn transition_ticks(&self, agreement: Address) -> Vec<u64> {
        let Some(agreement) = self.agreements.get(&agreement) else { return Vec::new() };
        let last = agreement.last_accept();
        let mut ticks = Vec::from([last, last + 1]);
        if let (Some(start), Some(end)) = (agreement.start, agreement.end()) {
            let window = u64::from(agreement.window_length());
            ticks.extend((1..agreement.windows()).map(|n| start + u64::from(n) * window));
            ticks.extend([end, end + u64::from(agreement.terms.header.report_window)]);
        }
        ticks
    }

    /// The `openCalls()` view.
    pub(super) fn open_calls(&self, of: &Agreement) -> openCallsReturn {
        let (tick, last) = (self.tick(), of.last_accept());
        let (state, end) = (of.state(tick), of.end().unwrap_or(0));
        let running = state == State::Running;
        let mut workers = of.accepted.iter().zip(&of.resigned);
        let staying = workers.any(|(accepted, left)| *accepted && left.is_none());
        let needless = if running { of.absent() } else { of.occupied() };
        let calls = [
            of.closed.is_none() && tick <= last && !of.absent().is_empty(),
            running && of.end_after_cancel(tick, self.settings.minLength) < end,
            running && staying,
            of.closed.is_none() && of.start.is_some() && tick > last && {
                !of.absent().is_empty() || !needless.is_empty()
            },
            state == State::Reporting,
            state == State::Due,
        ];
        let due = match of.end() {
            None => last + 1,
            Some(end) => end + u64::from(of.terms.header.report_window),
        };
        let open = (0..calls.len()).filter(|call| calls[*call]).collect();
        openCallsReturn { tick, open: bits(&open), lastAccept: last, end, due }
    }

    /// The testers of a window of an agreement.
    pub(super) fn seated_testers(
        &self,
        of: &Agreement,
        window: U256,
    ) -> Result<testersReturn, ModelRevert> {
        let window = of.known_window(window)?;
        let account = |place| self.tester_at(of.terms.header.epoch, place).unwrap_or_default();
        let accounts: Vec<_> = of.seats(window).into_iter().map(account).collect();
        let keys = accounts.iter().map(|account| self.key_of(*account)).collect();
        Ok(testersReturn { accounts, keys })
    }

    /// The message key of an account; zero if it has none.
    pub(super) fn key_of(&self, account: Address) -> B256 {
        self.find_number(account).map_or(B256::ZERO, |number| self.member(number).key)
    }
}

impl Agreement {
    /// A window of the terms.
    fn known_window(&self, window: U256) -> Result<u8, ModelRevert> {
        let windows = self.terms.header.windows;
        if window < U256::from(windows) {
            return Ok(window.to());
        }
        agreement_revert(WindowUnknown { window, windows })
    }

    /// The `progress()` view.
    pub(super) fn progress(&self) -> progressReturn {
        let start = self.start.unwrap_or(0);
        let count = self.accepted.len();
        let mask = |picked: &[bool]| bits(&(0..count).filter(|worker| picked[*worker]).collect());
        let resigned: Vec<bool> = self.resigned.iter().map(Option::is_some).collect();
        let left = self.resigned.iter().rev().fold(U256::ZERO, |left, tick| {
            let ticks = tick.map_or(0, |tick| tick - start);
            left << 32 | U256::from(ticks)
        });
        progressReturn {
            start,
            seed: self.seed,
            accepted: mask(&self.accepted),
            resigned: mask(&resigned),
            released: mask(&self.released),
            freed: self.freed,
            length: self.planned,
            left,
        }
    }

    /// The `shares(uint8,uint256)` view.
    pub(super) fn shares(&self, index: u8, window: U256) -> Result<sharesReturn, ModelRevert> {
        let window = self.known_window(window)?;
        if index >= self.terms.header.redundancy {
            return Ok(sharesReturn { best: 0, seats: Vec::new() });
        }
        let mut seats = vec![0; usize::from(self.terms.header.testers)];
        for (to, place) in seats.iter_mut().zip(self.seats(window)) {
            let report = self.reports.get(&place).and_then(|report| report.get(&(index, window)));
            *to = report.map_or(0, |(made, served)| 1 + twelfths(*served, *made));
        }
        let best = best_share(self, index, window).map_or(0, |share| 1 + share);
        Ok(sharesReturn { best, seats })
    }

    /// The workers' accounts, by index.
    pub(super) fn worker_accounts(&self) -> Vec<Address> {
        self.terms.workers().map(|worker| worker.account).collect()
    }

    /// The sum of the workers' prices.
    pub(super) fn price(&self) -> u128 {
        self.terms.workers().map(|worker| worker.price).sum()
    }
}
