//! Settlement: from shares to money.

use muster_client::protocol::abi::IWorkAgreement::{Closed, WrongState, settleCall};
use muster_client::protocol::abi::IWorkerDispatcher::{
    AgreementSettled, AvailabilityChanged, Burned, ReputationChanged, Unlisted,
};
use muster_client::protocol::abi::{Clock, Order, State, WorkerResult};
use muster_client::protocol::reputation::ONE_OBSERVATION;
use muster_client::protocol::settings;
use muster_client::{MarketEvent, Offer, OrderRequest, Settlement};

use crate::harness::expected::{agreement_error, agreement_event, dispatcher_event};
use crate::harness::receipts::probed;
use crate::harness::settlement::{
    absent_worker, paid_worker, run_to_settlement, tester_fee, tester_fees,
};
use crate::harness::{ETHER, TestEnv, evm, offer};
use crate::quote::order;

#[tokio::test(flavor = "multi_thread")]
async fn the_median_decides_a_window_of_two_the_higher_and_silence_says_nothing() {
    for clock in [Clock::Second, Clock::ArbBlock] {
        let env = TestEnv::with(settings::dev(clock)).await;
        let (ada, cleo) = (env.worker(offer(1_000)).await, env.new_account().await);
        let testers = env.testers(3).await;
        let purchase = env.buy(&cleo, OrderRequest::Default { redundancy: 1, length: 25 }).await;
        env.accept(&ada, &purchase).await;
        // In twelfths: 12, 8 and 0 in window 0; 0, 0 and 12 in window 1; 12 and 4 in window 2; nothing
        // in window 3. The medians are 8, 0 and 12.
        let reports = [probed(0, "303-"), probed(0, "201-"), probed(0, "03--")];
        let settlement = run_to_settlement(&env, &testers, &purchase, &reports).await;

        // Twenty of thirty-six twelfths were served in windows of equal length, and nine tenths were
        // promised. A seat is paid within five twelfths of the median, of the nearer one of two.
        let pay = 25_000 * 20 / 36;
        let refund = purchase.escrow - pay - 6 * env.settings.minTesterFee;
        let mut expected = [tester_fee(&env, &testers[0], 3), tester_fee(&env, &testers[1], 3)];
        expected.sort_unstable();
        assert_eq!(settlement.workers, [paid_worker(&env, &ada, pay, 25, (3, 5_555, 6))]);
        assert_eq!((tester_fees(&settlement), settlement.refund), (expected.to_vec(), refund));

        let (agreement, client) = (purchase.agreement, cleo.account().unwrap());
        let Settlement { workers, testers: paid, receipt, .. } = settlement;
        let settled =
            AgreementSettled { agreement, client, refund, compensation: 0, workers, testers: paid };
        // The six seats are 325 ten thousandths of an observation.
        let (weight, worker) = (ONE_OBSERVATION * 325 / 10_000, ada.account().unwrap());
        let (good, bad) = (weight * 5_555 / 10_000, weight * 4_445 / 10_000);
        let events = [
            agreement_event(agreement, Closed { state: State::Settled }),
            dispatcher_event(ReputationChanged { worker, good, bad }),
            dispatcher_event(settled),
        ];
        assert_eq!(env.events(&receipt), events);
        let credits = env.credits().await;
        assert_eq!(credits[&client], refund);
        assert_eq!(credits[&ada.account().unwrap()], pay);
        assert_eq!(credits.get(&testers[2].account().unwrap()), Some(&0));
        assert_eq!(env.rpc.balance(agreement).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promise_is_kept_to_the_basis_point() {
    let env = TestEnv::new().await;
    let deal = |promise| Offer { promise, ..offer(1_001) };
    let (ada, ben) = (env.worker(deal(7_500)).await, env.worker(deal(7_501)).await);
    let (testers, cleo) = (env.testers(3).await, env.new_account().await);
    let wanted = Order { windows: 4, testers: 3, ..order(2, 24) };
    let purchase = env.buy(&cleo, OrderRequest::Custom(wanted)).await;
    env.accept(&ada, &purchase).await;
    env.accept(&ben, &purchase).await;
    let three_of_four = [probed(0, "3330"), probed(1, "3330")].concat();
    let reports = [three_of_four.clone(), three_of_four.clone(), three_of_four];
    let settlement = run_to_settlement(&env, &testers, &purchase, &reports).await;
    let share = 24_024 * 3 / 4;
    let whole = paid_worker(&env, &ada, 24_024, 24, (4, 7_500, 12));
    // No seat vouches for the last window: one basis point of 7 501 is missing.
    let slash = env.settings.minBond / 7_501;
    let less = WorkerResult { slash, ..paid_worker(&env, &ben, share, 24, (4, 7_500, 12)) };
    assert_eq!(settlement.workers, [whole, less]);
    let mut expected: Vec<_> = testers.iter().map(|who| tester_fee(&env, who, 8)).collect();
    expected.sort_unstable();
    assert_eq!(tester_fees(&settlement), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_about_whom_nothing_is_known_is_paid_in_full() {
    let env = TestEnv::new().await;
    let (ada, ben) = (env.worker(offer(10)).await, env.worker(offer(20)).await);
    let (testers, cleo) = (env.testers(3).await, env.new_account().await);
    for reports in [vec![], vec![probed(1, "0000")]] {
        let purchase = env.buy(&cleo, OrderRequest::Default { redundancy: 2, length: 24 }).await;
        env.accept(&ada, &purchase).await;
        env.accept(&ben, &purchase).await;
        let settlement = run_to_settlement(&env, &testers, &purchase, &reports).await;
        // The one tester that reported, reported on the other worker alone.
        let (pay, windows) = if reports.is_empty() { (480, 0) } else { (0, 4) };
        let known = paid_worker(&env, &ben, pay, 24, (windows, 0, windows.into()));
        assert_eq!(settlement.workers, [paid_worker(&env, &ada, 240, 24, (0, 0, 0)), known]);
        let seats = u16::from(windows);
        let expected = [tester_fee(&env, &testers[0], seats)];
        assert_eq!(tester_fees(&settlement), expected[..usize::from(seats > 0)]);
        let earned = 240 + pay + env.settings.minTesterFee * u128::from(seats);
        assert_eq!(settlement.refund, purchase.escrow - earned);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_did_not_accept_gets_nothing_and_its_fees_are_refunded() {
    let env = TestEnv::new().await;
    let (ada, ben) = (env.worker(offer(10)).await, env.worker(offer(20)).await);
    let (testers, cleo) = (env.testers(3).await, env.new_account().await);
    let purchase = env.buy(&cleo, OrderRequest::Default { redundancy: 2, length: 24 }).await;
    env.accept(&ben, &purchase).await;
    let all = probed(1, "3333");
    let settlement =
        run_to_settlement(&env, &testers, &purchase, &[all.clone(), all.clone(), all]).await;
    let tenth = env.settings.minBond / 10;
    let there = paid_worker(&env, &ben, 480, 24, (4, 10_000, 12));
    assert_eq!(settlement.workers, [absent_worker(&ada, tenth), there]);
    let mut expected: Vec<_> = testers.iter().map(|who| tester_fee(&env, who, 4)).collect();
    expected.sort_unstable();
    assert_eq!(tester_fees(&settlement), expected);
    // The client paid nothing to the absent worker, so the penalty is burned.
    assert_eq!(settlement.refund, 240 + 12 * env.settings.minTesterFee);
    assert_eq!((settlement.compensation, settlement.burned), (0, tenth));
    for (who, stake, misses) in [(&ada, ETHER - tenth, 1), (&ben, ETHER, 0)] {
        let free = who.worker(who.account().unwrap()).await.unwrap();
        assert_eq!((free.active, free.locked, free.stake), (0, 0, stake));
        assert_eq!((free.available, free.listed, free.misses), (misses == 0, misses == 0, misses));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_without_accepts_is_refunded_whole() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (env.worker(offer(1_000)).await, env.new_account().await);
    env.testers(3).await;
    let purchase = env.buy(&cleo, OrderRequest::Default { redundancy: 1, length: 24 }).await;
    let bonded = ada.worker(ada.account().unwrap()).await.unwrap();
    assert_eq!((bonded.active, bonded.locked), (1, env.settings.minBond));
    env.advance(env.settings.acceptWindow + 1).await;
    let settlement = env.settle(&ada, &purchase).await;
    let (worker, tenth) = (ada.account().unwrap(), env.settings.minBond / 10);
    assert_eq!(settlement.workers, [absent_worker(&ada, tenth)]);
    assert_eq!((settlement.refund, settlement.testers.len()), (purchase.escrow, 0));
    // The client lost nothing, so the penalty is burned.
    assert_eq!((settlement.compensation, settlement.burned), (0, tenth));
    let agreement = purchase.agreement;
    let Settlement { refund, compensation, workers, testers, receipt, .. } = settlement;
    let client = cleo.account().unwrap();
    let settled = AgreementSettled { agreement, client, refund, compensation, workers, testers };
    let events = [
        agreement_event(agreement, Closed { state: State::Void }),
        dispatcher_event(ReputationChanged { worker, good: 0, bad: ONE_OBSERVATION }),
        dispatcher_event(AvailabilityChanged { worker, available: false }),
        dispatcher_event(Unlisted { worker }),
        dispatcher_event(Burned { agreement, amount: tenth }),
        dispatcher_event(settled),
    ];
    assert_eq!(env.events(&receipt), events);
    let free = ada.worker(worker).await.unwrap();
    assert_eq!((free.active, free.locked, free.stake), (0, 0, ETHER - tenth));
    assert_eq!((free.available, free.listed, free.misses), (false, false, 1));
    assert_eq!(cleo.credit(cleo.account().unwrap()).await.unwrap(), purchase.escrow);
}

#[tokio::test(flavor = "multi_thread")]
async fn untested_work_is_paid_in_full() {
    let env = TestEnv::new().await;
    let (ada, ben) = (env.worker(offer(10)).await, env.worker(offer(20)).await);
    let cleo = env.new_account().await;
    let purchase = env.buy(&cleo, OrderRequest::Custom(order(2, 12))).await;
    env.accept(&ada, &purchase).await;
    let settlement = run_to_settlement(&env, &[], &purchase, &[]).await;
    let tenth = env.settings.minBond / 10;
    let whole = paid_worker(&env, &ada, 120, 12, (0, 0, 0));
    assert_eq!(settlement.workers, [whole, absent_worker(&ben, tenth)]);
    assert_eq!((settlement.refund, settlement.testers.len()), (240, 0));
    assert_eq!((settlement.compensation, settlement.burned), (0, tenth));
}

#[tokio::test(flavor = "multi_thread")]
async fn forced_ether_goes_to_the_client() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (env.worker(offer(10)).await, env.new_account().await);
    let purchase = env.buy(&cleo, OrderRequest::Custom(order(1, 12))).await;
    env.create(evm::selfdestruct_init_code(purchase.agreement), 77).await;
    assert_eq!(env.rpc.balance(purchase.agreement).await, 120 + 77);
    env.accept(&ada, &purchase).await;
    let settlement = run_to_settlement(&env, &[], &purchase, &[]).await;
    assert_eq!((settlement.workers[0].pay, settlement.refund), (120, 77));
    assert_eq!(env.rpc.balance(purchase.agreement).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_is_settled_once() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (env.worker(offer(10)).await, env.new_account().await);
    let settle = settleCall { hints: vec![] };
    let purchase = env.buy(&cleo, OrderRequest::Custom(order(1, 12))).await;
    env.accept(&ada, &purchase).await;
    run_to_settlement(&env, &[], &purchase, &[]).await;
    // Not even if it holds money again.
    env.create(evm::selfdestruct_init_code(purchase.agreement), 5).await;
    let refusal = agreement_error(WrongState { state: State::Settled });
    assert_eq!(env.send(&cleo, purchase.agreement, &settle, 0).await, refusal);

    let purchase = env.buy(&cleo, OrderRequest::Custom(order(1, 12))).await;
    env.advance(env.settings.acceptWindow + 1).await;
    env.settle(&cleo, &purchase).await;
    let refusal = agreement_error(WrongState { state: State::Void });
    assert_eq!(env.send(&cleo, purchase.agreement, &settle, 0).await, refusal);
}

#[tokio::test(flavor = "multi_thread")]
async fn testers_are_those_of_the_epoch_of_the_purchase() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (env.worker(offer(10)).await, env.new_account().await);
    // The list has another order in every epoch; the purchase is in the third of five.
    let testers = env.testers(3).await;
    let mut bought = None;
    for order in [[2, 1, 0], [1, 0, 2], [0, 2, 1]] {
        env.advance(env.settings.epochLength).await;
        for index in order {
            env.tx(testers[index].check_in()).await.unwrap();
        }
        if order == [1, 0, 2] {
            let purchase =
                env.buy(&cleo, OrderRequest::Default { redundancy: 1, length: 12 }).await;
            env.accept(&ada, &purchase).await;
            bought = Some(purchase);
            // The last epoch is after the reports.
            env.advance(12).await;
            let to = bought.as_ref().unwrap().agreement;
            let call = env.report_call(&testers[2], to, 0, &probed(0, "3")).await;
            env.send(&testers[2], to, &call, 0).await.unwrap();
        }
    }
    let settlement = env.settle(&cleo, &bought.unwrap()).await;
    let expected = tester_fee(&env, &testers[2], 1);
    assert_eq!(tester_fees(&settlement), [expected]);
    let credits = env.credits().await;
    let credit = |index: usize| credits[&testers[index].account().unwrap()];
    assert_eq!([credit(0), credit(1), credit(2)], [0, 0, expected.1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn history_has_a_lifecycle_in_order() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (env.worker(offer(10)).await, env.new_account().await);
    let purchase = env.buy(&cleo, OrderRequest::Custom(order(1, 12))).await;
    let accepted = env.accept(&ada, &purchase).await;
    let settlement = run_to_settlement(&env, &[], &purchase, &[]).await;
    let (from, to) = (purchase.receipt.block, settlement.receipt.block);
    let history = cleo.history(from, to).await.unwrap();
    let history: Vec<MarketEvent> = history.into_iter().map(|record| record.event).collect();
    let receipts = [&purchase.receipt, &accepted, &settlement.receipt];
    let expected: Vec<_> = receipts.iter().flat_map(|receipt| env.events(receipt)).collect();
    assert_eq!(history, expected);
}
