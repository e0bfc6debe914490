//! Agreements that the market did not create, and deployments that must fail.

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
use muster_client::{Market, MarketError, OrderRequest, RevertReason};

use crate::harness::expected::{agreement_error, dispatcher_error};
use crate::harness::{ETHER, TestEnv, agreement, offer};
use crate::quote::order;

/// The selector of every Stylus constructor.
const CONSTRUCTOR: [u8; 4] = [0x55, 0x85, 0x25, 0x8d];

/// Terms, encoded.
fn encoded(terms: &Terms) -> Bytes {
    let mut bytes = [0; MAX_TERMS];
    let len = terms.encode(&mut bytes);
    Bytes::copy_from_slice(&bytes[..len])
}

/// Creates a proxy of the genuine implementation with these terms, without the dispatcher.
async fn deploy_forged_agreement(env: &TestEnv, terms: &Terms) -> Address {
    let mut code = [0; MAX_INIT_CODE];
    let len = proxy::init_code(env.implementation, &encoded(terms), &mut code);
    env.create(Bytes::copy_from_slice(&code[..len]), 50).await.created.unwrap()
}

/// A settlement that pays a worker an arbitrary amount.
fn forged_conclude(terms: &Terms, thief: Address) -> concludeCall {
    let pay = ETHER;
    let worker = WorkerResult {
        account: thief,
        pay,
        slash: 0,
        fees: ETHER,
        accepted: true,
        resigned: false,
        ticks: 12,
        known: 1,
        uptime: 10_000,
    };
    concludeCall {
        terms: encoded(terms),
        settled: 1,
        freed: 1,
        last: true,
        workers: vec![worker],
        fees: vec![Fee { place: 0, amount: ETHER, seats: 1 }],
        hints: vec![0],
    }
}

