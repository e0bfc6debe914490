//! Membership among the testers: bond, message key, a place in every epoch's list, and leaving.

use muster_client::Market;
use muster_client::protocol::abi::{Clock, Worker};

use crate::context::DaemonContext;
use crate::error::DaemonError;
use crate::health::NextEvent;

/// Registers, tops up the bond, and registers the account's message key; returns whether any of that was needed.
pub(super) async fn ensure_joined(
    context: &DaemonContext,
    registration: Option<&Worker>,
) -> Result<bool, DaemonError> {
    let (account, bond) = (context.account(), context.market().settings().testerBond);
    let key = context.message_key()?.public();
    let Some(tester) = registration else {
        context.market_for(&format!("join/{account}")).register_tester(key, bond).await?;
        return Ok(true);
    };
    let has_other_key = tester.key != key;
    if has_other_key {
        context.market_for(&format!("key/{account}")).set_key(key).await?;
    }
    let missing = bond.saturating_sub(tester.stake);
    if missing > 0 {
        context.market_for(&format!("bond/{account}")).stake(missing).await?;
    }
    Ok(has_other_key || missing > 0)
}

/// Checks in for the epoch after this one.
pub(super) async fn check_in(context: &DaemonContext, epoch: u32) -> Result<(), DaemonError> {
    context.market_for(&format!("check-in/{epoch}")).check_in().await?;
    metrics::counter!("muster_tester_check_ins_total").increment(1);
    Ok(())
}

/// Takes the bond back, once no current list has a place of the tester; `None` when that is done.
pub(super) async fn leave(
    context: &DaemonContext,
    tester: &Worker,
) -> Result<Option<NextEvent>, DaemonError> {
    if tester.stake == 0 {
        return Ok(None);
    }
    let market = context.market();
    let epoch = market.epoch().await?;
    // Agreements that draw from a list can ask for reports as long as this.
    let locked = tester.lastEpoch.saturating_add(market.settings().lockEpochs.into());
    if epoch <= locked {
        return Ok(Some(next_epoch(market, locked, "in which its bond is free")));
    }
    let account = context.account();
    context.market_for(&format!("unstake/{account}")).unstake(tester.stake).await?;
    Ok(None)
}

/// The start of the epoch after this one, for which the tester is checked in.
pub(super) fn next_list(market: &Market, epoch: u32) -> NextEvent {
    next_epoch(market, epoch, "whose purchases may draw it as a tester")
}

/// The start of the epoch after this one, which means this for the tester.
fn next_epoch(market: &Market, epoch: u32, meaning: &str) -> NextEvent {
    let (next, settings) = (epoch.saturating_add(1), market.settings());
    let what = format_args!("epoch {next}, {meaning}");
    if settings.clock == Clock::Second {
        let second = u64::from(next).saturating_mul(settings.epochLength.into());
        return NextEvent::at_tick(second, what);
    }
    NextEvent::untimed(what)
}
