//! The chain as JSON-RPC: any calldata from any account, at exactly the time that a story says.

use std::sync::atomic::{AtomicU64, Ordering};

use alloy::consensus::BlockHeader;
use alloy::eips::{BlockId, Encodable2718};
use alloy::network::{EthereumWallet, NetworkTransactionBuilder, TransactionBuilder};
use alloy::primitives::{Address, B256, Bytes, U256, map::B256HashMap};
use alloy::providers::{DynProvider, Provider, ProviderBuilder};
use alloy::rpc::client::BatchRequest;
use alloy::rpc::types::state::{AccountOverride, StateOverride};
use alloy::rpc::types::{BlockOverrides, Filter, Log, TransactionRequest};
use alloy::signers::local::PrivateKeySigner;
use alloy::transports::{RpcError, TransportError};
use muster_client::{Node, Receipt};
use stylus_devnode::{CHAIN_ID, Devnode};

use crate::harness::backend;

/// Gas of a message by hand: more than any call needs.
const GAS: u64 = 25_000_000;

/// Slots of the history contract.
const HISTORY_SLOTS: u64 = 393_168;

/// A connection that signs for every account of the chain.
pub(crate) struct Wire {
    /// The connection.
    provider: DynProvider,
    /// All keys.
    wallet: EthereumWallet,
    /// For receipts in the client's words.
    node: Node,
    /// Unix second of the next block.
    now: AtomicU64,
}

impl Wire {
    /// Connects to a chain, whose clock stands still at `now` from here on.
    pub(crate) async fn new(chain: &Devnode, now: u64) -> Self {
        let builder = ProviderBuilder::new().disable_recommended_fillers();
        let provider = builder.connect(&chain.url()).await.unwrap().erased();
        let mut wallet = EthereumWallet::default();
        for account in chain.accounts() {
            wallet.register_signer(PrivateKeySigner::from_bytes(&account.key).unwrap());
        }
        let node = backend::connect(&chain.url(), None).await;
        let wire = Self { provider, wallet, node, now: AtomicU64::new(now) };
        wire.move_to(now).await;
        wire
    }

    /// Unix second of the next block.
    pub(crate) fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    /// Height of the latest block.
    pub(crate) async fn height(&self) -> u64 {
        self.provider.get_block_number().await.unwrap()
    }

    /// Hash of a block.
    pub(crate) async fn block_hash(&self, height: u64) -> B256 {
        self.provider.get_block(height.into()).await.unwrap().unwrap().header.hash
    }

    /// Makes a block at unix second `time`; the following ones have that time too.
    pub(crate) async fn move_to(&self, time: u64) {
        self.now.store(time, Ordering::Relaxed);
        let _: String = self.provider.raw_request("evm_mine".into(), (time,)).await.unwrap();
    }

    /// Makes so many blocks.
    pub(crate) async fn mine(&self, count: u64) {
        if count > 0 {
            self.hold().await;
            let () = self.provider.raw_request("anvil_mine".into(), (count, 0)).await.unwrap();
        }
    }

    /// Sees to it that the next block is at this wire's time.
    pub(crate) async fn hold(&self) {
        let method = "evm_setNextBlockTimestamp";
        let () = self.provider.raw_request(method.into(), (self.now(),)).await.unwrap();
    }

    /// Puts code where an account may yet come to be.
    pub(crate) async fn occupy(&self, account: Address) {
        let method = "anvil_setCode";
        let () = self.provider.raw_request(method.into(), (account, "0xfe")).await.unwrap();
    }

    /// What an account holds.
    pub(crate) async fn balance(&self, account: Address) -> u128 {
        self.provider.get_balance(account).await.unwrap().to()
    }

    /// Logs of a contract with one of these first topics.
    pub(crate) async fn logs(&self, contract: Address, kinds: Vec<B256>) -> Vec<Log> {
        let filter = Filter::new().address(contract).from_block(0).event_signature(kinds);
        self.provider.get_logs(&filter).await.unwrap()
    }

    /// What each of these messages to one contract answers, as the chain stands.
    pub(crate) async fn read_all(&self, to: Address, calls: Vec<Vec<u8>>) -> Vec<Bytes> {
        let mut batch = BatchRequest::new(self.provider.client());
        let mut answers = Vec::new();
        for data in calls {
            let request = TransactionRequest::default().with_to(to).with_input(data);
            answers.push(batch.add_call("eth_call", &(request, "latest")).unwrap());
        }
        batch.send().await.unwrap();
        futures::future::try_join_all(answers).await.unwrap()
    }

    /// What a message answers, or reverts with, as the next transaction.
    pub(crate) async fn call(
        &self,
        from: Address,
        to: Address,
        data: Bytes,
        value: u128,
    ) -> Result<Bytes, Bytes> {
        let head = self.provider.get_block(BlockId::latest()).await.unwrap().unwrap().header;
        // A node does not put the latest hash into the history contract before the next block.
        let slot = U256::from(head.number() % HISTORY_SLOTS).into();
        let history = AccountOverride {
            state_diff: Some(B256HashMap::from_iter([(slot, head.hash)])),
            ..AccountOverride::default()
        };
        let state = StateOverride::from_iter([(
            Address::new(muster_protocol::HISTORY_STORAGE_ADDRESS),
            history,
        )]);
        let request = request(from, Some(to), data, value);
        let call = self.provider.call(request).block(BlockId::pending()).overrides(state);
        let block = BlockOverrides::default().with_time(self.now());
        call.with_block_overrides(block).await.map_err(revert)
    }

    /// What a message answers, or reverts with, as one more transaction of the latest block.
    pub(crate) async fn call_in_latest(
        &self,
        from: Address,
        to: Address,
        data: Bytes,
    ) -> Result<Bytes, Bytes> {
        let request = request(from, Some(to), data, 0);
        self.provider.call(request).block(BlockId::latest()).await.map_err(revert)
    }

    /// Sends a message, or creates a contract, whatever comes of it.
    pub(crate) async fn send(
        &self,
        from: Address,
        to: Option<Address>,
        data: Bytes,
        value: u128,
    ) -> Receipt {
        self.hold().await;
        let nonce = self.provider.get_transaction_count(from).await.unwrap();
        let transaction = request(from, to, data, value)
            .with_chain_id(CHAIN_ID)
            .with_nonce(nonce)
            .with_max_fee_per_gas(1_000_000_000)
            .with_max_priority_fee_per_gas(0)
            .build(&self.wallet)
            .await
            .unwrap();
        let raw = transaction.encoded_2718();
        let hash = *self.provider.send_raw_transaction(&raw).await.unwrap().tx_hash();
        self.node.receipt(hash).await.unwrap().unwrap()
    }

    /// Wei that a transaction took for gas.
    pub(crate) async fn fee(&self, receipt: &Receipt) -> u128 {
        u128::from(receipt.gas_used) * self.node.head().await.unwrap().gas_price
    }
}

/// A message as alloy writes it.
fn request(from: Address, to: Option<Address>, data: Bytes, value: u128) -> TransactionRequest {
    let request = TransactionRequest::default().with_from(from).with_input(data);
    request.with_value(U256::from(value)).with_gas_limit(GAS).with_kind(to.into())
}

/// The data of a revert; a message may also fail without any.
fn revert(error: TransportError) -> Bytes {
    match error {
        RpcError::ErrorResp(answer) => {
            let data = answer.data.map(|data| data.get().trim_matches('"').parse());
            data.transpose().unwrap().unwrap_or_default()
        }
        other => panic!("{other}"),
    }
}
