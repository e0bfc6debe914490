//! The worker: from its registration to its pay, step by step.

use std::time::Duration;

use alloy::primitives::{B256, U256};
use alloy::signers::local::PrivateKeySigner;
use muster_client::protocol::abi::State;
use muster_client::{Agreement, Market, Offer, ProgramLifetime, message_key, window_seats};
use muster_daemons::worker::{WorkerDaemon, WorkerOptions};
use muster_daemons::{Daemon, DaemonError, Role};
use muster_messaging::{Claim, Delegation, MessageKey, RefusalReason};
use reqwest::StatusCode;
use stylus_devnode::CHAIN_ID;

use crate::echo_service::EchoService;
use crate::endpoint_client::EndpointClient;
use crate::harness::{ETHER, LENGTH, TestChain, WINDOWS, offer, worker_options};

mod release;

/// Wei per tick: pay is much more than the gas of all steps.
const PRICE: u128 = 1_000_000_000_000;

/// The usual options of a worker whose service is at this URL.
fn options(url: &str) -> WorkerOptions {
    worker_options(url, PRICE)
}

/// A worker that starts with the state that its file holds.
async fn start_worker(
    chain: &TestChain,
    signer: &PrivateKeySigner,
    options: WorkerOptions,
) -> WorkerDaemon {
    WorkerDaemon::start(chain.context(Role::Worker, signer).await, options).await.unwrap()
}

/// What a worker waits for after a step.
async fn step(worker: &mut WorkerDaemon) -> String {
    worker.step().await.unwrap().to_string()
}

/// The message key of an account.
fn key(signer: &PrivateKeySigner) -> MessageKey {
    MessageKey::from_signer(signer).unwrap()
}

/// A fresh key, and the claim that the client delegates to it.
fn delegate(client: &PrivateKeySigner, agreement: &Agreement) -> (MessageKey, Claim) {
    let (key, address) = (MessageKey::random(), agreement.address());
    let delegation = Delegation::sign(client, CHAIN_ID, address, key.public(), u64::MAX).unwrap();
    (key, Claim::Delegate { delegation })
}

