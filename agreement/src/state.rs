//! The storage of an agreement, its terms, and its state at a tick.

use muster_contract_kit::{Reverted, StorageMap, chain, host, revert};
use muster_protocol::abi::IWorkAgreement::{NotAWorker, WrongState};
use muster_protocol::abi::IWorkerDispatcher::NotAnAgreement;
use muster_protocol::abi::State;
use muster_protocol::course::Course;
use muster_protocol::draw::{Seats, WINDOW_CAPACITY, draw_seats};
use muster_protocol::layout::Terms;
use muster_protocol::packed;
use muster_protocol::proxy::{self, MAX_CODE};
use stylus_sdk::alloy_primitives::{Address, FixedBytes};

use crate::shares::Drawn;

/// The progress of the agreement.
const PROGRESS: StorageMap<0, (), Progress> = StorageMap::new();
/// The ticks from the start until each worker resigned.
pub(crate) const LEFT: StorageMap<2, (), Left> = StorageMap::new();

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
        /// Who resigned: bit i stands for worker i.
        resigned: u8 = 1,
        /// Who was absent and is settled already: bit i stands for worker i.
        released: u8 = 1,
        /// Whether the slots of all workers are free.
        freed: bool = 1,
        /// Ticks from start to end after a cancellation; 0 = those of the terms.
        length: u32 = 4,
    }
}

packed! {
    /// The ticks from the start until each worker resigned; 0 for those who did not.
    pub(crate) struct Left [32] {
        /// Workers 0 to 3, 32 bits each, worker 0 in the lowest.
        first: u128 = 16,
        /// Workers 4 to 7.
        second: u128 = 16,
    }
}

impl Left {
    /// The ticks of worker `index`, and the position of its bits.
    pub(crate) fn get(&self, index: u8) -> u32 {
        let half = if index < 4 { self.first } else { self.second };
        u32::try_from(half.wrapping_shr(left_shift(index)) & u128::from(u32::MAX)).unwrap_or(0)
    }

    /// Sets the ticks of worker `index`, which were 0.
    pub(crate) fn set(&mut self, index: u8, ticks: u32) {
        let bits = u128::from(ticks).wrapping_shl(left_shift(index));
        let half = if index < 4 { &mut self.first } else { &mut self.second };
        *half |= bits;
    }
}

/// The position of the bits of worker `index` in its half of [`Left`].
fn left_shift(index: u8) -> u32 {
    u32::from(index & 3).wrapping_mul(32)
}

/// One agreement: its terms and its progress.
pub(crate) struct Agreement {
    /// The immutable terms.
    pub(crate) terms: Terms,
    /// The mutable state.
    pub(crate) progress: Progress,
    /// The times of the progress. When workers resigned is read only if one did.
    pub(crate) course: Course,
}

impl Agreement {
    /// Loads the terms from this account's code and the progress from storage. Reverts with `NotAnAgreement`
    /// if the code has no terms.
    pub(crate) fn load() -> Result<Self, Reverted> {
        let (this, mut bytes) = (host::this(), [0; MAX_CODE]);
        let code = host::code(this, &mut bytes);
        let terms = proxy::terms_of_code(code).and_then(Terms::decode);
        let terms = terms.ok_or_else(|| revert(&NotAnAgreement { caller: host::caller() }))?;
        let progress = PROGRESS.get(());
        let left = if progress.resigned == 0 { Left::default() } else { LEFT.get(()) };
        let course = Course {
            start: progress.start,
            accepted: progress.accepted,
            resigned: progress.resigned,
            left: core::array::from_fn(|index| left.get(u8::try_from(index).unwrap_or(0))),
            planned: if progress.length == 0 { terms.header.length } else { progress.length },
        };
        Ok(Self { terms, progress, course })
    }

    /// Stores the progress.
    pub(crate) fn save(&self) {
        PROGRESS.set((), &self.progress);
    }

    /// The current tick of the market's clock.
    pub(crate) fn now(&self) -> u64 {
        chain::tick(self.terms.header.seconds, chain::l2_block_number)
    }

    /// All workers, as bits.
    fn everybody(&self) -> u8 {
        u8::MAX.checked_shr(8_u32.saturating_sub(self.terms.header.redundancy.into())).unwrap_or(0)
    }

    /// The workers that did not accept and are not settled, as bits.
    pub(crate) fn absent(&self) -> u8 {
        self.unsettled() & !self.progress.accepted
    }

    /// The workers that are not settled, as bits.
    pub(crate) fn unsettled(&self) -> u8 {
        self.everybody() & !self.progress.released
    }

    /// The workers whose slots are not free, as bits.
    pub(crate) fn occupied(&self) -> u8 {
        if self.progress.freed { 0 } else { self.unsettled() }
    }

    /// The caller and its index. Reverts if it is not a worker of this agreement.
    pub(crate) fn worker_caller(&self) -> Result<(Address, u8), Reverted> {
        let caller = host::caller();
        let mut workers = (0_u8..).zip(self.terms.workers());
        let found = workers.find(|(_, terms)| terms.account == caller);
        found.map(|(index, _)| (caller, index)).ok_or_else(|| revert(&NotAWorker { caller }))
    }

    /// The state at tick `now`.
    pub(crate) fn state(&self, now: u64) -> State {
        match self.progress.closed {
            0 => self.course.times(&self.terms).state(now),
            1 => State::Settled,
            _ => State::Void,
        }
    }

    /// Reverts unless the agreement is in the state `wanted`.
    pub(crate) fn require_state(&self, wanted: State) -> Result<(), Reverted> {
        let state = self.state(self.now());
        if state == wanted { Ok(()) } else { Err(revert(&WrongState { state })) }
    }

    /// Draws the seats of all windows.
    pub(crate) fn draw(&self) -> Drawn {
        let mut drawn = Drawn([Seats::default(); WINDOW_CAPACITY]);
        for (window, seats) in (0..self.course.windows(&self.terms)).zip(&mut drawn.0) {
            *seats = self.seats(window);
        }
        drawn
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
