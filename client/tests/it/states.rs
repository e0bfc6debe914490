//! Who may do what when: every call by everybody, on both sides of every boundary.

use client::terms::abi::IWorkAgreement::{
    AlreadyAccepted, NotAWorker, NotTheTester, PlaceOutOfRange, TooLateToAccept, WrongState,
    acceptCall, endCall, settleCall, stateCall,
};
use client::terms::abi::{Clock, State};
use client::terms::settings;
use client::{Market, Purchase, Refusal, Want};

use crate::harness::receipts::seen;
use crate::harness::words::contract;
use crate::harness::{World, offer};

/// Whether a call is allowed, or what stands against it.
type Verdict = Result<(), Refusal>;

/// An agreement of two workers and four windows, and everybody who could want something of it.
struct Story {
    /// The market.
    world: World,
    /// Chosen, accepts.
    ada: Market,
    /// Chosen, does not.
    ben: Market,
    /// A client, a worker that was not chosen, and a stranger.
    others: Vec<Market>,
    /// Three, in the order of their places.
    testers: Vec<Market>,
    /// What was bought.
    purchase: Purchase,
    /// Its length.
    length: u64,
}

impl Story {
    /// Bought in this very tick.
    async fn new(clock: Clock) -> Self {
        let world = World::with(settings::dev(clock)).await;
        let (ada, ben) = (world.worker(offer(1)).await, world.worker(offer(2)).await);
        let others = vec![world.person().await, world.worker(offer(3)).await, world.person().await];
        let testers = world.testers(3).await;
        let purchase = world.buy(&others[0], Want::Usual { redundancy: 2, length: 24 }).await;
        Self { world, ada, ben, others, testers, purchase, length: 24 }
    }

    /// The tick of the purchase.
    async fn bought(&self) -> u64 {
        let seen = self.ada.agreement(self.purchase.agreement).await.unwrap();
        seen.terms().head.purchased
    }

    /// The last tick to accept.
    async fn last(&self) -> u64 {
        self.bought().await + u64::from(self.world.settings.acceptWindow)
    }

    /// Whether `who` may accept in the next tick.
    async fn accept(&self, who: &Market) -> Verdict {
        let from = who.account().unwrap();
        let answer = self.world.ask(from, self.purchase.agreement, &acceptCall {}, 0).await;
        answer.map(|_| ())
    }

    /// Whether `who` may report from a place in the next tick.
    async fn report(&self, who: &Market, place: u32) -> Verdict {
        let (from, to) = (who.account().unwrap(), self.purchase.agreement);
        let call = self.world.testimony(who, to, place, &[seen(0, 1, 1)]).await;
        self.world.ask(from, to, &call, 0).await.map(|_| ())
    }

    /// Whether `who` may settle in the next tick.
    async fn settle(&self, who: &Market) -> Verdict {
        let (from, call) = (who.account().unwrap(), settleCall { hints: vec![] });
        self.world.ask(from, self.purchase.agreement, &call, 0).await.map(|_| ())
    }

    /// In `tick`, the agreement is in `state` and all calls are allowed or refused as that demands.
    async fn at(&self, tick: u64, state: State, ada: Verdict, ben: Verdict) {
        self.world.at(tick).await;
        self.now(state, ada, ben).await;
    }

    /// The same in the next transaction's tick.
    async fn now(&self, state: State, ada: Verdict, ben: Verdict) {
        let (from, agreement) = (self.ada.account().unwrap(), self.purchase.agreement);
        assert_eq!(self.world.ask(from, agreement, &stateCall {}, 0).await, Ok(state));
        assert_eq!(self.accept(&self.ada).await, ada, "{state:?}");
        assert_eq!(self.accept(&self.ben).await, ben, "{state:?}");
        let bystanders: Vec<_> = self.others.iter().chain(&self.testers).collect();
        for who in &bystanders {
            let refusal = contract(NotAWorker { caller: who.account().unwrap() });
            assert_eq!(self.accept(who).await, refusal, "{state:?}");
        }
        let everybody = [&self.ada, &self.ben].into_iter().chain(bystanders);
        for who in everybody {
            for place in 0..5 {
                let index = usize::try_from(place).unwrap();
                let holder = self.testers.get(index).map(|tester| tester.account().unwrap());
                let caller = who.account().unwrap();
                let expected = match (state, holder) {
                    (State::Reporting, Some(holder)) if holder == caller => Ok(()),
                    (State::Reporting, Some(_)) => contract(NotTheTester { place, caller }),
                    (State::Reporting, None) => contract(PlaceOutOfRange { place, pool: 3 }),
                    (state, _) => contract(WrongState { state }),
                };
                assert_eq!(self.report(who, place).await, expected);
            }
            let due = state == State::Due;
            let expected = if due { Ok(()) } else { contract(WrongState { state }) };
            assert_eq!(self.settle(who).await, expected);
        }
    }
}

/// A whole life on a clock, looked at on both sides of every boundary.
async fn life(clock: Clock) {
    let story = Story::new(clock).await;
    let (p, last) = (story.bought().await, story.last().await);
    let accepted = || contract(AlreadyAccepted { worker: story.ada.account().unwrap() });
    let late = |tick| contract(TooLateToAccept { tick, last });
    let wrong = |state| contract(WrongState { state });

    story.now(State::Offered, Ok(()), Ok(())).await;
    story.world.at(p + 1).await;
    story.now(State::Offered, Ok(()), Ok(())).await;
    story.world.accept(&story.ada, &story.purchase).await;
    let start = p + 1;
    let end = start + story.length;
    let anybody = story.ada.account().unwrap();
    let told = story.world.ask(anybody, story.purchase.agreement, &endCall {}, 0).await;
    assert_eq!(told, Ok(end));
    story.now(State::Running, accepted(), Ok(())).await;
    story.at(last, State::Running, accepted(), Ok(())).await;
    story.at(last + 1, State::Running, accepted(), late(last + 1)).await;
    story.at(end - 1, State::Running, accepted(), late(end - 1)).await;

    let due = end + u64::from(story.world.settings.reportWindow);
    story.at(end, State::Reporting, accepted(), wrong(State::Reporting)).await;
    story.at(due - 1, State::Reporting, accepted(), wrong(State::Reporting)).await;
    story.at(due, State::Due, accepted(), late(due)).await;
    story.at(due + 1_000, State::Due, accepted(), late(due + 1_000)).await;
    let stranger = &story.others[2];
    story.world.settle(stranger, &story.purchase).await;
    story.now(State::Settled, accepted(), wrong(State::Settled)).await;
}

/// A life in which nobody accepts.
async fn idle(clock: Clock) {
    let story = Story::new(clock).await;
    let last = story.last().await;
    story.at(last, State::Offered, Ok(()), Ok(())).await;
    let late = |tick| contract(TooLateToAccept { tick, last });
    story.at(last + 1, State::Due, late(last + 1), late(last + 1)).await;
    let wrong = || contract(WrongState { state: State::Void });
    story.world.settle(&story.others[2], &story.purchase).await;
    story.now(State::Void, wrong(), wrong()).await;
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
