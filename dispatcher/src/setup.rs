//! The constructor, the deployment constants, and the clock.

use muster_contract_kit::{Args, Reverted, chain, revert};
use muster_protocol::abi::IWorkerDispatcher::{AlreadyDeployed, BadSetting};
use muster_protocol::abi::{Clock, Settings};
use stylus_sdk::alloy_primitives::Address;

use crate::state::{
    COUNTERS, CREATION, Counters, Creation, DEPLOYMENT, Deployment, ORDER_RULES, OrderRules,
    TESTER_RULES, TesterRules,
};

/// The constructor. Stylus fixes its selector; it is in no interface.
pub(crate) struct Constructor;

impl Constructor {
    /// The selector that `cargo stylus` and the deployer contract call.
    pub(crate) const SELECTOR: [u8; 4] = [0x55, 0x85, 0x25, 0x8d];
}

/// The constructor: writes the deployment constants. Arguments are the fields of `Settings`, then the
/// implementation of agreements. Runs once.
pub(crate) fn constructor(args: &mut Args) -> Result<(), Reverted> {
    if !DEPLOYMENT.get(()).agreement.is_zero() {
        return Err(revert(&AlreadyDeployed {}));
    }
    let settings: Settings = args.next()?;
    let agreement: Address = args.next()?;
    muster_protocol::settings::check(&settings).map_err(|index| revert(&BadSetting { index }))?;
    if agreement.is_zero() {
        return Err(revert(&BadSetting { index: muster_protocol::settings::FIELD_COUNT }));
    }
    let s = settings;
    DEPLOYMENT.set((), &Deployment { agreement, reputation_unit: s.reputationUnit });
    COUNTERS.set((), &Counters { agreement, ..Counters::default() });
    CREATION.set((), &Creation { block: chain::l2_block_number() });
    let order_rules = OrderRules {
        min_bond: s.minBond,
        bond_bps: s.bondBps,
        min_promise: s.minPromise,
        min_length: s.minLength,
        max_agreement: s.maxAgreement,
        min_window: s.minWindow,
        accept_window: s.acceptWindow,
        report_window: s.reportWindow,
    };
    ORDER_RULES.set((), &order_rules);
    let tester_rules = TesterRules {
        tester_bond: s.testerBond,
        min_tester_fee: s.minTesterFee,
        tester_fee_bps: s.testerFeeBps,
        epoch_length: s.epochLength,
        min_pool: s.minPool,
        probes: s.probes,
        lock_epochs: s.lockEpochs,
        seconds: s.clock == Clock::Second,
    };
    TESTER_RULES.set((), &tester_rules);
    Ok(())
}

/// The deployment constants that a purchase needs, in two reads. `reputationUnit` is 0: it is in
/// [`Deployment`].
pub(crate) fn load_settings() -> Settings {
    let (s, t) = (ORDER_RULES.get(()), TESTER_RULES.get(()));
    Settings {
        clock: if t.seconds { Clock::Second } else { Clock::ArbBlock },
        acceptWindow: s.accept_window,
        reportWindow: s.report_window,
        minLength: s.min_length,
        maxAgreement: s.max_agreement,
        minWindow: s.min_window,
        epochLength: t.epoch_length,
        lockEpochs: t.lock_epochs,
        minPool: t.min_pool,
        probes: t.probes,
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
    Settings { reputationUnit: DEPLOYMENT.get(()).reputation_unit, ..load_settings() }
}

/// `agreement()`.
pub(crate) fn agreement(_: &mut Args) -> Address {
    DEPLOYMENT.get(()).agreement
}

/// `createdAt()`.
pub(crate) fn created_at(_: &mut Args) -> u64 {
    CREATION.get(()).block
}

/// The current tick.
fn now(seconds: bool) -> u64 {
    chain::tick(seconds, chain::l2_block_number)
}

/// `tick()`.
pub(crate) fn tick(_: &mut Args) -> u64 {
    now(TESTER_RULES.get(()).seconds)
}

/// The tester epoch of a tick.
pub(crate) fn epoch_at(tick: u64, epoch_length: u32) -> u32 {
    let epoch = tick.checked_div(epoch_length.into()).unwrap_or(0);
    u32::try_from(epoch).unwrap_or(u32::MAX)
}

impl TesterRules {
    /// The current tester epoch.
    pub(crate) fn current_epoch(&self) -> u32 {
        epoch_at(now(self.seconds), self.epoch_length)
    }
}

/// `epoch()`.
pub(crate) fn epoch(_: &mut Args) -> u32 {
    TESTER_RULES.get(()).current_epoch()
}
