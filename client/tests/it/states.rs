//! Permissions by state: every call of an agreement by every kind of account, on both sides of
//! every boundary.

#[rustfmt::skip]
mod table;

use std::collections::BTreeSet;

use alloy::primitives::{Address, B256, U256};
use alloy::sol_types::{SolCall, SolInterface};
use muster_client::protocol::abi::IWorkAgreement::{
    AlreadyAccepted, AlreadyReported, AlreadyResigned, CannotShorten, IWorkAgreementCalls,
    NotAWorker, NotAccepted, NotTheClient, NotTheTester, PlaceOutOfRange, TooLateToAccept,
    WindowUnknown, WrongState, acceptCall, applicationCall, cancelCall, clientCall, endCall,
    priceCall, progressCall, redundancyCall, reportCall, reportedCall, resignCall, settleCall,
    stateCall, termsCall, testersCall, workersCall,
};
use muster_client::protocol::abi::{Clock, State};
use muster_client::protocol::settings;
use muster_client::{Market, OrderRequest, Purchase, RevertReason};

use crate::harness::expected::agreement_error;
use crate::harness::receipts::unsigned_entry;
use crate::harness::{TestEnv, agreement, message_key_of, offer};
use crate::states::table::Expected::{self, Absent, Again, Done, Late, Wrong};
use crate::states::table::Phase;

/// Every view, with arguments in range.
fn views() -> Vec<Vec<u8>> {
    let mut calls = vec![
        clientCall {}.abi_encode(),
        workersCall {}.abi_encode(),
        priceCall {}.abi_encode(),
        redundancyCall {}.abi_encode(),
        applicationCall {}.abi_encode(),
        endCall {}.abi_encode(),
        termsCall {}.abi_encode(),
        stateCall {}.abi_encode(),
        progressCall {}.abi_encode(),
        reportedCall { place: 0, index: 2 }.abi_encode(),
    ];
    calls.extend((0..4).map(|window| testersCall { window: U256::from(window) }.abi_encode()));
    calls
}

/// An agreement of three workers and four windows of six ticks, and all kinds of accounts.
struct StateScenario {
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

/// Whether one of these markets is an account's.
fn is_account_of(who: &Market, account: Address) -> bool {
    who.account().unwrap() == account
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
        let progress = agreement(&self.client, &self.purchase).await.progress().await.unwrap();
        let (_, last) = self.accept_ticks().await;
        for caller in &self.callers {
            for (call, expected) in
                self.expected_results(*caller, phase, (tick, last, progress.windows))
            {
                let answer = self.env.rpc.call(*caller, to, call.clone().into(), 0).await;
                let answer = answer.map(drop).map_err(|data| self.env.revert_reason(to, &data));
                let call = IWorkAgreementCalls::abi_decode(&call).unwrap();
                assert_eq!(answer, expected, "{:?} in {tick}: {caller} {call:?}", phase.state);
            }
        }
        for view in views() {
            let mut answers = BTreeSet::new();
            for caller in &self.callers {
                let answer = self.env.rpc.call(*caller, to, view.clone().into(), 0).await;
                answers.insert(answer.unwrap());
            }
            assert_eq!(answers.len(), 1, "the answers differ");
        }
    }