/// The holder of the first seat of a window, its claim, and the windows in which it holds any.
async fn seat_holder<'a>(
    market: &Market,
    testers: &'a [PrivateKeySigner],
    agreement: &Agreement,
    window: u8,
) -> (&'a PrivateKeySigner, Claim, u32) {
    let (progress, terms) = (agreement.progress().await.unwrap(), agreement.terms());
    let place = window_seats(terms, &progress.seed, window.into())[0];
    let account = market.tester_at(terms.header.epoch, place).await.unwrap().unwrap();
    let tester = testers.iter().find(|tester| tester.address() == account).unwrap();
    let seats = muster_client::seats(terms, &progress.seed, place);
    (tester, Claim::Seat { window, place }, seats)
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_registers_serves_settles_and_is_paid() {
    let (chain, service) = (TestChain::new().await, EchoService::start().await);
    let testers = chain.register_testers(5).await;
    let signer = chain.new_account();
    let (worker_key, market) = (message_key(&signer), chain.market(&signer).await);
    let mut daemon = start_worker(&chain, &signer, options(&service.url())).await;
    step(&mut daemon).await;
    assert_eq!(step(&mut daemon).await, "waits for somebody to buy");

    // One gateway tells two agreements apart by the token.
    let [ann, bob] = [chain.new_account(), chain.new_account()];
    let [first, second] = [chain.buy(&ann, 1, 3).await, chain.buy(&bob, 1, 3).await];
    let [first, second] =
        [chain.agreement(&signer, &first).await, chain.agreement(&signer, &second).await];
    let report = step(&mut daemon).await;
    assert!(report.starts_with("waits for the end of 0x"), "{report}");
    for agreement in [&first, &second] {
        assert_eq!(agreement.state().await.unwrap(), State::Running);
    }
    let request = async |key: &MessageKey, agreement: &Agreement, claim| {
        EndpointClient::request_endpoint(&chain, key, worker_key, agreement.address(), claim).await
    };
    let mut client = request(&key(&ann), &first, Claim::Client {}).await.unwrap();
    let mut other = request(&key(&bob), &second, Claim::Client {}).await.unwrap();
    let error = request(&key(&ann), &second, Claim::Client {}).await.unwrap_err();
    assert_eq!(error, RefusalReason::NotAllowed, "she bought the other one");

    // All parties get receipts of the same kind.
    assert_eq!((client.served().await, other.served().await), ((0, 1), (0, 1)));
    let (_, receipt) = client.get().await;
    let receipt_signer = receipt.unwrap().signer(first.receipt_domain(), client.session);
    assert_eq!(receipt_signer, Some(signer.address()));
    let (fresh, claim) = delegate(&ann, &first);
    assert_eq!(request(&fresh, &first, claim).await.unwrap().served().await, (0, 1));
    let (fresh, claim) = delegate(&bob, &first);
    assert_eq!(request(&fresh, &first, claim).await.unwrap_err(), RefusalReason::NotAllowed);
    let (tester, claim, seats) = seat_holder(&market, &testers, &first, 0).await;
    let mut tester_endpoint = request(&key(tester), &first, claim.clone()).await.unwrap();
    assert_eq!(tester_endpoint.served().await, (0, 1));
    let error = request(&MessageKey::random(), &first, claim).await.unwrap_err();
    assert_eq!(error, RefusalReason::NoSeat);

    // After a restart, tokens are valid, and receipts go on; a new window begins them anew.
    daemon.stop().await;
    drop(daemon);
    let mut daemon = start_worker(&chain, &signer, options(&service.url())).await;
    let window = u64::from(LENGTH / u32::from(WINDOWS));
    chain.advance(window / 4).await;
    step(&mut daemon).await;
    client.url = daemon.url().to_owned();
    other.url = daemon.url().to_owned();
    assert_eq!((client.served().await, other.served().await), ((0, 2), (0, 2)));
    chain.advance(window * 3 / 4).await;
    step(&mut daemon).await;
    assert_eq!((client.served().await, other.served().await), ((1, 1), (1, 1)));
    tester_endpoint.url = daemon.url().to_owned();
    let (status, _) = tester_endpoint.get().await;
    assert_eq!(status, StatusCode::FORBIDDEN, "its seat was of window 0 (all: {seats:#b})");

    // After the end, no request is forwarded; the worker settles and withdraws its pay.
    chain.advance(u64::from(LENGTH * 3 / 4)).await;
    let report = step(&mut daemon).await;
    assert!(report.starts_with("waits for the settlement of 0x"), "{report}");
    assert_eq!(client.get().await, (StatusCode::FORBIDDEN, None));
    chain.advance(600).await;
    let before = market.node().balance(signer.address()).await.unwrap();
    let report = step(&mut daemon).await;
    assert!(report.ends_with(" to last"), "{report}");
    assert_eq!(step(&mut daemon).await, "waits for somebody to buy");
    for agreement in [&first, &second] {
        assert_eq!(agreement.state().await.unwrap(), State::Settled);
    }
    assert_eq!(market.credit(signer.address()).await.unwrap(), 0);
    let pay = U256::from(2 * PRICE * u128::from(LENGTH) * 9 / 10);
    let after = market.node().balance(signer.address()).await.unwrap();
    assert!(after > before + pay, "it was paid, less the gas");
    assert!(market.worker(signer.address()).await.unwrap().listed);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_without_its_service_does_not_accept() {
    let (chain, service) = (TestChain::new().await, EchoService::start().await);
    let url = service.url();
    let (signer, client) = (chain.new_account(), chain.new_account());
    let mut daemon = start_worker(&chain, &signer, options(&url)).await;
    step(&mut daemon).await;
    service.stop().await;
    let purchase = chain.buy(&client, 1, 0).await;
    let agreement = chain.agreement(&signer, &purchase).await;
    let report = step(&mut daemon).await;
    let reason = format!("its service, which does not answer, to accept {}", purchase.agreement);
    assert!(report.contains(&reason), "{report}");
    assert_eq!(agreement.state().await.unwrap(), State::Offered);

    // After the accept window the worker does not accept, and the client gets its money back.
    chain.advance(700).await;
    let credit = async |who| chain.market(who).await.credit(who.address()).await.unwrap();
    step(&mut daemon).await;
    assert_eq!(agreement.state().await.unwrap(), State::Void);
    let report = step(&mut daemon).await;
    assert!(report.contains("--return makes it available"), "{report}");
    assert_eq!(credit(&client).await, purchase.escrow);
    daemon.stop().await;
    drop(daemon);

    // It returns to the book only if its owner says so.
    let service = EchoService::start().await;
    let returning = WorkerOptions { make_available: true, ..options(&service.url()) };
    let mut daemon = start_worker(&chain, &signer, returning).await;
    step(&mut daemon).await;
    assert_eq!(step(&mut daemon).await, "waits for somebody to buy");
    let registration = chain.market(&signer).await.worker(signer.address()).await.unwrap();
    assert!(registration.listed && registration.available && registration.misses == 1);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_updates_its_offer_and_stays_listed() {
    let (chain, service) = (TestChain::new().await, EchoService::start().await);
    let signer = chain.register_worker(&offer(7)).await;
    let (market, account) = (chain.market(&signer).await, signer.address());
    market.set_key(B256::repeat_byte(9)).await.unwrap();
    let mut daemon = start_worker(&chain, &signer, options(&service.url())).await;
    step(&mut daemon).await;
    let registration = market.worker(account).await.unwrap();
    assert_eq!((registration.price, registration.key), (PRICE, message_key(&signer)));

    // Without its stake it is not listed: it says what is missing, or adds it if it may.
    market.unstake(ETHER).await.unwrap();
    let report = step(&mut daemon).await;
    assert_eq!(report, "waits for 0.002eth more stake, to be listed");
    daemon.stop().await;
    drop(daemon);
    let topping_up = WorkerOptions { top_up_stake: true, ..options(&service.url()) };
    let mut daemon = start_worker(&chain, &signer, topping_up).await;
    step(&mut daemon).await;
    let registration = market.worker(account).await.unwrap();
    assert!(registration.listed && registration.stake == ETHER / 500);

    // Unlisted by a call with a bad hint, it is listed again with a good one.
    for price in 1..=17 {
        chain.register_worker(&offer(price)).await;
    }
    chain.unlist(&signer).await;
    assert!(!market.worker(account).await.unwrap().listed);
    step(&mut daemon).await;
    assert!(market.worker(account).await.unwrap().listed);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_are_kept_alive_and_can_be_reactivated() {
    let (chain, service) = (TestChain::new().await, EchoService::start().await);
    let signer = chain.new_account();
    let market = chain.market(&signer).await;
    let days = |days: u64| Duration::from_secs(days * 86_400);
    chain.advance(days(300).as_secs()).await;
    let mut daemon = start_worker(&chain, &signer, options(&service.url())).await;
    step(&mut daemon).await;
    let programs = market.programs().await.unwrap();
    for program in programs {
        assert!(market.node().time_left(program).await.unwrap() > Some(days(360)));
        assert_eq!(market.node().keep_alive(program).await.unwrap(), ProgramLifetime::TooSoon);
    }
    daemon.stop().await;

    chain.advance(days(400).as_secs()).await;
    for program in programs {
        assert_eq!(market.node().time_left(program).await.unwrap(), None);
        let lifetime = market.node().keep_alive(program).await.unwrap();
        assert!(matches!(lifetime, ProgramLifetime::Reactivated(_)), "{lifetime:?}");
    }
    assert_eq!(market.worker_count().await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_offer_is_a_fatal_error() {
    let (chain, service) = (TestChain::new().await, EchoService::start().await);
    let default = options(&service.url());
    let signer = chain.new_account();
    let invalid =
        WorkerOptions { offer: Offer { promise: 10_001, ..default.offer }, ..default.clone() };
    let error = start_worker(&chain, &signer, invalid).await.step().await.unwrap_err();
    assert!(!error.is_transient(), "{error}");

    let signer = chain.register_worker(&offer(7)).await;
    let other = WorkerOptions { application: "other".parse().unwrap(), ..default };
    let error = start_worker(&chain, &signer, other).await.step().await.unwrap_err();
    assert!(matches!(error, DaemonError::ApplicationMismatch { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_follows_a_reorg() {
    let (chain, service) = (TestChain::new().await, EchoService::start().await);
    let [signer, ann, bob] = [chain.new_account(), chain.new_account(), chain.new_account()];
    let mut daemon = start_worker(&chain, &signer, options(&service.url())).await;
    step(&mut daemon).await;
    let snapshot = chain.snapshot().await;
    let gone = chain.buy(&ann, 1, 0).await.agreement;
    step(&mut daemon).await;
    let market = chain.market(&signer).await;
    assert_eq!(market.agreement(gone).await.unwrap().state().await.unwrap(), State::Running);

    chain.revert(&snapshot).await;
    assert!(market.agreement(gone).await.is_err());
    assert_eq!(step(&mut daemon).await, "waits for somebody to buy");
    let agreement = chain.buy(&bob, 1, 0).await.agreement;
    step(&mut daemon).await;
    let agreement = market.agreement(agreement).await.unwrap();
    assert_eq!(agreement.state().await.unwrap(), State::Running);

    // The same with a restarted daemon.
    daemon.stop().await;
    drop(daemon);
    let mut daemon = start_worker(&chain, &signer, options(&service.url())).await;
    let report = step(&mut daemon).await;
    assert!(report.contains(&agreement.address().to_string()), "{report}");
    daemon.stop().await;
}
