//! The account, and what the market knows of it.

use alloy::primitives::U256;
use alloy::signers::local::PrivateKeySigner;
use muster_client::protocol::abi::Worker;
use muster_client::protocol::money;
use muster_client::{Application, Ether, Market, Node, message_key};

use crate::commands::doctor::finding::Report;
use crate::context::Context;
use crate::error::CliError;
use crate::output::account_text;

/// The gas of a dozen of the costliest steps of a daemon.
const GAS_RESERVE: u64 = 3_000_000;

/// Checks that there is an account, and that it can pay for gas.
pub(super) async fn check_account(
    context: &Context,
    node: &Node,
    report: &mut Report,
) -> Option<PrivateKeySigner> {
    let signer = match context.signer(node.chain_id()) {
        Ok(signer) => signer,
        Err(error) => {
            report.failed("account", &error);
            return None;
        }
    };
    let account = signer.address();
    report.ok("account", account_text(account));
    match balance_and_reserve(node, &signer).await {
        Ok((balance, reserve)) if balance < reserve => {
            let (balance, reserve) = (Ether::from(balance), Ether::from(reserve));
            let advice = format_args!("send {reserve} or more to {account}, for gas");
            report.wrong("balance", balance, advice);
        }
        Ok((balance, _)) => report.ok("balance", Ether::from(balance)),
        Err(error) => report.failed("balance", &error),
    }
    Some(signer)
}

/// What the account has, and what it should have for gas.
async fn balance_and_reserve(
    node: &Node,
    signer: &PrivateKeySigner,
) -> Result<(U256, U256), CliError> {
    let price = U256::from(node.head().await?.gas_price);
    let reserve = price.saturating_mul(U256::from(GAS_RESERVE));
    Ok((node.balance(signer.address()).await?, reserve))
}

/// The account as the market knows it, and the key to which messages for it are encrypted; `None` if it is not registered.
async fn registration(
    market: &Market,
    signer: &PrivateKeySigner,
) -> Result<Option<(Worker, bool)>, CliError> {
    let account = signer.address();
    let Some(key) = market.key_of(account).await? else { return Ok(None) };
    Ok(Some((market.worker(account).await?, key == message_key(signer))))
}

/// Checks the registration for a role; returns what the market knows of the account if it has that role.
async fn check_registration(
    market: &Market,
    signer: &PrivateKeySigner,
    is_tester: bool,
    report: &mut Report,
) -> Option<Worker> {
    let (role, other) = if is_tester { ("tester", "worker") } else { ("worker", "tester") };
    let (worker, has_own_key) = match registration(market, signer).await {
        Ok(Some(found)) => found,
        Ok(None) => {
            report.ok(
                "registration",
                format_args!("none yet; `muster {role} run` registers the account"),
            );
            return None;
        }
        Err(error) => {
            report.failed("registration", &error);
            return None;
        }
    };
    let application = Application(worker.application);
    if (application == Application::TESTER) != is_tester {
        let advice = format_args!("an account keeps its role: use another one for a {role}");
        report.wrong("registration", format_args!("the account is a {other}"), advice);
        return None;
    }
    report.ok("registration", format_args!("number {}, application {application}", worker.number));
    if has_own_key {
        report.ok("message key", "the account's own");
    } else {
        let advice =
            "register the account's own with `muster worker key`, or nobody can read its messages";
        report.wrong("message key", "another one than the account's own", advice);
    }
    Some(worker)
}

/// Checks the registration, stake and listing of a worker.
pub(super) async fn check_worker(market: &Market, signer: &PrivateKeySigner, report: &mut Report) {
    let Some(worker) = check_registration(market, signer, false, report).await else { return };
    let settings = market.settings();
    let bond = money::bond(worker.price, worker.maxLength, settings.bondBps, settings.minBond);
    let free = worker.stake.saturating_sub(worker.locked);
    if free < bond && worker.active == 0 {
        let missing = Ether::from(bond.saturating_sub(free));
        let advice = format_args!(
            "add {missing} with `muster worker stake`, or start the worker with --top-up"
        );
        report.wrong("stake", format_args!("{} is free", Ether::from(free)), advice);
    } else {
        report.ok(
            "stake",
            format_args!("{}, of which {} is free", Ether::from(worker.stake), Ether::from(free)),
        );
    }
    let (active, capacity) = (worker.active, worker.capacity);
    if worker.listed {
        report.ok("listing", format_args!("in the book, {active} of {capacity} slots taken"));
    } else if active >= capacity {
        report
            .ok("listing", format_args!("not in the book, because all {capacity} slots are taken"));
    } else if worker.available {
        report.wrong("listing", "not in the book", "put it back with `muster worker relist`");
    } else {
        let advice = "declare it available with `muster worker available yes`, or start the worker with --return";
        report.wrong("listing", "not in the book, because the worker is not available", advice);
    }
}

/// Checks the registration, stake and list of a tester.
pub(super) async fn check_tester(market: &Market, signer: &PrivateKeySigner, report: &mut Report) {
    let Some(tester) = check_registration(market, signer, true, report).await else { return };
    let (stake, bond) = (Ether::from(tester.stake), market.settings().testerBond);
    if tester.stake < bond {
        let advice = format_args!(
            "a tester has {}: add the rest with `muster worker stake`",
            Ether::from(bond)
        );
        report.wrong("stake", stake, advice);
    } else {
        report.ok("stake", stake);
    }
    match market.epoch().await {
        Ok(epoch) if tester.lastEpoch >= epoch => {
            report.ok("list", format_args!("checked in for epoch {}", tester.lastEpoch));
        }
        Ok(epoch) => {
            let advice = "run `muster tester run`, or `muster tester check-in` once in each epoch";
            report.wrong("list", format_args!("not checked in for epoch {epoch}"), advice);
        }
        Err(error) => report.failed("list", &error.into()),
    }
}
