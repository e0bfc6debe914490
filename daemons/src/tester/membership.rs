//! Being a tester: the bond, the key for letters, a place in every epoch's list, and the way out.

use muster_client::Market;
use muster_client::protocol::abi::{Clock, Worker};

use crate::context::DaemonContext;
use crate::error::DaemonError;
use crate::health::NextEvent;

/// Registers, makes the bond whole, and sees to it that letters can be answered.
pub(super) async fn ensure_joined(
    context: &DaemonContext,
    known: Option<&Worker>,
) -> Result<(), DaemonError> {
    let (account, bond) = (context.account(), context.market().settings().testerBond);
    let key = context.message_key()?.public();
    let Some(tester) = known else {
        context.market_for(&format!("join/{account}")).register_tester(key, bond).await?;
        return Ok(());
    };
    if tester.key != key {
        context.market_for(&format!("key/{account}")).set_key(key).await?;
    }
    if let Some(missing) = bond.checked_sub(tester.stake).filter(|missing| *missing > 0) {
        context.market_for(&format!("bond/{account}")).stake(missing).await?;
    }
    Ok(())
}

/// Gets a place in the next epoch's list, unless there is one.
pub(super) async fn check_in(
    context: &DaemonContext,
    known: Option<&Worker>,
) -> Result<NextEvent, DaemonError> {
    let market = context.market();
    let epoch = market.epoch().await?;
    if known.is_none_or(|tester| tester.lastEpoch <= epoch) {
        context.market_for(&format!("check-in/{epoch}")).check_in().await?;
        metrics::counter!("muster_tester_check_ins_total").increment(1);
    }
    Ok(next_epoch(market, epoch))
}

/// Takes the bond back, if no list has a place of the tester's any more; `None` when that is done.
pub(super) async fn leave(
    context: &DaemonContext,
    tester: &Worker,
) -> Result<Option<NextEvent>, DaemonError> {
    if tester.stake == 0 {
        return Ok(None);
    }
    let market = context.market();
    let epoch = market.epoch().await?;
    if epoch <= tester.lastEpoch {
        return Ok(Some(next_epoch(market, tester.lastEpoch)));
    }
    let account = context.account();
    context.market_for(&format!("unstake/{account}")).unstake(tester.stake).await?;
    Ok(None)
}

/// Waiting for the epoch behind this one.
fn next_epoch(market: &Market, epoch: u32) -> NextEvent {
    let (next, settings) = (epoch.saturating_add(1), market.settings());
    let what = format_args!("epoch {next}");
    if settings.clock == Clock::Second {
        let second = u64::from(next).saturating_mul(settings.epochLength.into());
        return NextEvent::at_tick(second, what);
    }
    NextEvent::untimed(what)
}
