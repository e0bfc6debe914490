//! JSON-RPC with the chain: any calldata from any account, at exactly the time that a test sets.

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

/// The gas limit of every transaction: more than any call needs.
const GAS: u64 = 25_000_000;

/// The number of slots of the history contract.
const HISTORY_SLOTS: u64 = 393_168;

/// A connection that signs for every account of the chain.
pub(crate) struct DevRpc {
    /// The connection.
    provider: DynProvider,
    /// The keys of all accounts.
    wallet: EthereumWallet,
    /// Fetches receipts as the client's type.
    node: Node,
    /// The Unix second of the next block.
    now: AtomicU64,
}

impl DevRpc {
    /// Connects to a chain, whose clock stands still at `now` from here on.
    pub(crate) async fn new(chain: &Devnode, now: u64) -> Self {
        let builder = ProviderBuilder::new().disable_recommended_fillers();
        let provider = builder.connect(&chain.url()).await.unwrap().erased();
        let mut wallet = EthereumWallet::default();
        for account in chain.accounts() {
            wallet.register_signer(PrivateKeySigner::from_bytes(&account.key).unwrap());
        }
        let node = backend::connect(&chain.url(), None).await;
        let rpc = Self { provider, wallet, node, now: AtomicU64::new(now) };
        rpc.mine_at(now).await;
        rpc
    }

    /// The Unix second of the next block.
    pub(crate) fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    /// The height of the latest block.
    pub(crate) async fn height(&self) -> u64 {
        self.provider.get_block_number().await.unwrap()
    }

    /// The hash of a block.
    pub(crate) async fn block_hash(&self, height: u64) -> B256 {
        self.provider.get_block(height.into()).await.unwrap().unwrap().header.hash
    }

    /// The code of an account after a block.
    pub(crate) async fn code_at(&self, account: Address, height: u64) -> Bytes {
        self.provider.get_code_at(account).number(height).await.unwrap()
    }

    /// Makes a block at Unix second `time`; the following ones get the same time.
    pub(crate) async fn mine_at(&self, time: u64) {
        self.now.store(time, Ordering::Relaxed);
        let _: String = self.provider.raw_request("evm_mine".into(), (time,)).await.unwrap();
    }

    /// Makes this many blocks.
    pub(crate) async fn mine(&self, count: u64) {
        if count > 0 {
            self.pin_timestamp().await;
            let () = self.provider.raw_request("anvil_mine".into(), (count, 0)).await.unwrap();
        }
    }

    /// Sets the time of the next block to this connection's.
    pub(crate) async fn pin_timestamp(&self) {
        let method = "evm_setNextBlockTimestamp";
        let () = self.provider.raw_request(method.into(), (self.now(),)).await.unwrap();
    }

    /// Sets code at an address where a contract may be created later.
    pub(crate) async fn set_code(&self, account: Address) {
        let method = "anvil_setCode";
        let () = self.provider.raw_request(method.into(), (account, "0xfe")).await.unwrap();
    }

    /// The balance of an account.
    pub(crate) async fn balance(&self, account: Address) -> u128 {
        self.provider.get_balance(account).await.unwrap().to()
    }

    /// Logs of a contract with one of these first topics.
    pub(crate) async fn logs(&self, contract: Address, kinds: Vec<B256>) -> Vec<Log> {
        let filter = Filter::new().address(contract).from_block(0).event_signature(kinds);
        self.provider.get_logs(&filter).await.unwrap()
    }

    /// The outputs of these calls to one contract, on the latest block.
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

    /// The output or the revert data of a call, in the next transaction.
    pub(crate) async fn call(
        &self,
        from: Address,
        to: Address,
        data: Bytes,
        value: u128,
    ) -> Result<Bytes, Bytes> {
        let head = self.provider.get_block(BlockId::latest()).await.unwrap().unwrap().header;
        // A node does not store the latest hash in the history contract before the next block.
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

    /// The output or the revert data of a call, as one more transaction of the latest block.
    pub(crate) async fn call_in_latest(
        &self,
        from: Address,
        to: Address,
        data: Bytes,
    ) -> Result<Bytes, Bytes> {
        let request = request(from, Some(to), data, 0);
        self.provider.call(request).block(BlockId::latest()).await.map_err(revert)
    }

    /// Sends a call, or creates a contract, even one that reverts.
    pub(crate) async fn send(
        &self,
        from: Address,
        to: Option<Address>,
        data: Bytes,
        value: u128,
    ) -> Receipt {
        self.pin_timestamp().await;
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

    /// The wei that a transaction paid for gas.
    pub(crate) async fn fee(&self, receipt: &Receipt) -> u128 {
        u128::from(receipt.gas_used) * self.node.head().await.unwrap().gas_price
    }
}

/// A request of alloy's.
fn request(from: Address, to: Option<Address>, data: Bytes, value: u128) -> TransactionRequest {
    let request = TransactionRequest::default().with_from(from).with_input(data);
    request.with_value(U256::from(value)).with_gas_limit(GAS).with_kind(to.into())
}

/// The data of a revert, which may be empty.
fn revert(error: TransportError) -> Bytes {
    match error {
        RpcError::ErrorResp(answer) => {
            let data = answer.data.map(|data| data.get().trim_matches('"').parse());
            data.transpose().unwrap().unwrap_or_default()
        }
        other => panic!("{other}"),
    }
}
