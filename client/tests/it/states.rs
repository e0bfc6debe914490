//! Permissions by state: every call of an agreement by every kind of account, on both sides of
//! every boundary.

mod expected;
#[rustfmt::skip]
mod table;
mod views;

use std::collections::BTreeSet;

use alloy::primitives::Address;
use alloy::sol_types::{SolCall, SolInterface};
use muster_client::protocol::abi::Clock;
use muster_client::protocol::abi::IWorkAgreement::{
    IWorkAgreementCalls, acceptCall, cancelCall, releaseCall, reportBatchCall, reportCall,
    resignCall, settleCall, stateCall,
};
use muster_client::protocol::settings;
use muster_client::{Market, OrderRequest, Purchase};

use crate::harness::receipts::probed;
use crate::harness::{TestEnv, agreement, message_key_of, offer};
use crate::states::table::Phase;
use crate::states::views::views;

/// An agreement of three workers and four windows of six ticks, and all kinds of accounts.
pub(crate) struct StateScenario {
    /// The market.
    env: TestEnv,
    /// The account that bought it.
    client: Market,
    /// Three workers of the agreement: one stays, one resigns, one does not accept. And a worker of
    /// none.
    workers: Vec<Market>,
    /// Three testers, in the order of their places; the first one reports.
    testers: Vec<Market>,
    /// All callers: the above, a tester without a place, an unregistered account, and both
    /// contracts.
    callers: Vec<Address>,
    /// The purchase.
    purchase: Purchase,
}

impl StateScenario {
    /// Bought in this tick.
    async fn new(clock: Clock) -> Self {
        let env = TestEnv::with(settings::dev(clock)).await;
        let mut workers = Vec::new();
        for price in 1..=4 {
            workers.push(env.worker(offer(price)).await);
        }
        let testers = env.testers(3).await;
        let (client, placeless, outsider) =
            (env.new_account().await, env.new_account().await, env.new_account().await);
        let bond = env.settings.testerBond;
        env.tx(placeless.register_tester(message_key_of(&placeless), bond)).await.unwrap();
        let purchase = env.buy(&client, OrderRequest::Default { redundancy: 3, length: 24 }).await;
        let people = workers.iter().chain(&testers).chain([&client, &placeless, &outsider]);
        let mut callers: Vec<_> = people.map(|who| who.account().unwrap()).collect();
        callers.extend([env.dispatcher, env.implementation]);
        Self { env, client, workers, testers, callers, purchase }
    }

    /// The tick of the purchase, and the last tick to accept.
    async fn accept_ticks(&self) -> (u64, u64) {
        let bought = agreement(&self.client, &self.purchase).await.terms().header.purchased;
        (bought, bought + u64::from(self.env.settings.acceptWindow))
    }

    /// An account that has no part in it releases.
    async fn release(&self) {
        let view = agreement(&self.testers[2], &self.purchase).await;
        self.env.tx(view.release()).await.unwrap();
    }

    /// In `tick`, every caller gets the result in the row of the table.
    async fn check_at(&self, tick: u64, phase: &Phase) {
        self.env.advance_to(tick).await;
        self.check_now(phase).await;
    }

    /// The same in the next transaction's tick.
    async fn check_now(&self, phase: &Phase) {
        let (to, tick) = (self.purchase.agreement, self.env.next_tick().await);
        let stated = self.env.call(self.callers[0], to, &stateCall {}, 0).await;
        assert_eq!(stated, Ok(phase.state), "in {tick}");
        let view = agreement(&self.client, &self.purchase).await;
        let end = view.times(&view.progress().await.unwrap()).end();
        let (_, last) = self.accept_ticks().await;
        for caller in &self.callers {
            for (call, expected) in self.expected_results(*caller, phase, (tick, last, end)) {
                let answer = self.env.rpc.call(*caller, to, call.clone().into(), 0).await;
                let answer = answer.map(drop).map_err(|data| self.env.revert_reason(to, &data));
                let call = IWorkAgreementCalls::abi_decode(&call).unwrap();
                assert_eq!(answer, expected, "{:?} in {tick}: {caller} {call:?}", phase.state);
            }
        }
        self.check_views().await;
        self.check_open_calls(phase, (end, last)).await;
    }
}

/// From the purchase to the last tick of the second window, checked on both sides of every
/// boundary. Returns the first tick.
async fn run_to_second_window(scenario: &StateScenario, releases: bool) -> u64 {
    let (env, stays, leaves) = (&scenario.env, &scenario.workers[0], &scenario.workers[1]);
    let (bought, last) = scenario.accept_ticks().await;
    scenario.check_now(&table::OFFERED).await;
    let start = bought + 1;
    scenario.check_at(start, &table::OFFERED).await;
    env.accept(stays, &scenario.purchase).await;
    env.accept(leaves, &scenario.purchase).await;
    scenario.check_now(&table::RUNNING).await;
    scenario.check_at(last, &table::RUNNING).await;
    scenario.check_at(last + 1, &table::PARTLY_ACCEPTED).await;
    let after = |phase: Phase| if releases { phase.released() } else { phase };
    if releases {
        scenario.release().await;
        scenario.check_now(&after(table::PARTLY_ACCEPTED)).await;
    }
    scenario.check_at(start + 6, &after(table::PARTLY_ACCEPTED)).await;
    env.tx(agreement(leaves, &scenario.purchase).await.resign()).await.unwrap();
    scenario.check_now(&after(table::RESIGNED)).await;
    scenario.check_at(start + 11, &after(table::RESIGNED)).await;
    start
}

