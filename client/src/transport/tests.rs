//! What every backend must do, asked of all there are, on an embedded chain.

use std::sync::Arc;

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use alloy::signers::local::PrivateKeySigner;
use stylus_devnode::{Config, Devnode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{Assumption, At, Call, Chain, LogFilter, World};
use crate::connect::{Backend, Connect};
use crate::error::{Fault, NodeError};
use crate::signed::{Draft, Fees};

/// Init code that says 42 under the topics 1 and 2, and leaves one byte of code, 42.
const SAYS_42: &[u8] =
    &[0x60, 42, 0x5f, 0x52, 0x60, 2, 0x60, 1, 0x60, 32, 0x5f, 0xa2, 0x60, 1, 0x60, 31, 0xf3];

/// Code that reverts with one byte, 42.
const REVERTS: &[u8] = &[0x60, 42, 0x5f, 0x53, 0x60, 1, 0x5f, 0xfd];

/// Code that returns what this instruction puts on the stack, with a zero for it to take.
const fn returns(instruction: u8) -> [u8; 8] {
    [0x5f, instruction, 0x5f, 0x52, 0x60, 32, 0x5f, 0xf3]
}

/// The backends of this build.
const BACKENDS: &[Backend] = &[
    Backend::Alloy,
    #[cfg(feature = "ethers")]
    Backend::Ethers,
];

/// A chain, and a connection by every backend.
async fn all() -> (Devnode, Vec<Arc<dyn Chain>>) {
    let node = Devnode::start(Config::any_port()).await.unwrap();
    let mut chains = Vec::new();
    for backend in BACKENDS {
        let signer = PrivateKeySigner::from_bytes(&node.accounts()[1].key).unwrap();
        let how = Connect::to([""]).with_signer(signer).with_backend(*backend);
        chains.push(Arc::new(how).one(node.url().into()).await.unwrap());
    }
    (node, chains)
}

/// An account with code of one's choice.
fn with_code(code: &[u8]) -> Assumption {
    let code = Some(Bytes::copy_from_slice(code));
    Assumption { account: Address::repeat_byte(7), code, ..Assumption::default() }
}

/// What an account answers if this is so.
async fn ask(chain: &dyn Chain, assumed: Assumption, time: Option<u64>) -> Result<U256, Fault> {
    let call = Call { to: Some(assumed.account), ..Call::default() };
    let world = World { time, assume: vec![assumed], ..World::default() };
    chain.call(&call, &world).await.map(|answer| U256::from_be_slice(&answer))
}

/// A transaction of the chain's account.
async fn draft(chain: &dyn Chain, to: Option<Address>, data: &[u8]) -> Draft {
    let from = chain.account().unwrap();
    let call = Call { from: Some(from), to, data: Bytes::copy_from_slice(data), value: 0 };
    let gas = chain.estimate(&call, &World::default()).await.unwrap();
    let nonce = chain.nonce(from, true).await.unwrap();
    Draft { call, gas, nonce, fees: Fees::at(chain.head().await.unwrap().gas_price) }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_see_the_same_chain_and_account() {
    let (node, chains) = all().await;
    node.mine().await.unwrap();
    let head = chains[0].head().await.unwrap();
    assert!(head.number > 0 && head.timestamp > 1_700_000_000 && head.gas_price > 0, "{head:?}");
    let somebody = node.accounts()[1].address;
    for chain in chains {
        assert_eq!((chain.chain_id(), chain.account()), (stylus_devnode::CHAIN_ID, Some(somebody)));
        assert_eq!(chain.identify().await.unwrap(), stylus_devnode::CHAIN_ID);
        assert_eq!(chain.head().await.unwrap(), head);
        assert_eq!(chain.block_hash(head.number).await.unwrap(), Some(head.hash));
        assert_eq!(chain.block_hash(head.number + 1).await.unwrap(), None);
        let thousand = U256::from(1_000_000_000_000_000_000_000_u128);
        assert_eq!(chain.balance(somebody).await.unwrap(), thousand);
        assert_eq!(chain.code(somebody).await.unwrap(), Bytes::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_assumed_counts() {
    let (_node, chains) = all().await;
    for chain in chains {
        let word = |byte: u8| U256::from(byte);
        let slot = Some((B256::ZERO, B256::from(word(9))));
        let stored = Assumption { slot, ..with_code(&returns(0x54)) };
        assert_eq!(ask(&*chain, stored, None).await.unwrap(), word(9));
        let rich = Assumption { balance: Some(U256::MAX), ..with_code(&returns(0x47)) };
        assert_eq!(ask(&*chain, rich, None).await.unwrap(), U256::MAX);
        let late = u64::from(u32::MAX);
        let clock = with_code(&returns(0x42));
        assert_eq!(ask(&*chain, clock, Some(late)).await.unwrap(), U256::from(late));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revert_keeps_its_data() {
    let (_node, chains) = all().await;
    for chain in chains {
        let fault = ask(&*chain, with_code(REVERTS), None).await.unwrap_err();
        assert!(matches!(&fault, Fault::Reverted(data) if data.as_ref() == [42]), "{fault:?}");
        let call = Call { to: Some(Address::repeat_byte(7)), ..Call::default() };
        let world = World { assume: vec![with_code(REVERTS)], ..World::default() };
        let fault = chain.estimate(&call, &world).await.unwrap_err();
        assert!(matches!(&fault, Fault::Reverted(data) if data.as_ref() == [42]), "{fault:?}");
        let fault = ask(&*chain, with_code(&[0x5f, 0x5f, 0xfd]), None).await.unwrap_err();
        assert!(matches!(&fault, Fault::Reverted(data) if data.is_empty()), "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_sees_the_block_that_it_asks_for() {
    let (node, chains) = all().await;
    node.mine().await.unwrap();
    for chain in chains {
        let (number, ago) = (chain.head().await.unwrap().number, At::Number(1));
        for (at, height) in [(At::Latest, number), (ago, 1), (At::Pending, number + 1)] {
            // `ArbSys.arbBlockNumber()`, which is the height.
            let data = Bytes::copy_from_slice(&keccak256("arbBlockNumber()")[..4]);
            let to = Some(Address::with_last_byte(0x64));
            let call = Call { to, data, ..Call::default() };
            let world = World { at, ..World::default() };
            let answer = chain.call(&call, &world).await.unwrap();
            assert_eq!(U256::from_be_slice(&answer), U256::from(height));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_sign_the_same_bytes() {
    let (_node, chains) = all().await;
    for to in [Some(Address::repeat_byte(3)), None] {
        let order = Draft {
            call: Call { from: chains[0].account(), to, data: Bytes::from_static(b"do"), value: 5 },
            gas: 6,
            nonce: 7,
            fees: Fees { cap: 9, tip: 8 },
        };
        let signed = chains[0].sign(&order).await.unwrap();
        assert_eq!((&signed.draft, Some(signed.from())), (&order, order.call.from));
        for chain in &chains {
            assert_eq!(chain.sign(&order).await.unwrap(), signed);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_is_found_again() {
    let (_node, chains) = all().await;
    for chain in chains {
        let order = draft(&*chain, None, SAYS_42).await;
        let signed = chain.sign(&order).await.unwrap();
        assert_eq!(chain.receipt(signed.hash()).await.unwrap(), None);
        chain.broadcast(&signed).await.unwrap();
        let receipt = chain.receipt(signed.hash()).await.unwrap().unwrap();
        let head = chain.head().await.unwrap();
        assert_eq!((receipt.transaction, receipt.block), (signed.hash(), head.number));
        assert!(receipt.success && receipt.gas_used > 53_000, "{receipt:?}");
        assert_eq!(chain.nonce(signed.from(), false).await.unwrap(), order.nonce + 1);
        assert_eq!(chain.code(receipt.created.unwrap()).await.unwrap().as_ref(), [42]);

        let topic = |number: u8| B256::from(U256::from(number));
        let [log] = receipt.logs.as_slice() else { panic!("{receipt:?}") };
        assert_eq!(Some(log.address), receipt.created);
        assert_eq!(log.data.topics(), [topic(1), topic(2)]);
        assert_eq!((log.block, log.index, log.transaction), (receipt.block, 0, signed.hash()));
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
async fn what_fails_has_a_receipt_that_says_so() {
    let (_node, chains) = all().await;
    for chain in chains {
        let mut order = draft(&*chain, None, &[]).await;
        order.call.data = Bytes::from_static(&[0x5f, 0x5f, 0xfd]);
        let signed = chain.sign(&Draft { gas: 100_000, ..order }).await.unwrap();
        chain.broadcast(&signed).await.unwrap();
        let receipt = chain.receipt(signed.hash()).await.unwrap().unwrap();
        assert!(!receipt.success && receipt.logs.is_empty(), "{receipt:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_counts_where_it_is_asked_for() {
    let (node, chains) = all().await;
    node.raw_request(r#"{"jsonrpc":"2.0","id":1,"method":"evm_setAutomine","params":[false]}"#).await;
    for chain in chains {
        let order = draft(&*chain, Some(Address::repeat_byte(5)), &[]).await;
        let signed = chain.sign(&order).await.unwrap();
        chain.broadcast(&signed).await.unwrap();
        let counts = [true, false].map(|waiting| chain.nonce(signed.from(), waiting));
        let counts = futures::future::join_all(counts).await;
        assert_eq!(
            counts.into_iter().map(Result::unwrap).collect::<Vec<_>>(),
            [order.nonce + 1, 0]
        );
        assert_eq!(chain.receipt(signed.hash()).await.unwrap(), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_refuses_is_told_from_one_that_is_none_and_from_nobody() {
    let (_node, chains) = all().await;
    for chain in chains {
        let order = draft(&*chain, Some(Address::repeat_byte(5)), &[]).await;
        let signed = chain.sign(&Draft { gas: 1, ..order }).await.unwrap();
        let fault = chain.broadcast(&signed).await.unwrap_err();
        assert!(matches!(fault, Fault::Node(NodeError::Answered { .. })), "{fault:?}");
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let stranger = tokio::spawn(async move {
        for _ in BACKENDS {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _asked = stream.read(&mut [0; 4096]).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").await.unwrap();
        }
    });
    for backend in BACKENDS {
        let how = Arc::new(Connect::to([""]).with_backend(*backend));
        let error = how.clone().one(url.as_str().into()).await.unwrap_err();
        assert!(matches!(error, NodeError::NotANode { .. }), "{error:?}");
    }
    stranger.await.unwrap();
    for backend in BACKENDS {
        let how = Arc::new(Connect::to([""]).with_backend(*backend));
        let error = how.one(url.as_str().into()).await.unwrap_err();
        assert!(matches!(error, NodeError::Unreachable { .. }), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_signs_without_a_key() {
    let (node, _) = all().await;
    for backend in BACKENDS {
        let how = Arc::new(Connect::to([""]).with_backend(*backend));
        let chain = how.one(node.url().into()).await.unwrap();
        assert_eq!(chain.account(), None);
        let fault = chain.sign(&Draft::default()).await.unwrap_err();
        assert!(matches!(fault, Fault::Node(NodeError::Signing(_))), "{fault:?}");
    }
}
