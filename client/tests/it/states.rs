//! Who may do what when: every call of an agreement by everybody, on both sides of every boundary.

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
use muster_client::{Market, Purchase, Refusal, Want};

use crate::harness::receipts::seen;
use crate::harness::words::contract;
use crate::harness::{World, agreement, key, offer};
use crate::states::table::Hears::{self, Absent, Again, Done, Late, Wrong};
use crate::states::table::Moment;

/// Every call that only reads, with arguments that are in range.
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

/// An agreement of three workers and four windows of six ticks, and everybody who could want something
/// of it.
struct Story {
    /// The market.
    world: World,
    /// Bought it.
    client: Market,
    /// Three that were chosen: one stays, one leaves, one stays away. And one that was not.
    workers: Vec<Market>,
    /// Three, in the order of their places; the first one speaks.
    testers: Vec<Market>,
    /// Everybody: the above, a tester without a place, a stranger, and both contracts.
    everybody: Vec<Address>,
    /// What was bought.
    purchase: Purchase,
}

/// Whether these are an account's.
fn is(who: &Market, account: Address) -> bool {
    who.account().unwrap() == account
}

impl Story {
    /// Bought in this very tick.
    async fn new(clock: Clock) -> Self {
        let world = World::with(settings::dev(clock)).await;
        let mut workers = Vec::new();
        for price in 1..=4 {
            workers.push(world.worker(offer(price)).await);
        }
        let testers = world.testers(3).await;
        let (client, placeless, stranger) =
            (world.person().await, world.person().await, world.person().await);
        let bond = world.settings.testerBond;
        world.tx(placeless.register_tester(key(&placeless), bond)).await.unwrap();
        let purchase = world.buy(&client, Want::Usual { redundancy: 3, length: 24 }).await;
        let people = workers.iter().chain(&testers).chain([&client, &placeless, &stranger]);
        let mut everybody: Vec<_> = people.map(|who| who.account().unwrap()).collect();
        everybody.extend([world.dispatcher, world.implementation]);
        Self { world, client, workers, testers, everybody, purchase }
    }

    /// The tick of the purchase, and the last one to accept.
    async fn ticks(&self) -> (u64, u64) {
        let bought = agreement(&self.client, &self.purchase).await.terms().header.purchased;
        (bought, bought + u64::from(self.world.settings.acceptWindow))
    }

    /// In `tick`, everybody hears what a row of the table says.
    async fn at(&self, tick: u64, moment: &Moment) {
        self.world.at(tick).await;
        self.now(moment).await;
    }

    /// The same in the next transaction's tick.
    async fn now(&self, moment: &Moment) {
        let (to, tick) = (self.purchase.agreement, self.world.tick().await);
        let stated = self.world.ask(self.everybody[0], to, &stateCall {}, 0).await;
        assert_eq!(stated, Ok(moment.state), "in {tick}");
        let progress = agreement(&self.client, &self.purchase).await.progress().await.unwrap();
        let (_, last) = self.ticks().await;
        for caller in &self.everybody {
            for (call, expected) in self.acts(*caller, moment, (tick, last, progress.windows)) {
                let answer = self.world.wire.call(*caller, to, call.clone().into(), 0).await;
                let answer = answer.map(drop).map_err(|data| self.world.refusal(to, &data));
                let call = IWorkAgreementCalls::abi_decode(&call).unwrap();
                assert_eq!(answer, expected, "{:?} in {tick}: {caller} {call:?}", moment.state);
            }
        }
        for view in views() {
            let mut answers = BTreeSet::new();
            for caller in &self.everybody {
                let answer = self.world.wire.call(*caller, to, view.clone().into(), 0).await;
                answers.insert(answer.unwrap());
            }
            assert_eq!(answers.len(), 1, "everybody is told the same");
        }
    }

