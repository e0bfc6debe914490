//! The constructor, the deployment constants, and the clock.

use muster_contract_kit::{Args, Refused, chain, host, refuse};
use muster_protocol::abi::IWorkerDispatcher::{AlreadyDeployed, BadSetting};
use muster_protocol::abi::{Clock, Settings};
use stylus_sdk::alloy_primitives::Address;

use crate::state::{COUNTS, Counts, ROOT, Root, STANDARDS, Standards, TESTING, Testing};

/// The constructor's selector is fixed by the platform and belongs to no interface.
pub(crate) struct Constructor;

impl Constructor {
    /// What `cargo stylus` and the deployer contract call.
    pub(crate) const SELECTOR: [u8; 4] = [0x55, 0x85, 0x25, 0x8d];
}

/// Writes the deployment constants: the fields of `Settings`, then the implementation of agreements.
/// Once; they never change.
pub(crate) fn construct(args: &mut Args) -> Result<(), Refused> {
    if !ROOT.get(()).agreement.is_zero() {
        return Err(refuse(&AlreadyDeployed {}));
    }
    let settings: Settings = args.next()?;
    let agreement: Address = args.next()?;
    muster_protocol::settings::check(&settings).map_err(|index| refuse(&BadSetting { index }))?;
    if agreement.is_zero() {
        return Err(refuse(&BadSetting { index: muster_protocol::settings::FIELDS }));
    }
    let s = settings;
    ROOT.set((), &Root { agreement, unit: s.reputationUnit });
    COUNTS.set((), &Counts { agreement, ..Counts::default() });
    let standards = Standards {
        min_bond: s.minBond,
        bond_bps: s.bondBps,
        min_promise: s.minPromise,
        min_length: s.minLength,
        min_window: s.minWindow,
        accept_window: s.acceptWindow,
        report_window: s.reportWindow,
    };
    STANDARDS.set((), &standards);
    let testing = Testing {
        tester_bond: s.testerBond,
        min_tester_fee: s.minTesterFee,
        tester_fee_bps: s.testerFeeBps,
        epoch_length: s.epochLength,
        min_pool: s.minPool,
        seconds: s.clock == Clock::Second,
    };
    TESTING.set((), &testing);
    Ok(())
}

/// The deployment constants that a purchase is made by: `reputationUnit` is 0, it stands elsewhere.
pub(crate) fn constants() -> Settings {
    let (s, t) = (STANDARDS.get(()), TESTING.get(()));
    Settings {
        clock: if t.seconds { Clock::Second } else { Clock::ArbBlock },
        acceptWindow: s.accept_window,
        reportWindow: s.report_window,
        minLength: s.min_length,
        minWindow: s.min_window,
        epochLength: t.epoch_length,
        minPool: t.min_pool,
        minPromise: s.min_promise,
        bondBps: s.bond_bps,
        testerFeeBps: t.tester_fee_bps,
        minBond: s.min_bond,
        minTesterFee: t.min_tester_fee,
        testerBond: t.tester_bond,
        reputationUnit: 0,
    }
}

/// `settings()`.
pub(crate) fn settings(_: &mut Args) -> Settings {
    Settings { reputationUnit: ROOT.get(()).unit, ..constants() }
}

/// `agreement()`.
pub(crate) fn agreement(_: &mut Args) -> Address {
    ROOT.get(()).agreement
}

/// `tick()`.
pub(crate) fn tick(_: &mut Args) -> u64 {
    chain::tick(TESTING.get(()).seconds, chain::block)
}

/// The tester epoch of now.
pub(crate) fn this_epoch(epoch_length: u32) -> u32 {
    let epoch = host::timestamp().checked_div(epoch_length.into()).unwrap_or(0);
    u32::try_from(epoch).unwrap_or(u32::MAX)
}

/// `epoch()`.
pub(crate) fn epoch(_: &mut Args) -> u32 {
    this_epoch(TESTING.get(()).epoch_length)
}
