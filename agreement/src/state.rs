//! The storage of an agreement, its terms, and its state at a tick.

use muster_contract_kit::{Reverted, StorageMap, chain, host, revert};
use muster_protocol::abi::IWorkAgreement::{NotAWorker, WrongState};
use muster_protocol::abi::IWorkerDispatcher::NotAnAgreement;
use muster_protocol::abi::State;
use muster_protocol::draw::{Seats, draw_seats};
use muster_protocol::layout::Terms;
use muster_protocol::lifecycle::Times;
use muster_protocol::packed;
use muster_protocol::proxy::{self, MAX_CODE};
use stylus_sdk::alloy_primitives::{Address, B256, FixedBytes};

/// The progress of the agreement.
const PROGRESS: StorageMap<0, (), Progress> = StorageMap::new();
/// Reports by the tester's place and the word of [`ReportLayout`].
pub(crate) const REPORTS: StorageMap<1, (u32, u32), ReportWord> = StorageMap::new();

packed! {
    /// The mutable state of an agreement, except the reports.
    pub(crate) struct Progress [32] {
        /// Tick of the first accept; 0 = none yet.
        start: u64 = 5,
        /// The seed of the draw; zero before the first accept.
        seed: FixedBytes<16> = 16,
        /// Who accepted: bit i stands for worker i.
        accepted: u8 = 1,
        /// 0 = open, 1 = settled, 2 = void.
        closed: u8 = 1,
        /// Number of windows to judge after a cancellation; 0 = all.
        judged_windows: u8 = 1,
        /// Who resigned: 5 bits for each worker, 0 = has not resigned, otherwise its finished windows + 1.
        resigned: u64 = 5,
    }
}

packed! {
    /// One word of a tester's report.
    pub(crate) struct ReportWord [32] {
        /// A lane for each worker: the windows checked, then the windows served.
        bits: B256 = 32,
    }
}

/// The layout of a report. With up to 16 windows the lane of a worker has 32 bits, so all workers share one
/// word; with more windows it has 64.
#[derive(Clone, Copy)]
pub(crate) struct ReportLayout {
    /// Whether a lane has 64 bits.
    wide: bool,
}

impl ReportLayout {
    /// The layout for an agreement with `windows` windows.
    pub(crate) const fn for_windows(windows: u8) -> Self {
        Self { wide: windows > 16 }
    }

    /// The word that holds the lane of worker `index`.
    pub(crate) fn word(self, index: u8) -> u32 {
        if self.wide { u32::from(index.wrapping_shr(2)) } else { 0 }
    }

    /// Reads the windows checked and served of worker `index` from its word.
    pub(crate) fn read(self, report_word: &ReportWord, index: u8) -> (u32, u32) {
        if self.wide {
            let bits = u64::from_be_bytes(lane(report_word, index & 3));
            (high(bits), low(bits))
        } else {
            let bits = u32::from_be_bytes(lane(report_word, index));
            (bits.wrapping_shr(16), bits & 0xffff)
        }
    }

    /// Writes the windows checked and served of worker `index` to its word.
    pub(crate) fn write(self, report_word: &mut ReportWord, index: u8, checked: u32, served: u32) {
        if self.wide {
            let bits = u64::from(checked).wrapping_shl(32) | u64::from(served);
            set_lane(report_word, index & 3, bits.to_be_bytes());
        } else {
            set_lane(report_word, index, (checked.wrapping_shl(16) | served).to_be_bytes());
        }
    }
}

/// Lane `at` of `N` bytes.
fn lane<const N: usize>(report_word: &ReportWord, at: u8) -> [u8; N] {
    report_word.bits.as_chunks().0.get(usize::from(at)).copied().unwrap_or([0; N])
}

/// Writes lane `at` of `N` bytes.
fn set_lane<const N: usize>(report_word: &mut ReportWord, at: u8, bytes: [u8; N]) {
    if let Some(lane) = report_word.bits.as_chunks_mut().0.get_mut(usize::from(at)) {
        *lane = bytes;
    }
}

/// The upper half of a number.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "takes half of the bits"
)]
const fn high(bits: u64) -> u32 {
    bits.wrapping_shr(32) as u32
}

/// The lower half of a number.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "takes half of the bits"
)]
const fn low(bits: u64) -> u32 {
    bits as u32
}

