//! Agreements that the market did not make, and deployments that cannot be.

use alloy::primitives::{Address, Bytes, keccak256};
use alloy::sol_types::SolValue;
use muster_client::protocol::abi::IWorkAgreement::{SettlementFailed, acceptCall, settleCall};
use muster_client::protocol::abi::IWorkerDispatcher::{
    AlreadyDeployed, BadSetting, MalformedCall, NotAnAgreement, NotPayable, concludeCall,
    isAgreementCall, settingsCall,
};
use muster_client::protocol::abi::{Clock, Fee, Settings, State, WorkerResult};
use muster_client::protocol::layout::{MAX_TERMS, Terms, TermsHeader};
use muster_client::protocol::proxy::{self, MAX_INIT_CODE};
use muster_client::protocol::{PRICE_LIMIT, settings};
use muster_client::{Market, MarketError, Refusal, Want};

use crate::harness::words::{contract, market};
use crate::harness::{ETHER, World, agreement, offer};
use crate::quote::order;

/// Selector of every Stylus constructor.
const CONSTRUCTOR: [u8; 4] = [0x55, 0x85, 0x25, 0x8d];

/// Terms as bytes.
fn encoded(terms: &Terms) -> Bytes {
    let mut bytes = [0; MAX_TERMS];
    let len = terms.encode(&mut bytes);
    Bytes::copy_from_slice(&bytes[..len])
}

/// Makes a proxy of the genuine implementation with these terms, but not by the dispatcher.
async fn forge(world: &World, terms: &Terms) -> Address {
    let mut code = [0; MAX_INIT_CODE];
    let len = proxy::init_code(world.implementation, &encoded(terms), &mut code);
    world.create(Bytes::copy_from_slice(&code[..len]), 50).await.created.unwrap()
}

/// A settlement that pays a worker what it likes.
fn robbery(terms: &Terms, thief: Address) -> concludeCall {
    let pay = ETHER;
    let worker = WorkerResult {
        account: thief,
        pay,
        slash: 0,
        fees: ETHER,
        accepted: true,
        resigned: false,
        windows: 1,
        served: 1,
        failed: 0,
    };
    let fees = vec![Fee { place: 0, amount: ETHER, seats: 1 }];
    concludeCall { terms: encoded(terms), workers: vec![worker], fees, hints: vec![0] }
}