/// Whether the market created an account.
async fn is_agreement(env: &TestEnv, account: Address) -> bool {
    let call = isAgreementCall { account };
    env.call(Address::ZERO, env.dispatcher, &call, 0).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_genuine_agreement_concludes() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (env.worker(offer(10)).await, env.new_account().await);
    let purchase = env.buy(&cleo, OrderRequest::Custom(order(1, 12))).await;
    let terms = *agreement(&cleo, &purchase).await.terms();
    let thief = ada.account().unwrap();
    // The terms are genuine, the caller is not.
    for who in [&ada, &cleo, &env.new_account().await] {
        let refusal = dispatcher_error(NotAnAgreement { caller: who.account().unwrap() });
        let call = forged_conclude(&terms, thief);
        assert_eq!(env.send(who, env.dispatcher, &call, 0).await, refusal);
        assert_eq!(env.send(who, env.dispatcher, &call, 5).await, refusal);
        let call = concludeCall { terms: vec![7; 99].into(), ..forged_conclude(&terms, thief) };
        assert_eq!(env.send(who, env.dispatcher, &call, 0).await, refusal);
    }
    assert_eq!(cleo.credit(thief).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_agreement_ends_nowhere() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (env.worker(offer(10)).await, env.new_account().await);
    let purchase = env.buy(&cleo, OrderRequest::Custom(order(1, 12))).await;
    let terms = *agreement(&cleo, &purchase).await.terms();
    // One with better terms for the worker, and an exact copy.
    let rich = terms
        .workers()
        .map(|worker| muster_client::protocol::layout::WorkerTerms { price: ETHER, ..*worker });
    let rich = Terms::new(TermsHeader { number: 9, ..terms.header }, rich);
    assert!(is_agreement(&env, purchase.agreement).await);
    let mut forged = Vec::new();
    let others = [env.dispatcher, env.implementation, ada.account().unwrap()];
    for other in others {
        assert!(!is_agreement(&env, other).await);
    }
    for terms in [rich, terms] {
        let account = deploy_forged_agreement(&env, &terms).await;
        assert!(!is_agreement(&env, account).await);
        let answer = cleo.agreement(account).await;
        assert!(matches!(answer, Err(MarketError::NotAnAgreement(a)) if a == account));
        env.send(&ada, account, &acceptCall {}, 0).await.unwrap();
        forged.push(account);
    }
    env.advance(12 + env.settings.reportWindow).await;
    for account in forged {
        let call = settleCall { hints: vec![] };
        let refusal = agreement_error(SettlementFailed {});
        assert_eq!(env.send(&ada, account, &call, 0).await, refusal);
        assert_eq!(env.rpc.balance(account).await, 50);
    }
    let free = ada.worker(ada.account().unwrap()).await.unwrap();
    assert_eq!((free.active, free.stake), (1, ETHER));
    assert_eq!(agreement(&cleo, &purchase).await.state().await.unwrap(), State::Due);
    env.settle(&cleo, &purchase).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_is_where_its_terms_say() {
    let env = TestEnv::new().await;
    env.worker(offer(10)).await;
    let cleo = env.new_account().await;
    let purchase = env.buy(&cleo, OrderRequest::Custom(order(1, 12))).await;
    let terms = *agreement(&cleo, &purchase).await.terms();
    let mut code = [0; MAX_INIT_CODE];
    let len = proxy::init_code(env.implementation, &encoded(&terms), &mut code);
    let hash = keccak256(&code[..len]);
    assert_eq!(purchase.agreement, env.dispatcher.create2([0; 32], hash));
}

/// The output of a constructor with these arguments.
async fn construct(
    env: &TestEnv,
    who: &Market,
    to: Address,
    args: &[u8],
    wei: u128,
) -> Result<(), RevertReason> {
    let (from, data) = (who.account().unwrap(), Bytes::from([&CONSTRUCTOR, args].concat()));
    let answer = env.rpc.call(from, to, data.clone(), wei).await;
    let sent = env.rpc.send(from, Some(to), data, wei).await.success;
    assert_eq!(sent, answer.is_ok());
    env.check_balances().await;
    answer.map(|_| ()).map_err(|data| env.revert_reason(env.dispatcher, &data))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_market_is_set_up_once_and_with_constants_that_fit_together() {
    let env = TestEnv::new().await;
    let (who, to) = (env.new_account().await, env.deploy_unconstructed().await);
    let good = settings::dev(Clock::ArbBlock);
    let bad = [
        (1, Settings { acceptWindow: 0, ..good }),
        (2, Settings { reportWindow: 0, ..good }),
        (3, Settings { minLength: 2 * good.minWindow - 1, ..good }),
        (4, Settings { maxAgreement: good.minLength - 1, ..good }),
        (5, Settings { minWindow: 2 * good.acceptWindow - 1, ..good }),
        (8, Settings { minPool: 2, ..good }),
        (9, Settings { probes: 0, ..good }),
        (10, Settings { minPromise: 0, ..good }),
        (11, Settings { bondBps: 10_001, ..good }),
        (12, Settings { testerFeeBps: 10_001, ..good }),
        (13, Settings { minBond: 1 << 72, ..good }),
        (14, Settings { minTesterFee: 1 << 64, ..good }),
        (15, Settings { testerBond: 1 << 80, ..good }),
        (16, Settings { reputationUnit: 12 * good.minTesterFee - 1, ..good }),
    ];
    let (long, longest) = (u32::MAX, settings::MAX_ACCEPT_WINDOW);
    let times = Settings { minLength: long, maxAgreement: long, minWindow: long >> 1, ..good };
    let contradictory = [
        (1, Settings { acceptWindow: longest + 1, ..times }),
        (3, Settings { reportWindow: good.minLength - good.acceptWindow + 1, ..good }),
        // Testers would be free before the reports of the longest agreement.
        (4, Settings { epochLength: 0, ..good }),
        (4, Settings { lockEpochs: 1, ..good }),
        (4, Settings { maxAgreement: 2 * good.epochLength - 7, ..good }),
        (5, Settings { probes: 7, ..good }),
        (9, Settings { probes: 61, minWindow: 61, minLength: 122, ..good }),
        (10, Settings { minPromise: 10_001, ..good }),
        (16, Settings { reputationUnit: PRICE_LIMIT, ..good }),
    ];
    for (index, settings) in bad.into_iter().chain(contradictory) {
        let args = (settings, env.implementation).abi_encode_params();
        let refusal = dispatcher_error(BadSetting { index });
        assert_eq!(construct(&env, &who, to, &args, 0).await, refusal, "{settings:?}");
    }
    let refusal = dispatcher_error(BadSetting { index: settings::FIELD_COUNT });
    let args = (good, Address::ZERO).abi_encode_params();
    assert_eq!(construct(&env, &who, to, &args, 0).await, refusal);

    let args = (good, env.implementation).abi_encode_params();
    let mut third_clock = args.clone();
    third_clock[31] = 2;
    let answer = construct(&env, &who, to, &third_clock, 0).await;
    assert_eq!(answer, dispatcher_error(MalformedCall { word: 0 }));
    let answer = construct(&env, &who, to, &args[..args.len() - 1], 0).await;
    assert_eq!(answer, dispatcher_error(MalformedCall { word: settings::FIELD_COUNT.into() }));
    assert_eq!(
        construct(&env, &who, to, &args, 7).await,
        dispatcher_error(NotPayable { value: 7 })
    );

    // With the longest agreement that the lock allows.
    let longest = 2 * good.epochLength - good.acceptWindow - good.reportWindow;
    let good = Settings { maxAgreement: longest, ..good };
    let args = (good, env.implementation).abi_encode_params();
    construct(&env, &who, to, &args, 0).await.unwrap();
    assert_eq!(env.call(Address::ZERO, to, &settingsCall {}, 0).await, Ok(good));
    for to in [to, env.dispatcher] {
        let refusal = dispatcher_error(AlreadyDeployed {});
        assert_eq!(construct(&env, &who, to, &args, 0).await, refusal);
    }
}
