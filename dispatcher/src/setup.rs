//! The constructor, the deployment constants, and the clock.

use kit::{Args, Refused, chain, host, refuse};
use stylus_sdk::alloy_primitives::Address;
use terms::abi::IWorkerDispatcher::{AlreadyDeployed, BadSetting};
use terms::abi::{Clock, Settings};

use crate::state::{AMOUNTS, Amounts, ROOT, Root, TIMES, Times};

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
    terms::settings::check(&settings).map_err(|index| refuse(&BadSetting { index }))?;
    if agreement.is_zero() {
        return Err(refuse(&BadSetting { index: terms::settings::FIELDS }));
    }
    let s = settings;
    ROOT.set((), &Root { agreement, unit: s.reputationUnit });
    TIMES.set(
        (),
        &Times {
            seconds: s.clock == Clock::Second,
            accept_window: s.acceptWindow,
            report_window: s.reportWindow,
            min_length: s.minLength,
            min_window: s.minWindow,
            epoch_length: s.epochLength,
            min_pool: s.minPool,
            min_promise: s.minPromise,
            bond_bps: s.bondBps,
            tester_fee_bps: s.testerFeeBps,
        },
    );
    AMOUNTS.set(
        (),
        &Amounts { min_bond: s.minBond, min_tester_fee: s.minTesterFee, tester_bond: s.testerBond },
    );
    Ok(())
}

/// The deployment constants.
pub(crate) fn constants() -> Settings {
    let (t, a) = (TIMES.get(()), AMOUNTS.get(()));
    Settings {
        clock: if t.seconds { Clock::Second } else { Clock::ArbBlock },
        acceptWindow: t.accept_window,
        reportWindow: t.report_window,
        minLength: t.min_length,
        minWindow: t.min_window,
        epochLength: t.epoch_length,
        minPool: t.min_pool,
        minPromise: t.min_promise,
        bondBps: t.bond_bps,
        testerFeeBps: t.tester_fee_bps,
        minBond: a.min_bond,
        minTesterFee: a.min_tester_fee,
        testerBond: a.tester_bond,
        reputationUnit: ROOT.get(()).unit,
    }
}

/// `settings()`.
pub(crate) fn settings(_: &mut Args) -> Settings {
    constants()
}

/// `agreement()`.
pub(crate) fn agreement(_: &mut Args) -> Address {
    ROOT.get(()).agreement
}

/// `tick()`.
pub(crate) fn tick(_: &mut Args) -> u64 {
    chain::tick(TIMES.get(()).seconds)
}

/// The tester epoch of now.
pub(crate) fn this_epoch(epoch_length: u32) -> u32 {
    let epoch = host::timestamp().checked_div(epoch_length.into()).unwrap_or(0);
    u32::try_from(epoch).unwrap_or(u32::MAX)
}

/// `epoch()`.
pub(crate) fn epoch(_: &mut Args) -> u32 {
    this_epoch(TIMES.get(()).epoch_length)
}