/// Whether the market made an account.
async fn genuine(world: &World, account: Address) -> bool {
    let call = isAgreementCall { account };
    world.ask(Address::ZERO, world.dispatcher, &call, 0).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_genuine_agreement_concludes() {
    let world = World::new().await;
    let (ada, cleo) = (world.worker(offer(10)).await, world.person().await);
    let purchase = world.buy(&cleo, Want::Order(order(1, 8))).await;
    let terms = *agreement(&cleo, &purchase).await.terms();
    let thief = ada.account().unwrap();
    // The terms are genuine, the caller is not.
    for who in [&ada, &cleo, &world.person().await] {
        let refusal = market(NotAnAgreement { caller: who.account().unwrap() });
        let call = robbery(&terms, thief);
        assert_eq!(world.send(who, world.dispatcher, &call, 0).await, refusal);
        assert_eq!(world.send(who, world.dispatcher, &call, 5).await, refusal);
        let call = concludeCall { terms: vec![7; 99].into(), ..robbery(&terms, thief) };
        assert_eq!(world.send(who, world.dispatcher, &call, 0).await, refusal);
    }
    assert_eq!(cleo.credit(thief).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_agreement_ends_nowhere() {
    let world = World::new().await;
    let (ada, cleo) = (world.worker(offer(10)).await, world.person().await);
    let purchase = world.buy(&cleo, Want::Order(order(1, 8))).await;
    let terms = *agreement(&cleo, &purchase).await.terms();
    // One with better terms for the worker, and an exact copy.
    let rich = terms
        .workers()
        .map(|worker| muster_client::protocol::layout::WorkerTerms { price: ETHER, ..*worker });
    let rich = Terms::new(TermsHeader { number: 9, ..terms.header }, rich);
    assert!(genuine(&world, purchase.agreement).await);
    let mut forged = Vec::new();
    let strangers = [world.dispatcher, world.implementation, ada.account().unwrap()];
    for stranger in strangers {
        assert!(!genuine(&world, stranger).await);
    }
    for terms in [rich, terms] {
        let account = forge(&world, &terms).await;
        assert!(!genuine(&world, account).await);
        let answer = cleo.agreement(account).await;
        assert!(matches!(answer, Err(MarketError::NotAnAgreement(a)) if a == account));
        world.send(&ada, account, &acceptCall {}, 0).await.unwrap();
        forged.push(account);
    }
    world.pass(8 + world.settings.reportWindow).await;
    for account in forged {
        let call = settleCall { hints: vec![] };
        let refusal = contract(SettlementFailed {});
        assert_eq!(world.send(&ada, account, &call, 0).await, refusal);
        assert_eq!(world.wire.balance(account).await, 50);
    }
    let free = ada.worker(ada.account().unwrap()).await.unwrap();
    assert_eq!((free.active, free.stake), (1, ETHER));
    assert_eq!(agreement(&cleo, &purchase).await.state().await.unwrap(), State::Due);
    world.settle(&cleo, &purchase).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_is_where_its_terms_say() {
    let world = World::new().await;
    world.worker(offer(10)).await;
    let cleo = world.person().await;
    let purchase = world.buy(&cleo, Want::Order(order(1, 8))).await;
    let terms = *agreement(&cleo, &purchase).await.terms();
    let mut code = [0; MAX_INIT_CODE];
    let len = proxy::init_code(world.implementation, &encoded(&terms), &mut code);
    let hash = keccak256(&code[..len]);
    assert_eq!(purchase.agreement, world.dispatcher.create2([0; 32], hash));
}

/// What a constructor answers to these arguments.
async fn construct(
    world: &World,
    who: &Market,
    to: Address,
    args: &[u8],
    wei: u128,
) -> Result<(), Refusal> {
    let (from, data) = (who.account().unwrap(), Bytes::from([&CONSTRUCTOR, args].concat()));
    let answer = world.wire.call(from, to, data.clone(), wei).await;
    let sent = world.wire.send(from, Some(to), data, wei).await.success;
    assert_eq!(sent, answer.is_ok());
    world.check().await;
    answer.map(|_| ()).map_err(|data| world.refusal(world.dispatcher, &data))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_market_is_set_up_once_and_with_constants_that_fit_together() {
    let world = World::new().await;
    let (who, to) = (world.person().await, world.bare().await);
    let good = settings::dev(Clock::ArbBlock);
    let bad = [
        Settings { acceptWindow: 0, ..good },
        Settings { reportWindow: 0, ..good },
        Settings { minLength: good.acceptWindow + good.reportWindow - 1, ..good },
        Settings { minWindow: 2 * good.acceptWindow - 1, ..good },
        Settings { epochLength: 0, ..good },
        Settings { minPool: 2, ..good },
        Settings { minPromise: 0, ..good },
        Settings { bondBps: 10_001, ..good },
        Settings { testerFeeBps: 10_001, ..good },
        Settings { minBond: PRICE_LIMIT, ..good },
        Settings { minTesterFee: 1 << 64, ..good },
        Settings { testerBond: PRICE_LIMIT, ..good },
        Settings { reputationUnit: 12 * good.minTesterFee - 1, ..good },
    ];
    let times = Settings { minLength: u32::MAX, minWindow: u32::MAX, ..good };
    let high = [
        (1, Settings { acceptWindow: settings::MAX_ACCEPT_WINDOW + 1, ..times }),
        (7, Settings { minPromise: 10_001, ..good }),
    ];
    for (index, settings) in (1..).zip(bad).chain(high) {
        let args = (settings, world.implementation).abi_encode_params();
        let refusal = market(BadSetting { index });
        assert_eq!(construct(&world, &who, to, &args, 0).await, refusal);
    }
    let refusal = market(BadSetting { index: 14 });
    let args = (good, Address::ZERO).abi_encode_params();
    assert_eq!(construct(&world, &who, to, &args, 0).await, refusal);

    let args = (good, world.implementation).abi_encode_params();
    let mut third_clock = args.clone();
    third_clock[31] = 2;
    let answer = construct(&world, &who, to, &third_clock, 0).await;
    assert_eq!(answer, market(MalformedCall { word: 0 }));
    let answer = construct(&world, &who, to, &args[..args.len() - 1], 0).await;
    assert_eq!(answer, market(MalformedCall { word: 14 }));
    assert_eq!(construct(&world, &who, to, &args, 7).await, market(NotPayable { value: 7 }));

    construct(&world, &who, to, &args, 0).await.unwrap();
    assert_eq!(world.ask(Address::ZERO, to, &settingsCall {}, 0).await, Ok(good));
    for to in [to, world.dispatcher] {
        let refusal = market(AlreadyDeployed {});
        assert_eq!(construct(&world, &who, to, &args, 0).await, refusal);
    }
}