    /// Every call that does something, and one that asks for too much, with what the caller hears: in
    /// this tick, with this last one to accept, and with so many windows to be judged.
    fn acts(
        &self,
        caller: Address,
        moment: &Moment,
        (tick, last, windows): (u64, u64, u8),
    ) -> Vec<(Vec<u8>, Result<(), Refusal>)> {
        let state = moment.state;
        let told = |hears, again| match hears {
            Done => Ok(()),
            Wrong => contract(WrongState { state }),
            Late => contract(TooLateToAccept { tick, last }),
            Again => again,
            Absent => contract(NotAccepted { worker: caller }),
        };
        let chosen = self.workers.iter().take(3).position(|worker| is(worker, caller));
        let worker = |hears: [Hears; 3], again| match chosen {
            Some(index) => told(hears[index], again),
            None => contract(NotAWorker { caller }),
        };
        let accepted = worker(moment.accept, contract(AlreadyAccepted { worker: caller }));
        let resigned = worker(moment.resign, contract(AlreadyResigned { worker: caller }));
        let cancelled = if is(&self.client, caller) {
            told(moment.cancel, contract(CannotShorten { windows }))
        } else {
            contract(NotTheClient { caller })
        };
        let mut acts = vec![
            (acceptCall {}.abi_encode(), accepted),
            (resignCall {}.abi_encode(), resigned),
            (cancelCall {}.abi_encode(), cancelled),
            (settleCall { hints: vec![] }.abi_encode(), told(moment.settle, Ok(()))),
        ];
        let holders = self.testers.iter().map(Some).chain([None, None]);
        for (place, holder) in (0..).zip(holders) {
            let [speaks, silent] = moment.report;
            let own = if place == 0 { speaks } else { silent };
            let reported = match holder {
                None if state == State::Reporting => contract(PlaceOutOfRange { place, pool: 3 }),
                Some(holder) if state == State::Reporting && !is(holder, caller) => {
                    contract(NotTheTester { place, caller })
                }
                _ => told(own, contract(AlreadyReported { place })),
            };
            let report = reportCall { place, salt: B256::ZERO, entries: vec![seen(0, 1, 0)] };
            acts.push((report.abi_encode(), reported));
        }
        let beyond = testersCall { window: U256::from(4) };
        let unknown = WindowUnknown { window: beyond.window, windows: 4 };
        acts.push((beyond.abi_encode(), contract(unknown)));
        acts
    }
}

/// From the purchase to the last tick of the second window, looked at on both sides of every
/// boundary. Tells the first tick.
async fn begin(story: &Story) -> u64 {
    let (world, stays, leaves) = (&story.world, &story.workers[0], &story.workers[1]);
    let (bought, last) = story.ticks().await;
    story.now(&table::OFFERED).await;
    let start = bought + 1;
    story.at(start, &table::OFFERED).await;
    world.accept(stays, &story.purchase).await;
    world.accept(leaves, &story.purchase).await;
    story.now(&table::RUNNING).await;
    story.at(last, &table::RUNNING).await;
    story.at(last + 1, &table::ALONE).await;
    story.at(start + 6, &table::ALONE).await;
    world.tx(agreement(leaves, &story.purchase).await.resign()).await.unwrap();
    story.now(&table::LEFT).await;
    story.at(start + 11, &table::LEFT).await;
    start
}

/// From there, where the client cancels, to the end.
async fn end(story: &Story, start: u64) {
    let world = &story.world;
    world.tx(agreement(&story.client, &story.purchase).await.cancel()).await.unwrap();
    story.now(&table::CUT).await;
    let end = start + 18;
    let due = end + u64::from(world.settings.reportWindow);
    story.at(end - 1, &table::CUT).await;
    story.at(end, &table::REPORTING).await;
    world.report(&story.testers[0], &story.purchase, &[seen(0, 1, 1)]).await;
    story.now(&table::REPORTED).await;
    story.at(due - 1, &table::REPORTED).await;
    story.at(due, &table::DUE).await;
    story.at(due + 1_000, &table::DUE).await;
    world.settle(&story.testers[1], &story.purchase).await;
    story.now(&table::SETTLED).await;
}

/// A whole life on a clock.
async fn life(clock: Clock) {
    let story = Story::new(clock).await;
    let start = begin(&story).await;
    end(&story, start).await;
}

/// A life in which nobody accepts.
async fn idle(clock: Clock) {
    let story = Story::new(clock).await;
    let (_, last) = story.ticks().await;
    story.at(last, &table::OFFERED).await;
    story.at(last + 1, &table::FORSAKEN).await;
    story.at(last + 1_000, &table::FORSAKEN).await;
    story.world.settle(&story.testers[1], &story.purchase).await;
    story.now(&table::VOID).await;
}

/// The table has every call: those that do something, and those that read.
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
    life(Clock::Second).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_may_do_what_the_state_allows_on_a_clock_of_blocks() {
    life(Clock::ArbBlock).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_that_nobody_accepts_is_due_and_then_void_on_a_clock_of_seconds() {
    idle(Clock::Second).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_that_nobody_accepts_is_due_and_then_void_on_a_clock_of_blocks() {
    idle(Clock::ArbBlock).await;
}
