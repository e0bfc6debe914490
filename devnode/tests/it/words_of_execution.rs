//! The words of errors of transactions and precompiles, and what contracts see of precompiles.

use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEip7702, TxLegacy},
    eips::{eip2718::Encodable2718, eip7702::Authorization},
    primitives::{Address, Bytes, Signature, TxKind, U256, hex, keccak256},
    providers::Provider,
    signers::{SignerSync, local::PrivateKeySigner},
};
use serde_json::json;
use stylus_devnode::{CHAIN_ID, DEV_ADDRESS, DEV_KEY};

use crate::{support::Chain, words::error};

#[tokio::test]
async fn malformed_transactions_get_the_words_of_geth() {
    let chain = Chain::start().await;
    let signature = Signature::new(U256::from(1), U256::from(1), false);
    let legacy =
        TxLegacy { gas_limit: 21_000, to: TxKind::Call(DEV_ADDRESS), ..TxLegacy::default() };
    let plain = |v: &[u8], nonce: &[u8], gas: &[u8]| {
        list(&[
            string(nonce),
            string(&[1]),
            string(gas),
            string(DEV_ADDRESS.as_slice()),
            string(&[]),
            string(&[]),
            string(v),
            string(&[1]),
            string(&[1]),
        ])
    };
    let gas = [0x52, 0x08];
    let nine = [1; 9];
    let dynamic = TxEip1559 { chain_id: CHAIN_ID, ..TxEip1559::default() };
    let good = dynamic.into_signed(signature).encoded_2718();
    assert_eq!(good[0], 2);
    let invalid = "invalid transaction v, r, s values".to_owned();
    let chain_id = |have: &str| format!("invalid chain id for signer: have {have} want {CHAIN_ID}");
    let field = |what: &str, of: &str, field: &str| {
        format!("rlp: {what} for {of}, decoding into (types.LegacyTx).{field}")
    };
    for (raw, text) in [
        (
            plain(&[27], &[0, 1], &gas),
            field("non-canonical integer (leading zero bytes)", "uint64", "Nonce"),
        ),
        (plain(&[27], &nine, &gas), field("input string too long", "uint64", "Nonce")),
        (plain(&[27], &[], &nine), field("input string too long", "uint64", "Gas")),
        (
            plain(&[0, 27], &[], &gas),
            field("non-canonical integer (leading zero bytes)", "*big.Int", "V"),
        ),
        (plain(&[], &[], &gas), invalid.clone()),
        (plain(&[1], &[], &gas), invalid.clone()),
        (plain(&[26], &[], &gas), chain_id("9223372036854775803")),
        (plain(&[29], &[], &gas), chain_id("9223372036854775805")),
        (plain(&[36], &[], &gas), chain_id("0")),
        (
            list(&[string(&[1]), string(&[2])]),
            "rlp: too few elements for types.LegacyTx".to_owned(),
        ),
        (
            typed(4, &[string(&[1]), list(&[])]),
            "rlp: expected input string or byte for uint64, decoding into (types.SetCodeTx).Nonce"
                .to_owned(),
        ),
    ] {
        let raw = Bytes::from(raw);
        let found = error(&chain, "eth_sendRawTransaction", json!([raw])).await;
        assert_eq!(found, (-32000, text), "{raw}");
    }
    let signer = PrivateKeySigner::from_bytes(&DEV_KEY).unwrap();
    let by = signer.sign_hash_sync(&legacy.signature_hash()).unwrap();
    let parity = u8::from(by.v());
    let [r, s] = [by.r(), by.s()].map(|half| half.to_be_bytes_trimmed_vec());
    let with_parity = list(&[
        string(&[]),
        string(&[]),
        string(&gas),
        string(DEV_ADDRESS.as_slice()),
        string(&[]),
        string(&[]),
        string(if parity == 0 { &[] } else { &[1] }),
        string(&r),
        string(&s),
    ]);
    let found = error(&chain, "eth_sendRawTransaction", json!([Bytes::from(with_parity)])).await;
    assert_eq!(found, (-32000, invalid), "the parity is no recovery value");
    let unprotected = legacy.into_signed(by).encoded_2718();
    let (_, text) =
        error(&chain, "eth_sendRawTransaction", json!([Bytes::from(unprotected)])).await;
    assert!(text.starts_with("max fee per gas less than block base fee"), "{text}");
}

/// The RLP of a byte string of less than 56 bytes.
fn string(bytes: &[u8]) -> Vec<u8> {
    match bytes {
        [byte] if *byte < 0x80 => vec![*byte],
        _ => [&[0x80 + u8::try_from(bytes.len()).unwrap()], bytes].concat(),
    }
}

/// The RLP of a list of less than 256 bytes.
fn list(items: &[Vec<u8>]) -> Vec<u8> {
    let payload = items.concat();
    let length = u8::try_from(payload.len()).unwrap();
    let head = if length < 56 { vec![0xc0 + length] } else { vec![0xf8, length] };
    [head, payload].concat()
}

