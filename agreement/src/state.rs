//! What an agreement remembers, the terms it was made with, and what time makes of both.

use kit::{Map, Refused, chain, host, refuse};
use stylus_sdk::alloy_primitives::{B256, FixedBytes};
use terms::abi::IWorkAgreement::WrongState;
use terms::abi::IWorkerDispatcher::NotAnAgreement;
use terms::abi::State;
use terms::draw::{Seats, seats};
use terms::layout::Terms;
use terms::lifecycle::Times;
use terms::packed;
use terms::proxy::{self, MAX_CODE};

/// How far it has come.
const PROGRESS: Map<0, (), Progress> = Map::new();
/// What testers saw, by place of the tester and half of the workers.
pub(crate) const SEEN: Map<1, (u32, u32), Seen> = Map::new();

packed! {
    /// All that changes, but for the reports.
    pub(crate) struct Progress [32] {
        /// Tick of the first accept; 0 = none yet.
        start: u64 = 5,
        /// What testers are drawn by.
        seed: FixedBytes<16> = 16,
        /// Who accepted: bit i stands for worker i.
        accepted: u8 = 1,
        /// 0 = open, 1 = settled, 2 = void.
        closed: u8 = 1,
    }
}

packed! {
    /// One tester's report on four workers.
    pub(crate) struct Seen [32] {
        /// For each worker 32 bits of windows checked, then 32 bits of windows served.
        bits: B256 = 32,
    }
}

impl Seen {
    /// Windows in which worker `index` was checked, and in which it served.
    pub(crate) fn of(&self, index: u8) -> (u32, u32) {
        let (pairs, _) = self.bits.as_chunks();
        let pair = pairs.get(usize::from(index & 3)).copied().unwrap_or([0; 8]);
        let bits = u64::from_be_bytes(pair);
        (high(bits), low(bits))
    }

    /// Notes what was seen of worker `index`.
    pub(crate) fn note(&mut self, index: u8, checked: u32, served: u32) {
        let (pairs, _) = self.bits.as_chunks_mut();
        if let Some(pair) = pairs.get_mut(usize::from(index & 3)) {
            *pair = (u64::from(checked).wrapping_shl(32) | u64::from(served)).to_be_bytes();
        }
    }
}

/// The upper half of a number.
#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "that is its purpose")]
const fn high(bits: u64) -> u32 {
    bits.wrapping_shr(32) as u32
}

/// The lower half of a number.
#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "that is its purpose")]
const fn low(bits: u64) -> u32 {
    bits as u32
}

/// Which word of reports worker `index` is in.
pub(crate) fn half(index: u8) -> u32 {
    u32::from(index.wrapping_shr(2))
}

/// One agreement, as it is now.
pub(crate) struct Agreement {
    /// What never changes.
    pub(crate) terms: Terms,
    /// What does.
    pub(crate) progress: Progress,
}

impl Agreement {
    /// Reads the agreement behind the acting account.
    pub(crate) fn load() -> Result<Self, Refused> {
        let (this, mut bytes) = (host::this(), [0; MAX_CODE]);
        let code = host::code(this, 0, &mut bytes);
        let terms = proxy::terms(code).and_then(Terms::decode);
        let terms = terms.ok_or_else(|| refuse(&NotAnAgreement { caller: host::caller() }))?;
        Ok(Self { terms, progress: PROGRESS.get(()) })
    }

    /// Writes the progress.
    pub(crate) fn save(&self) {
        PROGRESS.set((), &self.progress);
    }

    /// Now, by the market's clock.
    pub(crate) fn now(&self) -> u64 {
        chain::tick(self.terms.head.seconds)
    }

    /// What decides the state of an open agreement.
    pub(crate) const fn times(&self) -> Times {
        let head = &self.terms.head;
        Times {
            purchased: head.purchased,
            accept_window: head.accept_window,
            start: self.progress.start,
            length: head.length,
            report_window: head.report_window,
        }
    }

    /// The state at `now`.
    pub(crate) fn state(&self, now: u64) -> State {
        match self.progress.closed {
            0 => self.times().state(now),
            1 => State::Settled,
            _ => State::Void,
        }
    }

    /// Refuses a call that belongs to `wanted`.
    pub(crate) fn expect(&self, wanted: State) -> Result<(), Refused> {
        let state = self.state(self.now());
        if state == wanted { Ok(()) } else { Err(refuse(&WrongState { state })) }
    }

    /// Whether worker `index` accepted.
    pub(crate) const fn has_accepted(&self, index: u8) -> bool {
        self.progress.accepted.wrapping_shr(widen(index)) & 1 == 1
    }

    /// The seats of a window; none before the first accept.
    pub(crate) fn seats(&self, window: u8) -> Seats {
        let head = &self.terms.head;
        if self.progress.start == 0 || window >= head.windows {
            return Seats::default();
        }
        let keccak = |bytes: &[u8; 24]| host::keccak(bytes).0;
        seats(&self.progress.seed.0, window.into(), head.testers, head.pool, keccak)
            .unwrap_or_default()
    }
}

/// `u8` to `u32` in a constant function.
#[expect(clippy::as_conversions, reason = "widening; `From` is not const")]
const fn widen(value: u8) -> u32 {
    value as u32
}
