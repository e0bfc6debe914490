//! The steps of a purchase: `buyContract` and `hire`. An order that cannot be bought does not revert: the
//! call returns the zero address, emits `PurchaseRefused` and refunds the whole value.

use muster_contract_kit::{
    AbiArray, Args, ArrayItems, Reverted, chain, emit, emit_parts, host, revert,
};
use muster_protocol::abi::IWorkerDispatcher::{ContractBought, CreationFailed, PurchaseRefused};
use muster_protocol::abi::{Clock, Order, Reason, Settings};
use muster_protocol::layout::{MAX_TERMS, Terms, TermsHeader};
use muster_protocol::proxy::{MAX_INIT_CODE, init_code};
use stylus_sdk::alloy_primitives::Address;
use stylus_sdk::alloy_sol_types::SolEvent;

use crate::selection::{Selection, default_order_at, read_hired, select_workers};
use crate::setup::load_settings;
use crate::state::{ACCOUNTS, COUNTERS};
use crate::{book, credit};

/// What a purchase depends on.
struct Moment {
    /// The deployment constants.
    settings: Settings,
    /// The current L2 block.
    block: u64,
    /// The current tick.
    now: u64,
}

impl Moment {
    /// The current moment.
    fn load() -> Self {
        let (settings, block) = (load_settings(), chain::l2_block_number());
        Self { settings, block, now: chain::tick(settings.clock == Clock::Second, || block) }
    }
}

/// `buyContract(uint256,uint256)`.
pub(crate) fn buy_default(args: &mut Args) -> Result<Address, Reverted> {
    let (redundancy, length) = (args.next()?, args.next()?);
    let moment = Moment::load();
    let order = default_order_at(moment.now, redundancy, length, &moment.settings);
    purchase(&order, None, &moment)
}

/// `buyContract(Order)`.
pub(crate) fn buy(args: &mut Args) -> Result<Address, Reverted> {
    purchase(&args.next()?, None, &Moment::load())
}

/// `hire(Order,uint32[])`.
pub(crate) fn hire(args: &mut Args) -> Result<Address, Reverted> {
    let (order, workers) = (args.next()?, read_hired(args)?);
    purchase(&order, Some(workers), &Moment::load())
}

/// Buys an order for the caller. Returns the agreement, or zero if the order is rejected.
fn purchase(
    order: &Order,
    hired: Option<ArrayItems<u32>>,
    moment: &Moment,
) -> Result<Address, Reverted> {
    // Checks.
    let (client, sent) = (host::caller(), host::value());
    let Moment { settings, block, now } = moment;
    let selection = match select_workers(order, hired, settings, *now) {
        Ok(selection) if selection.escrow <= sent => selection,
        Ok(Selection { escrow, .. }) => {
            return Ok(reject_purchase(client, Reason::ValueTooLow, escrow, sent));
        }
        Err(reason) => return Ok(reject_purchase(client, reason, 0, sent)),
    };

    // Effects.
    let Selection { order: valid, epoch, pool, numbers, workers, escrow } = selection;
    let counts =
        COUNTERS.update((), |counts| counts.agreements = counts.agreements.saturating_add(1));
    for (number, worker) in numbers.into_iter().zip(&workers).take(valid.redundancy.into()) {
        lock_bond(number, worker.account, worker.bond);
    }
    let header = TermsHeader {
        dispatcher: host::this(),
        client,
        number: counts.agreements,
        application: order.application,
        seconds: settings.clock == Clock::Second,
        purchased: *now,
        block: *block,
        length: valid.length,
        accept_window: settings.acceptWindow,
        report_window: settings.reportWindow,
        bond_bps: settings.bondBps,
        tester_fee_bps: settings.testerFeeBps,
        min_bond: settings.minBond,
        min_tester_fee: settings.minTesterFee,
        windows: valid.windows,
        testers: valid.testers,
        min_length: settings.minLength,
        probes: settings.probes,
        epoch,
        pool,
        redundancy: valid.redundancy,
    };
    let terms = Terms::new(header, workers.into_iter().take(valid.redundancy.into()));
    let account = create_agreement(counts.agreement, &terms, escrow)?;
    let topics = [ContractBought::SIGNATURE_HASH, account.into_word(), client.into_word()];
    emit_parts(&topics, &(escrow, AbiArray(terms.workers().map(|worker| worker.account))));

    // Interaction, last.
    credit::refund(client, sent.saturating_sub(escrow));
    Ok(account)
}

/// Locks a worker's bond and one of its slots, and removes it from the book if it no longer qualifies.
fn lock_bond(number: u32, worker: Address, bond: u128) {
    let account = ACCOUNTS.update(worker, |account| {
        account.locked = account.locked.saturating_add(bond);
        account.active = account.active.saturating_add(1);
    });
    book::drop_unfit(number, account);
}

/// Creates the agreement by CREATE2, with its escrow.
fn create_agreement(
    implementation: Address,
    terms: &Terms,
    escrow: u128,
) -> Result<Address, Reverted> {
    let (mut bytes, mut code) = ([0; MAX_TERMS], [0; MAX_INIT_CODE]);
    let len = terms.encode(&mut bytes);
    let len = init_code(implementation, bytes.get(..len).unwrap_or_default(), &mut code);
    host::create2(code.get(..len).unwrap_or_default(), escrow)
        .ok_or_else(|| revert(&CreationFailed {}))
}

/// Rejects a purchase: emits the reason, refunds the whole value, returns zero.
fn reject_purchase(client: Address, reason: Reason, required: u128, sent: u128) -> Address {
    emit(&PurchaseRefused { client, reason, required, sent });
    credit::refund(client, sent);
    Address::ZERO
}