    /// Every call that changes something, and one that is out of range, with the caller's expected
    /// result: in this tick, with this last tick to accept, and with this many windows to be
    /// judged.
    fn expected_results(
        &self,
        caller: Address,
        phase: &Phase,
        (tick, last, windows): (u64, u64, u8),
    ) -> Vec<(Vec<u8>, Result<(), RevertReason>)> {
        let state = phase.state;
        let result = |expected, again| match expected {
            Done => Ok(()),
            Wrong => agreement_error(WrongState { state }),
            Late => agreement_error(TooLateToAccept { tick, last }),
            Again => again,
            Absent => agreement_error(NotAccepted { worker: caller }),
        };
        let chosen = self.workers.iter().take(3).position(|worker| is_account_of(worker, caller));
        let worker = |expected: [Expected; 3], again| match chosen {
            Some(index) => result(expected[index], again),
            None => agreement_error(NotAWorker { caller }),
        };
        let accepted = worker(phase.accept, agreement_error(AlreadyAccepted { worker: caller }));
        let resigned = worker(phase.resign, agreement_error(AlreadyResigned { worker: caller }));
        let cancelled = if is_account_of(&self.client, caller) {
            result(phase.cancel, agreement_error(CannotShorten { windows }))
        } else {
            agreement_error(NotTheClient { caller })
        };
        let mut acts = vec![
            (acceptCall {}.abi_encode(), accepted),
            (resignCall {}.abi_encode(), resigned),
            (cancelCall {}.abi_encode(), cancelled),
            (settleCall { hints: vec![] }.abi_encode(), result(phase.settle, Ok(()))),
        ];
        let holders = self.testers.iter().map(Some).chain([None, None]);
        for (place, holder) in (0..).zip(holders) {
            let [speaks, silent] = phase.report;
            let own = if place == 0 { speaks } else { silent };
            let reported = match holder {
                None if state == State::Reporting => {
                    agreement_error(PlaceOutOfRange { place, pool: 3 })
                }
                Some(holder) if state == State::Reporting && !is_account_of(holder, caller) => {
                    agreement_error(NotTheTester { place, caller })
                }
                _ => result(own, agreement_error(AlreadyReported { place })),
            };
            let report =
                reportCall { place, salt: B256::ZERO, entries: vec![unsigned_entry(0, 1, 0)] };
            acts.push((report.abi_encode(), reported));
        }
        let beyond = testersCall { window: U256::from(4) };
        let unknown = WindowUnknown { window: beyond.window, windows: 4 };
        acts.push((beyond.abi_encode(), agreement_error(unknown)));
        acts
    }
}

/// From the purchase to the last tick of the second window, checked on both sides of every
/// boundary. Returns the first tick.
async fn run_to_second_window(scenario: &StateScenario) -> u64 {
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
    scenario.check_at(start + 6, &table::PARTLY_ACCEPTED).await;
    env.tx(agreement(leaves, &scenario.purchase).await.resign()).await.unwrap();
    scenario.check_now(&table::RESIGNED).await;
    scenario.check_at(start + 11, &table::RESIGNED).await;
    start
}

/// From there, where the client cancels, to the end.
async fn cancel_and_settle(scenario: &StateScenario, start: u64) {
    let env = &scenario.env;
    env.tx(agreement(&scenario.client, &scenario.purchase).await.cancel()).await.unwrap();
    scenario.check_now(&table::CANCELLED).await;
    let end = start + 18;
    let due = end + u64::from(env.settings.reportWindow);
    scenario.check_at(end - 1, &table::CANCELLED).await;
    scenario.check_at(end, &table::REPORTING).await;
    env.report(&scenario.testers[0], &scenario.purchase, &[unsigned_entry(0, 1, 1)]).await;
    scenario.check_now(&table::REPORTED).await;
    scenario.check_at(due - 1, &table::REPORTED).await;
    scenario.check_at(due, &table::DUE).await;
    scenario.check_at(due + 1_000, &table::DUE).await;
    env.settle(&scenario.testers[1], &scenario.purchase).await;
    scenario.check_now(&table::SETTLED).await;
}

/// A whole lifecycle on a clock.
async fn run_accepted(clock: Clock) {
    let scenario = StateScenario::new(clock).await;
    let start = run_to_second_window(&scenario).await;
    cancel_and_settle(&scenario, start).await;
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
        reportCall::SELECTOR,
        settleCall::SELECTOR,
    ];
    let selector = |call: Vec<u8>| [call[0], call[1], call[2], call[3]];
    let calls: BTreeSet<_> = views().into_iter().map(selector).chain(acts).collect();
    assert!(IWorkAgreementCalls::selectors().eq(calls));
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_may_do_what_the_state_allows_on_a_clock_of_seconds() {
    run_accepted(Clock::Second).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_may_do_what_the_state_allows_on_a_clock_of_blocks() {
    run_accepted(Clock::ArbBlock).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_that_nobody_accepts_is_due_and_then_void_on_a_clock_of_seconds() {
    run_unaccepted(Clock::Second).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_that_nobody_accepts_is_due_and_then_void_on_a_clock_of_blocks() {
    run_unaccepted(Clock::ArbBlock).await;
}
