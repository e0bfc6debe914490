//! Calls that both contracts refuse: unknown, malformed, or with value that they do not take.

use alloy::primitives::{Address, Bytes, FixedBytes, U256, keccak256};
use alloy::sol_types::SolCall;
use muster_client::protocol::abi::IWorkAgreement::{
    IWorkAgreementCalls, releaseCall, reportBatchCall, settleCall,
};
use muster_client::protocol::abi::IWorkerDispatcher::{
    IWorkerDispatcherCalls, MalformedCall, NotAnAgreement, NotPayable, UnknownCall, concludeCall,
};
use muster_client::protocol::layout::MAX_TERMS;
use muster_client::{Market, OrderRequest, Purchase, RevertReason};

use crate::harness::expected::{agreement_error, dispatcher_error};
use crate::harness::receipts::probed;
use crate::harness::{TestEnv, offer};
use crate::quote::order;

/// A market, an account, and an agreement.
async fn setup() -> (TestEnv, Market, Purchase) {
    let env = TestEnv::new().await;
    env.worker(offer(1)).await;
    let cleo = env.new_account().await;
    let purchase = env.buy(&cleo, OrderRequest::Custom(order(1, 12))).await;
    (env, cleo, purchase)
}

/// The output of a contract for any calldata, simulated and sent.
async fn call_raw(
    env: &TestEnv,
    who: &Market,
    to: Address,
    data: Vec<u8>,
    wei: u128,
) -> Result<Bytes, RevertReason> {
    let from = who.account().unwrap();
    let answer = env.rpc.call(from, to, data.clone().into(), wei).await;
    if answer.is_err() {
        assert!(!env.rpc.send(from, Some(to), data.into(), wei).await.success);
        env.check_balances().await;
    }
    answer.map_err(|data| env.revert_reason(to, &data))
}

/// The types of a call's words, in order; `None` if it has a dynamic type.
fn word_types(signature: &str) -> Option<Vec<&str>> {
    let (_, types) = signature.split_once('(').unwrap();
    let types: Vec<_> = types.split([',', '(', ')']).filter(|ty| !ty.is_empty()).collect();
    let fixed = types.iter().all(|ty| *ty != "bytes" && !ty.ends_with("[]"));
    fixed.then_some(types)
}

