//! The worker daemon: its life on the market, step by step.

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

use crate::endpoint_client::EndpointClient;
use crate::harness::{ETHER, EchoService, LENGTH, TestChain, WINDOWS, offer, worker_options};

/// Wei per tick: much more than the gas of a life.
const PRICE: u128 = 1_000_000_000_000;

/// The usual options of a worker whose service is at this URL.
fn options(url: &str) -> WorkerOptions {
    worker_options(url, PRICE)
}

/// A worker that begins, or goes on.
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

/// The key for letters of an account.
fn key(signer: &PrivateKeySigner) -> MessageKey {
    MessageKey::from_signer(signer).unwrap()
}

/// A fresh key, and the client's word for it.
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
    let (world, service) = (TestChain::new().await, EchoService::start().await);
    let testers = world.register_testers(5).await;
    let signer = world.new_account();
    let (worker_key, market) = (message_key(&signer), world.market(&signer).await);
    let mut daemon = start_worker(&world, &signer, options(&service.url())).await;
    step(&mut daemon).await;
    assert_eq!(step(&mut daemon).await, "waits for somebody to buy");

    // Two agreements at once, which one gateway tells apart by the token.
    let [ann, bob] = [world.new_account(), world.new_account()];
    let [first, second] = [world.buy(&ann, 1, 3).await, world.buy(&bob, 1, 3).await];
    let [first, second] =
        [world.agreement(&signer, &first).await, world.agreement(&signer, &second).await];
    let waits = step(&mut daemon).await;
    assert!(waits.starts_with("waits for the end of 0x"), "{waits}");
    for agreement in [&first, &second] {
        assert_eq!(agreement.state().await.unwrap(), State::Running);
    }
    let ask = async |key: &MessageKey, agreement: &Agreement, claim| {
        EndpointClient::request_endpoint(&world, key, worker_key, agreement.address(), claim).await
    };
    let mut client = ask(&key(&ann), &first, Claim::Client {}).await.unwrap();
    let mut other = ask(&key(&bob), &second, Claim::Client {}).await.unwrap();
    let nobody = ask(&key(&ann), &second, Claim::Client {}).await.unwrap_err();
    assert_eq!(nobody, RefusalReason::NotAllowed, "she bought the other one");

    // Everybody gets receipts of the same kind.
    assert_eq!((client.served().await, other.served().await), (0b1, 0b1));
    let (_, receipt) = client.get().await;
    let author = receipt.unwrap().signer(first.receipt_domain(), client.session);
    assert_eq!(author, Some(signer.address()));
    let (fresh, claim) = delegate(&ann, &first);
    assert_eq!(ask(&fresh, &first, claim).await.unwrap().served().await, 0b1);
    let (fresh, claim) = delegate(&bob, &first);
    assert_eq!(ask(&fresh, &first, claim).await.unwrap_err(), RefusalReason::NotAllowed);
    let (tester, claim, seats) = seat_holder(&market, &testers, &first, 0).await;
    let mut visitor = ask(&key(tester), &first, claim.clone()).await.unwrap();
    assert_eq!(visitor.served().await, 0b1);
    let stranger = ask(&MessageKey::random(), &first, claim).await.unwrap_err();
    assert_eq!(stranger, RefusalReason::NoSeat);

    // A restart in the middle: tokens are good, sessions go on, and so do receipts.
    daemon.stop().await;
    drop(daemon);
    let mut daemon = start_worker(&world, &signer, options(&service.url())).await;
    world.advance(u64::from(LENGTH / u32::from(WINDOWS))).await;
    step(&mut daemon).await;
    client.url = daemon.url().to_owned();
    other.url = daemon.url().to_owned();
    assert_eq!((client.served().await, other.served().await), (0b11, 0b11));
    visitor.url = daemon.url().to_owned();
    let (status, _) = visitor.get().await;
    assert_eq!(status, StatusCode::FORBIDDEN, "its seat was of window 0 (all: {seats:#b})");

    // The end: nobody comes in, the worker settles and takes its pay.
    world.advance(u64::from(LENGTH * 3 / 4)).await;
    let waits = step(&mut daemon).await;
    assert!(waits.starts_with("waits for the settlement of 0x"), "{waits}");
    assert_eq!(client.get().await, (StatusCode::FORBIDDEN, None));
    world.advance(600).await;
    let before = market.node().balance(signer.address()).await.unwrap();
    let waits = step(&mut daemon).await;
    assert!(waits.ends_with(" to last"), "{waits}");
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
    let (world, service) = (TestChain::new().await, EchoService::start().await);
    let url = service.url();
    service.stop().await;
    let (signer, client) = (world.new_account(), world.new_account());
    let mut daemon = start_worker(&world, &signer, options(&url)).await;
    step(&mut daemon).await;
    let purchase = world.buy(&client, 1, 0).await;
    let agreement = world.agreement(&signer, &purchase).await;
    let waits = step(&mut daemon).await;
    let reason = format!("its service, which does not answer, to accept {}", purchase.agreement);
    assert!(waits.contains(&reason), "{waits}");
    assert_eq!(agreement.state().await.unwrap(), State::Offered);

    // It comes too late: the worker does not even try, and its client gets its money back.
    world.advance(700).await;
    let credit = async |who| world.market(who).await.credit(who.address()).await.unwrap();
    step(&mut daemon).await;
    assert_eq!(agreement.state().await.unwrap(), State::Void);
    let waits = step(&mut daemon).await;
    assert!(waits.contains("--return makes it available"), "{waits}");
    assert_eq!(credit(&client).await, purchase.escrow);
    daemon.stop().await;
    drop(daemon);

    // Only if its owner says so does it return to the book.
    let returning = WorkerOptions { make_available: true, ..options(&url) };
    let mut daemon = start_worker(&world, &signer, returning).await;
    step(&mut daemon).await;
    assert_eq!(step(&mut daemon).await, "waits for somebody to buy");
    let known = world.market(&signer).await.worker(signer.address()).await.unwrap();
    assert!(known.listed && known.available && known.misses == 1);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_updates_its_offer_and_stays_listed() {
    let (world, service) = (TestChain::new().await, EchoService::start().await);
    let signer = world.register_worker(&offer(7)).await;
    let (market, account) = (world.market(&signer).await, signer.address());
    market.set_key(B256::repeat_byte(9)).await.unwrap();
    let mut daemon = start_worker(&world, &signer, options(&service.url())).await;
    step(&mut daemon).await;
    let known = market.worker(account).await.unwrap();
    assert_eq!((known.price, known.key), (PRICE, message_key(&signer)));

    // Without its stake it is not listed: it says what is missing, or adds that if it may.
    market.unstake(ETHER).await.unwrap();
    let waits = step(&mut daemon).await;
    assert_eq!(waits, "waits for 0.002eth more stake, to be listed");
    daemon.stop().await;
    drop(daemon);
    let generous = WorkerOptions { top_up_stake: true, ..options(&service.url()) };
    let mut daemon = start_worker(&world, &signer, generous).await;
    step(&mut daemon).await;
    let known = market.worker(account).await.unwrap();
    assert!(known.listed && known.stake == ETHER / 500);

    // Unlisted by a call with a bad hint, it walks to its place with a good one.
    for price in 1..=17 {
        world.register_worker(&offer(price)).await;
    }
    world.unlist(&signer).await;
    assert!(!market.worker(account).await.unwrap().listed);
    step(&mut daemon).await;
    assert!(market.worker(account).await.unwrap().listed);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_are_kept_alive_and_can_be_reactivated() {
    let (world, service) = (TestChain::new().await, EchoService::start().await);
    let signer = world.new_account();
    let market = world.market(&signer).await;
    let days = |days: u64| Duration::from_secs(days * 86_400);
    world.advance(days(300).as_secs()).await;
    let mut daemon = start_worker(&world, &signer, options(&service.url())).await;
    step(&mut daemon).await;
    let programs = market.programs().await.unwrap();
    for program in programs {
        assert!(market.node().time_left(program).await.unwrap() > Some(days(360)));
        assert_eq!(market.node().keep_alive(program).await.unwrap(), ProgramLifetime::TooSoon);
    }
    daemon.stop().await;

    world.advance(days(400).as_secs()).await;
    for program in programs {
        assert_eq!(market.node().time_left(program).await.unwrap(), None);
        let kept = market.node().keep_alive(program).await.unwrap();
        assert!(matches!(kept, ProgramLifetime::Reactivated(_)), "{kept:?}");
    }
    assert_eq!(market.worker_count().await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_offer_is_a_fatal_error() {
    let (world, service) = (TestChain::new().await, EchoService::start().await);
    let usual = options(&service.url());
    let signer = world.new_account();
    let promise =
        WorkerOptions { offer: Offer { promise: 10_001, ..usual.offer }, ..usual.clone() };
    let error = start_worker(&world, &signer, promise).await.step().await.unwrap_err();
    assert!(!error.is_transient(), "{error}");

    let signer = world.register_worker(&offer(7)).await;
    let other = WorkerOptions { application: "other".parse().unwrap(), ..usual };
    let error = start_worker(&world, &signer, other).await.step().await.unwrap_err();
    assert!(matches!(error, DaemonError::ApplicationMismatch { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_follows_a_reorg() {
    let (world, service) = (TestChain::new().await, EchoService::start().await);
    let [signer, ann, bob] = [world.new_account(), world.new_account(), world.new_account()];
    let mut daemon = start_worker(&world, &signer, options(&service.url())).await;
    step(&mut daemon).await;
    let snapshot = world.snapshot().await;
    let gone = world.buy(&ann, 1, 0).await.agreement;
    step(&mut daemon).await;
    let market = world.market(&signer).await;
    assert_eq!(market.agreement(gone).await.unwrap().state().await.unwrap(), State::Running);

    world.revert(&snapshot).await;
    assert!(market.agreement(gone).await.is_err());
    assert_eq!(step(&mut daemon).await, "waits for somebody to buy");
    let agreement = world.buy(&bob, 1, 0).await.agreement;
    step(&mut daemon).await;
    let agreement = market.agreement(agreement).await.unwrap();
    assert_eq!(agreement.state().await.unwrap(), State::Running);

    // The same once more, with a daemon that was away meanwhile.
    daemon.stop().await;
    drop(daemon);
    let mut daemon = start_worker(&world, &signer, options(&service.url())).await;
    let waits = step(&mut daemon).await;
    assert!(waits.contains(&agreement.address().to_string()), "{waits}");
    daemon.stop().await;
}