/// The position of the bits of worker `index` in `Progress::resigned`.
fn resigned_shift(index: u8) -> u32 {
    u32::from(index).wrapping_mul(5)
}

/// One agreement: its terms and its progress.
pub(crate) struct Agreement {
    /// The immutable terms.
    pub(crate) terms: Terms,
    /// The mutable state.
    pub(crate) progress: Progress,
}

impl Agreement {
    /// Loads the terms from this account's code and the progress from storage. Reverts with `NotAnAgreement`
    /// if the code has no terms.
    pub(crate) fn load() -> Result<Self, Reverted> {
        let (this, mut bytes) = (host::this(), [0; MAX_CODE]);
        let code = host::code(this, &mut bytes);
        let terms = proxy::terms_of_code(code).and_then(Terms::decode);
        let terms = terms.ok_or_else(|| revert(&NotAnAgreement { caller: host::caller() }))?;
        Ok(Self { terms, progress: PROGRESS.get(()) })
    }

    /// Stores the progress.
    pub(crate) fn save(&self) {
        PROGRESS.set((), &self.progress);
    }

    /// The current tick of the market's clock.
    pub(crate) fn now(&self) -> u64 {
        chain::tick(self.terms.header.seconds, chain::l2_block_number)
    }

    /// Number of windows to judge.
    pub(crate) const fn windows(&self) -> u8 {
        match self.progress.judged_windows {
            0 => self.terms.header.windows,
            windows => windows,
        }
    }

    /// The finished windows of worker `index` if it resigned.
    pub(crate) fn resigned(&self, index: u8) -> Option<u8> {
        let bits = self.progress.resigned.wrapping_shr(resigned_shift(index)) & 0b1_1111;
        u8::try_from(bits).ok()?.checked_sub(1)
    }

    /// Marks worker `index` as resigned after `windows` finished windows.
    pub(crate) fn set_resigned(&mut self, index: u8, windows: u8) {
        let bits = u64::from(windows.saturating_add(1) & 0b1_1111);
        self.progress.resigned |= bits.wrapping_shl(resigned_shift(index));
    }

    /// The caller and its index. Reverts if it is not a worker of this agreement.
    pub(crate) fn worker_caller(&self) -> Result<(Address, u8), Reverted> {
        let caller = host::caller();
        let mut workers = (0_u8..).zip(self.terms.workers());
        let found = workers.find(|(_, terms)| terms.account == caller);
        found.map(|(index, _)| (caller, index)).ok_or_else(|| revert(&NotAWorker { caller }))
    }

    /// The times that determine the state before the settlement.
    pub(crate) fn times(&self) -> Times {
        let header = &self.terms.header;
        Times {
            purchased: header.purchased,
            accept_window: header.accept_window,
            start: self.progress.start,
            length: self.terms.ticks(self.windows()),
            report_window: header.report_window,
        }
    }

    /// The state at tick `now`.
    pub(crate) fn state(&self, now: u64) -> State {
        match self.progress.closed {
            0 => self.times().state(now),
            1 => State::Settled,
            _ => State::Void,
        }
    }

    /// Reverts unless the agreement is in the state `wanted`.
    pub(crate) fn require_state(&self, wanted: State) -> Result<(), Reverted> {
        let state = self.state(self.now());
        if state == wanted { Ok(()) } else { Err(revert(&WrongState { state })) }
    }

    /// Whether worker `index` accepted.
    pub(crate) fn has_accepted(&self, index: u8) -> bool {
        self.progress.accepted.wrapping_shr(index.into()) & 1 == 1
    }

    /// The layout of reports.
    pub(crate) const fn report_layout(&self) -> ReportLayout {
        ReportLayout::for_windows(self.terms.header.windows)
    }

    /// Draws the seats of a window; none before the first accept.
    pub(crate) fn seats(&self, window: u8) -> Seats {
        let header = &self.terms.header;
        if self.progress.start == 0 || window >= header.windows {
            return Seats::default();
        }
        let keccak = |bytes: &[u8; 24]| host::keccak(bytes).0;
        draw_seats(&self.progress.seed.0, window.into(), header.testers, header.pool, keccak)
            .unwrap_or_default()
    }
}