/// Words that nearly, and not at all, encode a value of the type.
fn invalid_words(ty: &str) -> Vec<U256> {
    let lowest = match ty {
        "uint256" | "bytes32" => return vec![],
        "bool" => U256::from(2),
        "address" => U256::ONE << 160,
        ty if ty.starts_with("bytes") => U256::ONE,
        ty => U256::ONE << ty.strip_prefix("uint").unwrap().parse::<usize>().unwrap(),
    };
    vec![lowest, U256::MAX]
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_ether_and_unknown_calls_are_refused() {
    let (env, cleo, purchase) = setup().await;
    for to in [env.dispatcher, purchase.agreement, env.implementation] {
        let unknown = |selector: [u8; 4]| {
            let error = UnknownCall { selector: FixedBytes(selector) };
            if to == env.dispatcher { dispatcher_error(error) } else { agreement_error(error) }
        };
        for wei in [0, 1] {
            for data in [vec![], vec![1], vec![1, 2, 3]] {
                assert_eq!(call_raw(&env, &cleo, to, data, wei).await, unknown([0; 4]));
            }
            let selector = [0xde, 0xad, 0xbe, 0xef];
            assert_eq!(call_raw(&env, &cleo, to, selector.to_vec(), wei).await, unknown(selector));
        }
    }
    // Each contract does not know the other's functions.
    let selector = settleCall::SELECTOR;
    let refusal = dispatcher_error(UnknownCall { selector: selector.into() });
    assert_eq!(call_raw(&env, &cleo, env.dispatcher, selector.to_vec(), 0).await, refusal);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_calls_that_need_ether_take_it() {
    let (env, cleo, purchase) = setup().await;
    let payable = ["registerWorker", "registerTester", "stake", "buyContract", "hire", "conclude"];
    let mut paid = 0;
    for signature in IWorkerDispatcherCalls::SIGNATURES {
        let selector = keccak256(signature)[..4].to_vec();
        let (name, _) = signature.split_once('(').unwrap();
        if payable.contains(&name) {
            paid += 1;
            continue;
        }
        let refusal = dispatcher_error(NotPayable { value: 3 });
        let answer = call_raw(&env, &cleo, env.dispatcher, selector, 3).await;
        assert_eq!(answer, refusal, "{signature}");
    }
    assert_eq!(paid, 7);
    for to in [purchase.agreement, env.implementation] {
        for selector in IWorkAgreementCalls::SELECTORS {
            let refusal = agreement_error(NotPayable { value: 3 });
            assert_eq!(call_raw(&env, &cleo, to, selector.to_vec(), 3).await, refusal);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_word_is_named() {
    let (env, cleo, purchase) = setup().await;
    let malformed = |to, word| {
        let error = MalformedCall { word };
        if to == env.dispatcher { dispatcher_error(error) } else { agreement_error(error) }
    };
    let ours = IWorkerDispatcherCalls::SIGNATURES.iter().map(|s| (env.dispatcher, s));
    let theirs = IWorkAgreementCalls::SIGNATURES.iter().map(|s| (purchase.agreement, s));
    let mut dynamic = 0;
    for (to, signature) in ours.chain(theirs) {
        let selector = &keccak256(signature)[..4];
        let Some(types) = word_types(signature) else {
            dynamic += 1;
            continue;
        };
        for (word, ty) in (0..).zip(&types) {
            let at = usize::try_from(word).unwrap() * 32;
            for value in invalid_words(ty) {
                let mut args = vec![0; types.len() * 32];
                args[at..at + 32].copy_from_slice(&value.to_be_bytes::<32>());
                let data = [selector, &args].concat();
                let from = cleo.account().unwrap();
                let answer = env.rpc.call(from, to, data.into(), 0).await;
                let answer = answer.map_err(|data| env.revert_reason(to, &data));
                assert_eq!(answer, malformed(to, word), "{signature}, word {word}");
            }
            // One byte short.
            let data = [selector, &vec![0; at + 31]].concat();
            let answer = call_raw(&env, &cleo, to, data, 0).await;
            assert_eq!(answer, malformed(to, word), "{signature}, word {word}");
        }
    }
    assert_eq!(dynamic, 7, "quote, hire, conclude, report, reportBatch, release and settle");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_word_of_a_list_is_named() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (env.worker(offer(1)).await, env.new_account().await);
    let testers = env.testers(3).await;
    let purchase = env.buy(&cleo, OrderRequest::Default { redundancy: 1, length: 12 }).await;
    env.accept(&ada, &purchase).await;
    env.advance(12).await;
    let to = purchase.agreement;
    // Replaces one word of a call.
    let with = |data: &[u8], word: usize, value: U256| {
        let mut data = data.to_vec();
        data[4 + word * 32..36 + word * 32].copy_from_slice(&value.to_be_bytes::<32>());
        data
    };
    let big = U256::ONE << 32;
    let report = env.report_call(&testers[0], to, 0, &probed(0, "3")).await.abi_encode();
    assert_eq!(report.len(), 4 + 7 * 32);
    // The place, the salt, the offset of the entries, their length, 72 bytes in three words.
    let cases = [
        (0, big, 0),
        (2, big, 2),
        (2, U256::MAX, 2),
        (2, U256::from(1_000), 31),
        (3, big, 3),
        (3, U256::from(97), 4),
        (3, U256::from(u32::MAX), 4),
    ];
    for (word, value, named) in cases {
        let answer = call_raw(&env, &testers[0], to, with(&report, word, value), 0).await;
        assert_eq!(answer, agreement_error(MalformedCall { word: named }), "report, {word}");
    }
    let batch = reportBatchCall { reports: vec![1; 33].into() }.abi_encode();
    let cases = [
        (0, big, 0),
        (0, U256::from(640), 20),
        (1, big, 1),
        (1, U256::from(65), 2),
        (1, U256::from(u32::MAX), 2),
    ];
    for (word, value, named) in cases {
        let answer = call_raw(&env, &testers[0], to, with(&batch, word, value), 0).await;
        assert_eq!(answer, agreement_error(MalformedCall { word: named }), "reportBatch, {word}");
    }

    env.advance(env.settings.reportWindow).await;
    let hints = vec![0];
    let settle = settleCall { hints: hints.clone() }.abi_encode();
    let release = releaseCall { hints }.abi_encode();
    let cases = [
        (0, big, 0),
        (0, U256::from(640), 20),
        (1, U256::from(9), 1),
        (1, big, 1),
        (1, U256::from(2), 3),
        (2, big, 2),
    ];
    for call in [settle, release] {
        for (word, value, named) in cases {
            let answer = call_raw(&env, &cleo, to, with(&call, word, value), 0).await;
            let refusal = agreement_error(MalformedCall { word: named });
            assert_eq!(answer, refusal, "{:x?}, {word}", &call[..4]);
        }
    }

    let (workers, fees, hints) = (vec![], vec![], vec![]);
    let (terms, settled, freed, last) = (Bytes::new(), 1, 1, true);
    let conclude = concludeCall { terms, settled, freed, last, workers, fees, hints }.abi_encode();
    // The offset of the terms, two masks, a flag, three offsets, then four lengths: each one more than
    // its limit.
    let masks = [(1, 255), (2, 255), (3, 1)];
    let lengths = [(7, MAX_TERMS), (8, 8), (9, 63), (10, 8)];
    for (word, most) in masks.into_iter().chain(lengths) {
        let at = usize::try_from(word).unwrap();
        let data = with(&conclude, at, U256::from(most + 1));
        let answer = call_raw(&env, &cleo, env.dispatcher, data, 0).await;
        assert_eq!(answer, dispatcher_error(MalformedCall { word }), "conclude, {word}");
    }
    let caller = cleo.account().unwrap();
    let answer = call_raw(&env, &cleo, env.dispatcher, conclude, 0).await;
    assert_eq!(answer, dispatcher_error(NotAnAgreement { caller }));
}

#[tokio::test(flavor = "multi_thread")]
async fn calldata_has_an_end() {
    let (env, cleo, purchase) = setup().await;
    let from = cleo.account().unwrap();
    for (to, selector) in [
        (env.dispatcher, IWorkerDispatcherCalls::SELECTORS[0]),
        (purchase.agreement, IWorkAgreementCalls::SELECTORS[0]),
    ] {
        let data = |len: usize| [&selector[..], &vec![0; len - 4]].concat();
        let answer = call_raw(&env, &cleo, to, data(15 * 1_024 + 1), 0).await;
        let error = MalformedCall { word: 480 };
        let expected =
            if to == env.dispatcher { dispatcher_error(error) } else { agreement_error(error) };
        assert_eq!(answer, expected);
        // Up to the limit, bytes after the arguments are ignored.
        let short = env.rpc.call(from, to, data(4 + 20 * 32).into(), 0).await;
        assert_eq!(env.rpc.call(from, to, data(15 * 1_024).into(), 0).await, short);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_implementation_is_no_agreement() {
    let (env, cleo, _) = setup().await;
    let caller = cleo.account().unwrap();
    for selector in IWorkAgreementCalls::SELECTORS {
        // Zeros are valid arguments of every call: a list is empty.
        let data = [&selector[..], &[0; 96]].concat();
        let answer = call_raw(&env, &cleo, env.implementation, data, 0).await;
        assert_eq!(answer, agreement_error(NotAnAgreement { caller }), "{selector:x?}");
    }
}