/// From there, where the client cancels, to the end.
async fn cancel_and_settle(scenario: &StateScenario, start: u64, releases: bool) {
    let env = &scenario.env;
    env.tx(agreement(&scenario.client, &scenario.purchase).await.cancel()).await.unwrap();
    let after = |phase: Phase| if releases { phase.released() } else { phase };
    scenario.check_now(&after(table::CANCELLED)).await;
    let end = start + 18;
    let due = end + u64::from(env.settings.reportWindow);
    scenario.check_at(end - 1, &after(table::CANCELLED)).await;
    // The slots of all workers can be freed now.
    scenario.check_at(end, &table::REPORTING).await;
    if releases {
        scenario.release().await;
        scenario.check_now(&after(table::REPORTING)).await;
    }
    env.report(&scenario.testers[0], &scenario.purchase, &probed(0, "3")).await;
    scenario.check_now(&after(table::REPORTED)).await;
    scenario.check_at(due - 1, &after(table::REPORTED)).await;
    scenario.check_at(due, &after(table::DUE)).await;
    scenario.check_at(due + 1_000, &after(table::DUE)).await;
    env.settle(&scenario.testers[1], &scenario.purchase).await;
    scenario.check_now(&table::SETTLED).await;
}

/// A whole lifecycle on a clock, with or without releases.
async fn run_accepted(clock: Clock, releases: bool) {
    let scenario = StateScenario::new(clock).await;
    let start = run_to_second_window(&scenario, releases).await;
    cancel_and_settle(&scenario, start, releases).await;
}

/// A lifecycle in which everybody that accepts resigns.
async fn run_left(clock: Clock) {
    let scenario = StateScenario::new(clock).await;
    let (env, purchase) = (&scenario.env, &scenario.purchase);
    let (_, last) = scenario.accept_ticks().await;
    env.accept(&scenario.workers[0], purchase).await;
    env.accept(&scenario.workers[1], purchase).await;
    env.advance_to(last).await;
    scenario.check_now(&table::RUNNING).await;
    env.tx(agreement(&scenario.workers[1], purchase).await.resign()).await.unwrap();
    env.tx(agreement(&scenario.workers[0], purchase).await.resign()).await.unwrap();
    if clock == Clock::Second {
        scenario.check_now(&table::ALL_RESIGNED).await;
        scenario.check_at(last + 1, &table::ALL_LEFT).await;
    }
    scenario.check_at(last + 2, &table::ALL_LEFT).await;
}

/// A lifecycle in which no worker accepts.
async fn run_unaccepted(clock: Clock) {
    let scenario = StateScenario::new(clock).await;
    let (_, last) = scenario.accept_ticks().await;
    scenario.check_at(last, &table::OFFERED).await;
    scenario.check_at(last + 1, &table::EXPIRED).await;
    scenario.check_at(last + 1_000, &table::EXPIRED).await;
    scenario.env.settle(&scenario.testers[1], &scenario.purchase).await;
    scenario.check_now(&table::VOID).await;
}

/// The table has every call: those that change something, and the views.
#[test]
fn every_call_of_an_agreement_is_in_the_table() {
    let acts = [
        acceptCall::SELECTOR,
        cancelCall::SELECTOR,
        resignCall::SELECTOR,
        releaseCall::SELECTOR,
        reportCall::SELECTOR,
        reportBatchCall::SELECTOR,
        settleCall::SELECTOR,
    ];
    let selector = |call: Vec<u8>| [call[0], call[1], call[2], call[3]];
    let calls: BTreeSet<_> = views().into_iter().map(selector).chain(acts).collect();
    assert!(IWorkAgreementCalls::selectors().eq(calls));
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_may_do_what_the_state_allows_on_a_clock_of_seconds() {
    run_accepted(Clock::Second, false).await;
    run_accepted(Clock::Second, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_may_do_what_the_state_allows_on_a_clock_of_blocks() {
    run_accepted(Clock::ArbBlock, false).await;
    run_accepted(Clock::ArbBlock, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_that_all_leave_ends_when_nobody_can_come() {
    Box::pin(run_left(Clock::Second)).await;
    Box::pin(run_left(Clock::ArbBlock)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_that_nobody_accepts_is_due_and_then_void_on_a_clock_of_seconds() {
    run_unaccepted(Clock::Second).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_that_nobody_accepts_is_due_and_then_void_on_a_clock_of_blocks() {
    run_unaccepted(Clock::ArbBlock).await;
}
