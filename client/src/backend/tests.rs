//! The conformance tests that every backend passes, on an embedded chain.

use std::sync::Arc;

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use alloy::signers::local::PrivateKeySigner;
use stylus_devnode::{Config, Devnode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::connect::{BackendKind, ConnectOptions};
use super::{AccountOverride, Backend, BlockTag, CallEnv, Fees, LogFilter, TxDraft, TxRequest};
use crate::error::{BackendError, NodeError};

/// Init code that logs 42 with the topics 1 and 2, and returns one byte of code, 42.
const LOG_42_INIT_CODE: &[u8] =
    &[0x60, 42, 0x5f, 0x52, 0x60, 2, 0x60, 1, 0x60, 32, 0x5f, 0xa2, 0x60, 1, 0x60, 31, 0xf3];

/// Code that reverts with one byte, 42.
const REVERTING_CODE: &[u8] = &[0x60, 42, 0x5f, 0x53, 0x60, 1, 0x5f, 0xfd];

/// Code that pushes a zero, executes this instruction, and returns the top of the stack.
const fn returning(instruction: u8) -> [u8; 8] {
    [0x5f, instruction, 0x5f, 0x52, 0x60, 32, 0x5f, 0xf3]
}

/// The backends of this build.
const BACKENDS: &[BackendKind] = &[
    BackendKind::Alloy,
    #[cfg(feature = "ethers")]
    BackendKind::Ethers,
];

/// A chain, and a connection over every backend.
async fn connect_all() -> (Devnode, Vec<Arc<dyn Backend>>) {
    let node = Devnode::start(Config::any_port()).await.unwrap();
    let mut chains = Vec::new();
    for backend in BACKENDS {
        let signer = PrivateKeySigner::from_bytes(&node.accounts()[1].key).unwrap();
        let options = ConnectOptions { signer: Some(signer), ..options(*backend) };
        chains.push(options.connect_one(&node.url()).await.unwrap());
    }
    (node, chains)
}

/// How to connect over this backend, without a signer.
fn options(kind: BackendKind) -> ConnectOptions {
    ConnectOptions { kind, ..ConnectOptions::default() }
}

/// An account with this code.
fn with_code(code: &[u8]) -> AccountOverride {
    let code = Some(Bytes::copy_from_slice(code));
    AccountOverride { account: Address::repeat_byte(7), code, ..AccountOverride::default() }
}

/// What a call to the overridden account returns.
async fn call_with_override(
    chain: &dyn Backend,
    account_override: AccountOverride,
    time: Option<u64>,
) -> Result<U256, BackendError> {
    let call = TxRequest { to: Some(account_override.account), ..TxRequest::default() };
    let env = CallEnv { timestamp: time, overrides: vec![account_override], ..CallEnv::default() };
    chain.call(&call, &env).await.map(|answer| U256::from_be_slice(&answer))
}

/// A transaction of the chain's account.
async fn draft(chain: &dyn Backend, to: Option<Address>, data: &[u8]) -> TxDraft {
    let from = chain.account().unwrap();
    let call = TxRequest { from: Some(from), to, data: Bytes::copy_from_slice(data), value: 0 };
    let gas = chain.estimate_gas(&call, &CallEnv::default()).await.unwrap();
    let nonce = chain.nonce(from, true).await.unwrap();
    TxDraft {
        request: call,
        gas_limit: gas,
        nonce,
        fees: Fees { cap: chain.head().await.unwrap().gas_price.saturating_mul(2), tip: 0 },
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_backend_sees_the_same_chain_and_account() {
    let (node, chains) = connect_all().await;
    node.mine().await.unwrap();
    let head = chains[0].head().await.unwrap();
    assert!(head.number > 0 && head.timestamp > 1_700_000_000 && head.gas_price > 0, "{head:?}");
    let account = node.accounts()[1].address;
    for chain in chains {
        assert_eq!((chain.chain_id(), chain.account()), (stylus_devnode::CHAIN_ID, Some(account)));
        assert_eq!(chain.fetch_chain_id().await.unwrap(), stylus_devnode::CHAIN_ID);
        assert_eq!(chain.head().await.unwrap(), head);
        assert_eq!(chain.block(head.number).await.unwrap(), Some(head));
        assert_eq!(chain.block(head.number + 1).await.unwrap(), None);
        let ten_thousand = U256::from(10_000_000_000_000_000_000_000_u128);
        assert_eq!(chain.balance(account).await.unwrap(), ten_thousand);
        assert_eq!(chain.code(account).await.unwrap(), Bytes::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn account_overrides_apply_to_calls() {
    let (_node, chains) = connect_all().await;
    for chain in chains {
        let word = |byte: u8| U256::from(byte);
        let slot = Some((B256::ZERO, B256::from(word(9))));
        let stored = AccountOverride { storage: slot, ..with_code(&returning(0x54)) };
        assert_eq!(call_with_override(&*chain, stored, None).await.unwrap(), word(9));
        let rich = AccountOverride { balance: Some(U256::MAX), ..with_code(&returning(0x47)) };
        assert_eq!(call_with_override(&*chain, rich, None).await.unwrap(), U256::MAX);
        let late = u64::from(u32::MAX);
        let clock = with_code(&returning(0x42));
        assert_eq!(call_with_override(&*chain, clock, Some(late)).await.unwrap(), U256::from(late));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revert_keeps_its_data() {
    let (_node, chains) = connect_all().await;
    for chain in chains {
        let error = call_with_override(&*chain, with_code(REVERTING_CODE), None).await.unwrap_err();
        assert!(
            matches!(&error, BackendError::Reverted(data) if data.as_ref() == [42]),
            "{error:?}"
        );
        let call = TxRequest { to: Some(Address::repeat_byte(7)), ..TxRequest::default() };
        let env = CallEnv { overrides: vec![with_code(REVERTING_CODE)], ..CallEnv::default() };
        let error = chain.estimate_gas(&call, &env).await.unwrap_err();
        assert!(
            matches!(&error, BackendError::Reverted(data) if data.as_ref() == [42]),
            "{error:?}"
        );
        let error =
            call_with_override(&*chain, with_code(&[0x5f, 0x5f, 0xfd]), None).await.unwrap_err();
        assert!(matches!(&error, BackendError::Reverted(data) if data.is_empty()), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_runs_on_the_requested_block() {
    let (node, chains) = connect_all().await;
    node.mine().await.unwrap();
    for chain in chains {
        let (number, ago) = (chain.head().await.unwrap().number, BlockTag::Number(1));
        for (at, height) in [(BlockTag::Latest, number), (ago, 1), (BlockTag::Pending, number + 1)]
        {
            // `ArbSys.arbBlockNumber()`, which is the height.
            let data = Bytes::copy_from_slice(&keccak256("arbBlockNumber()")[..4]);
            let to = Some(Address::with_last_byte(0x64));
            let call = TxRequest { to, data, ..TxRequest::default() };
            let env = CallEnv { block: at, ..CallEnv::default() };
            let answer = chain.call(&call, &env).await.unwrap();
            assert_eq!(U256::from_be_slice(&answer), U256::from(height));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_backend_signs_the_same_bytes() {
    let (_node, chains) = connect_all().await;
    for to in [Some(Address::repeat_byte(3)), None] {
        let draft = TxDraft {
            request: TxRequest {
                from: chains[0].account(),
                to,
                data: Bytes::from_static(b"do"),
                value: 5,
            },
            gas_limit: 6,
            nonce: 7,
            fees: Fees { cap: 9, tip: 8 },
        };
        let signed = chains[0].sign(&draft).await.unwrap();
        assert_eq!((&signed.draft, Some(signed.from())), (&draft, draft.request.from));
        for chain in &chains {
            assert_eq!(chain.sign(&draft).await.unwrap(), signed);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sent_transaction_has_a_receipt_and_logs() {
    let (_node, chains) = connect_all().await;
    for chain in chains {
        let draft = draft(&*chain, None, LOG_42_INIT_CODE).await;
        let signed = chain.sign(&draft).await.unwrap();
        assert_eq!(chain.receipt(signed.hash()).await.unwrap(), None);
        chain.broadcast(&signed).await.unwrap();
        let receipt = chain.receipt(signed.hash()).await.unwrap().unwrap();
        let head = chain.head().await.unwrap();
        assert_eq!((receipt.transaction, receipt.block), (signed.hash(), head.number));
        assert!(receipt.success && receipt.gas_used > 53_000, "{receipt:?}");
        assert_eq!(chain.nonce(signed.from(), false).await.unwrap(), draft.nonce + 1);
        assert_eq!(chain.code(receipt.created.unwrap()).await.unwrap().as_ref(), [42]);

        let topic = |number: u8| B256::from(U256::from(number));
        let [log] = receipt.logs.as_slice() else { panic!("{receipt:?}") };
        assert_eq!(Some(log.address), receipt.created);
        assert_eq!(log.data.topics(), [topic(1), topic(2)]);
        assert_eq!((log.block, log.log_index, log.transaction), (receipt.block, 0, signed.hash()));
        let by = |topics, address| LogFilter { from: 1, to: head.number, address, topics };
        let fits = [
            by([vec![], vec![], vec![]], receipt.created),
            by([vec![topic(9), topic(1)], vec![topic(2)], vec![]], receipt.created),
        ];
        for filter in fits {
            assert_eq!(chain.logs(&filter).await.unwrap(), receipt.logs);
        }
        let others = [
            by([vec![topic(2)], vec![], vec![]], None),
            by([vec![], vec![], vec![]], Some(Address::repeat_byte(1))),
        ];
        for filter in others {
            assert_eq!(chain.logs(&filter).await.unwrap(), []);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_transaction_has_a_failure_receipt() {
    let (_node, chains) = connect_all().await;
    for chain in chains {
        let mut draft = draft(&*chain, None, &[]).await;
        draft.request.data = Bytes::from_static(&[0x5f, 0x5f, 0xfd]);
        let signed = chain.sign(&TxDraft { gas_limit: 100_000, ..draft }).await.unwrap();
        chain.broadcast(&signed).await.unwrap();
        let receipt = chain.receipt(signed.hash()).await.unwrap().unwrap();
        assert!(!receipt.success && receipt.logs.is_empty(), "{receipt:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pending_transactions_count_in_the_pending_nonce() {
    let (node, chains) = connect_all().await;
    node.raw_request(r#"{"jsonrpc":"2.0","id":1,"method":"evm_setAutomine","params":[false]}"#)
        .await;
    for chain in chains {
        let draft = draft(&*chain, Some(Address::repeat_byte(5)), &[]).await;
        let signed = chain.sign(&draft).await.unwrap();
        chain.broadcast(&signed).await.unwrap();
        let counts = [true, false].map(|waiting| chain.nonce(signed.from(), waiting));
        let counts = futures::future::join_all(counts).await;
        assert_eq!(
            counts.into_iter().map(Result::unwrap).collect::<Vec<_>>(),
            [draft.nonce + 1, 0]
        );
        assert_eq!(chain.receipt(signed.hash()).await.unwrap(), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rpc_errors_invalid_responses_and_unreachable_nodes_are_distinct() {
    let (_node, chains) = connect_all().await;
    for chain in chains {
        let draft = draft(&*chain, Some(Address::repeat_byte(5)), &[]).await;
        let signed = chain.sign(&TxDraft { gas_limit: 1, ..draft }).await.unwrap();
        let error = chain.broadcast(&signed).await.unwrap_err();
        assert!(matches!(error, BackendError::Node(NodeError::Rpc { .. })), "{error:?}");
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        for _ in BACKENDS {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _request = stream.read(&mut [0; 4096]).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").await.unwrap();
        }
    });
    for backend in BACKENDS {
        let error = options(*backend).connect_one(&url).await.unwrap_err();
        assert!(matches!(error, NodeError::NotANode { .. }), "{error:?}");
    }
    server.await.unwrap();
    for backend in BACKENDS {
        let error = options(*backend).connect_one(&url).await.unwrap_err();
        assert!(matches!(error, NodeError::Unreachable { .. }), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_without_a_key_fails() {
    let (node, _) = connect_all().await;
    for backend in BACKENDS {
        let chain = options(*backend).connect_one(&node.url()).await.unwrap();
        assert_eq!(chain.account(), None);
        let error = chain.sign(&TxDraft::default()).await.unwrap_err();
        assert!(matches!(error, BackendError::Node(NodeError::Signing(_))), "{error:?}");
    }
}