/// A transaction with a type byte.
fn typed(kind: u8, items: &[Vec<u8>]) -> Vec<u8> {
    [vec![kind], list(items)].concat()
}

#[tokio::test]
async fn a_delegation_for_another_chain_is_in_vain() {
    let chain = Chain::start().await;
    let authority = PrivateKeySigner::random();
    let signer = PrivateKeySigner::from_bytes(&DEV_KEY).unwrap();
    for (nonce, chain_id, gas, is_set) in
        [(6, 1, 46_000, false), (7, 0, 46_000, true), (8, u64::MAX, 46_000, false)]
    {
        let authorization = Authorization {
            chain_id: U256::from(chain_id),
            address: Address::repeat_byte(3),
            nonce: 0,
        };
        let by = authority.sign_hash_sync(&authorization.signature_hash()).unwrap();
        let transaction = TxEip7702 {
            chain_id: CHAIN_ID,
            nonce,
            gas_limit: 100_000,
            max_fee_per_gas: 1_000_000_000,
            to: Address::repeat_byte(4),
            authorization_list: vec![authorization.into_signed(by)],
            ..TxEip7702::default()
        };
        let signature = signer.sign_hash_sync(&transaction.signature_hash()).unwrap();
        let raw = Bytes::from(transaction.into_signed(signature).encoded_2718());
        let hash = chain.rpc("eth_sendRawTransaction", json!([raw])).await;
        let receipt = chain.rpc("eth_getTransactionReceipt", json!([hash])).await;
        assert_eq!(receipt["gasUsed"], format!("{gas:#x}"));
        let code = chain.provider.get_code_at(authority.address()).await.unwrap();
        assert_eq!(!code.is_empty(), is_set || nonce > 6);
    }
}

#[tokio::test]
async fn rejected_input_of_precompiles_gets_the_words_of_geth() {
    let chain = Chain::start().await;
    let word = |number: u64| U256::from(number).to_be_bytes::<32>();
    let modexp = [word(1025), word(1), word(1)].concat();
    let large = [word(1), word(1), word(1 << 20)].concat();
    let outside = [[0xff; 32], [0; 32], [0; 32], [0; 32]].concat();
    let limit = "one or more of base/exponent/modulus length exceeded 1024 bytes";
    for (low, input, text) in [
        (5, modexp, limit),
        (5, large, limit),
        (8, vec![0; 191], "bad elliptic curve pairing size"),
        (6, outside, "invalid fp.Element encoding"),
        (0x0b, vec![0; 255], "invalid input length"),
        (0x0b, vec![0xff; 256], "invalid field element top bytes"),
        (9, vec![0; 212], "invalid input length"),
    ] {
        let call =
            json!([{"to": Address::with_last_byte(low), "input": Bytes::from(input)}, "latest"]);
        assert_eq!(error(&chain, "eth_call", call).await, (-32000, text.to_owned()), "{low}");
    }
}

#[tokio::test]
async fn contracts_see_the_code_of_precompiles() {
    let chain = Chain::start().await;
    // EXTCODECOPY of two bytes, EXTCODESIZE and EXTCODEHASH of the account in the calldata.
    let reader = chain.deploy(&hex!("60025f5f5f353c5f353b6020525f353f60405260605ff3")).await;
    let read = async |low: u32| {
        let account = U256::from(low).to_be_bytes::<32>();
        chain.call(reader, account).await.unwrap()
    };
    for low in (0x64..=0x69).chain(0x6b..=0x73).chain([0xff, 0xa_4b05]) {
        let seen = read(low).await;
        assert_eq!(seen[..2], [0xfe, 0], "{low:#x}");
        assert_eq!(U256::from_be_slice(&seen[32..64]), U256::ONE);
        assert_eq!(seen[64..], keccak256([0xfe])[..]);
    }
    for low in [4, 0x6a, 0x100, 0xc8, 0xc9] {
        let seen = read(low).await;
        assert_eq!((seen[0], U256::from_be_slice(&seen[32..64])), (0, U256::ZERO), "{low:#x}");
    }
}

#[tokio::test]
async fn a_call_is_top_level_up_to_one_frame_deep() {
    let chain = Chain::start().await;
    // Passes its calldata on to the address in the first word, and returns the word that comes back.
    let forward = chain.deploy(&hex!("6020360360205f3760205f602036035f5f5f355af15060205ff3")).await;
    let selector = keccak256("isTopLevelCall()")[..4].to_vec();
    let arb_sys = Address::with_last_byte(0x64).into_word().to_vec();
    let direct = chain.call(Address::with_last_byte(0x64), selector.clone()).await.unwrap();
    assert_eq!(U256::from_be_slice(&direct), U256::ONE);
    let once = [arb_sys.clone(), selector.clone()].concat();
    let deep = chain.call(forward, once.clone()).await.unwrap();
    assert_eq!(U256::from_be_slice(&deep), U256::ONE, "one frame deep");
    let twice = [forward.into_word().to_vec(), once].concat();
    let deeper = chain.call(forward, twice).await.unwrap();
    assert_eq!(U256::from_be_slice(&deeper), U256::ZERO, "two frames deep");
}
