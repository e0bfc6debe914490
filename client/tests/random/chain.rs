//! The chain, in as few requests as possible: one batch for each transaction and all queries after
//! it. The chain does not move between batches, and every block has the time that it is given.

use alloy::eips::Encodable2718;
use alloy::network::{NetworkTransactionBuilder, TransactionBuilder};
use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::providers::{DynProvider, Provider, ProviderBuilder};
use alloy::rpc::client::{BatchRequest, Waiter};
use alloy::rpc::types::state::StateOverride;
use alloy::rpc::types::{BlockOverrides, TransactionReceipt, TransactionRequest};
use alloy::signers::local::PrivateKeySigner;
use alloy::transports::{RpcError, TransportError};
use stylus_devnode::{CHAIN_ID, Devnode};

/// The gas limit of every transaction: more than any call needs.
const GAS: u64 = 30_000_000;

/// A transaction.
#[derive(Clone, Debug)]
pub(crate) struct TxRequest {
    /// The sender.
    pub(crate) from: Address,
    /// The receiver; `None` to create a contract.
    pub(crate) to: Option<Address>,
    /// Calldata.
    pub(crate) data: Bytes,
    /// The value in wei.
    pub(crate) value: u128,
}

/// A query.
#[derive(Clone, Debug)]
pub(crate) enum Query {
    /// The output of a call, on the latest block.
    Call(Address, Bytes),
    /// The balance of an account.
    Balance(Address),
}

/// The result of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum QueryResult {
    /// The output, or the data of a revert.
    Call(Result<Bytes, Bytes>),
    /// The value in wei.
    Balance(U256),
}

/// The block of a transaction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockTime {
    /// The number of blocks before it.
    pub(crate) blocks: u64,
    /// The Unix second of all of them.
    pub(crate) time: u64,
}

/// A connection to a chain that nobody else uses.
pub(crate) struct TestChain {
    /// Keeps the chain running.
    pub(crate) node: Devnode,
    /// The connection.
    pub(crate) provider: DynProvider,
    /// The height of the latest block.
    pub(crate) height: u64,
    /// Its Unix second.
    pub(crate) time: u64,
}

/// The pending result of a query.
enum PendingQuery {
    /// An output.
    Call(Waiter<Bytes>),
    /// The value in wei.
    Balance(Waiter<U256>),
}

impl TestChain {
    /// Connects to a chain, and makes a block at this time. Blocks that are given no time have that
    /// of the one before, so no result depends on how long a test takes.
    pub(crate) async fn connect(node: Devnode, time: u64) -> Self {
        let builder = ProviderBuilder::new().disable_recommended_fillers();
        let provider = builder.connect(&node.url()).await.unwrap().erased();
        let mut chain = Self { node, provider, height: 0, time };
        chain.mine_at(time).await;
        let method = "anvil_setBlockTimestampInterval";
        let () = chain.provider.raw_request(method.into(), (0,)).await.unwrap();
        chain
    }

    /// Makes a block at this time.
    pub(crate) async fn mine_at(&mut self, time: u64) {
        let _: String = self.provider.raw_request("evm_mine".into(), (time,)).await.unwrap();
        self.height = self.provider.get_block_number().await.unwrap();
        self.time = time;
    }

    /// The hash of the latest block, which depends on the whole history.
    pub(crate) async fn head_hash(&self) -> B256 {
        let block = self.provider.get_block(self.height.into()).await.unwrap();
        block.unwrap().header.hash
    }

    /// The first block in which an account has code.
    pub(crate) async fn created_at(&self, account: Address) -> u64 {
        let latest = self.provider.get_block_number().await.unwrap();
        for block in 0..=latest {
            let code = self.provider.get_code_at(account).block_id(block.into()).await.unwrap();
            if !code.is_empty() {
                return block;
            }
        }
        panic!("{account} has no code")
    }

    /// The nonce of an account.
    pub(crate) async fn nonce(&self, account: Address) -> u64 {
        self.provider.get_transaction_count(account).await.unwrap()
    }

    /// Sends a transaction at a time, then runs the queries. With `simulate`, also returns the
    /// output or the revert data of its simulation.
    pub(crate) async fn send(
        &mut self,
        tx_request: &TxRequest,
        (signer, nonce): (&PrivateKeySigner, u64),
        when: BlockTime,
        simulate: bool,
        queries: &[Query],
    ) -> (TransactionReceipt, Option<Result<Bytes, Bytes>>, Vec<QueryResult>) {
        let request = request(tx_request);
        let transaction = request
            .clone()
            .with_chain_id(CHAIN_ID)
            .with_nonce(nonce)
            .with_max_fee_per_gas(1_000_000_000)
            .with_max_priority_fee_per_gas(0)
            .build(&alloy::network::EthereumWallet::from(signer.clone()))
            .await
            .unwrap();
        let mut batch = BatchRequest::new(self.provider.client());
        let mut promises = Vec::new();
        let method = "evm_setNextBlockTimestamp";
        if when.blocks > 0 {
            promises.push(batch.add_call::<_, ()>(method, &(when.time,)).unwrap());
            promises.push(batch.add_call("anvil_mine", &(when.blocks, 0)).unwrap());
        }
        promises.push(batch.add_call(method, &(when.time,)).unwrap());
        let simulated = simulate.then(|| {
            let block = BlockOverrides::default().with_time(when.time);
            let params = (request, "pending", StateOverride::default(), block);
            batch.add_call::<_, Bytes>("eth_call", &params).unwrap()
        });
        let raw = Bytes::from(transaction.encoded_2718());
        let sent = batch.add_call::<_, B256>("eth_sendRawTransaction", &(raw,)).unwrap();
        let hash = *transaction.tx_hash();
        let receipt = batch.add_call("eth_getTransactionReceipt", &(hash,)).unwrap();
        let pending = enqueue(&mut batch, queries);
        batch.send().await.unwrap();
        for promise in promises {
            let () = promise.await.unwrap();
        }
        let simulated = match simulated {
            Some(answer) => Some(answer.await.map_err(revert)),
            None => None,
        };
        assert_eq!(sent.await.unwrap(), hash);
        let receipt: TransactionReceipt = receipt.await.unwrap();
        self.height += when.blocks + 1;
        self.time = when.time;
        assert_eq!(receipt.block_number, Some(self.height));
        (receipt, simulated, await_results(pending).await)
    }

    /// Runs queries on the latest block.
    pub(crate) async fn query(&self, queries: &[Query]) -> Vec<QueryResult> {
        let mut all = Vec::new();
        for some in queries.chunks(500) {
            let mut batch = BatchRequest::new(self.provider.client());
            let pending = enqueue(&mut batch, some);
            batch.send().await.unwrap();
            all.extend(await_results(pending).await);
        }
        all
    }

    /// The output of a call as one more transaction of the latest block.
    pub(crate) async fn call(&self, tx_request: &TxRequest) -> Result<Bytes, Bytes> {
        self.provider.call(request(tx_request)).await.map_err(revert)
    }
}

/// Adds queries to a batch.
fn enqueue(batch: &mut BatchRequest<'_>, queries: &[Query]) -> Vec<PendingQuery> {
    let add = |query: &Query| match query {
        Query::Call(to, data) => {
            let request = TransactionRequest::default().with_to(*to).with_input(data.clone());
            PendingQuery::Call(batch.add_call("eth_call", &(request, "latest")).unwrap())
        }
        Query::Balance(account) => {
            PendingQuery::Balance(batch.add_call("eth_getBalance", &(account, "latest")).unwrap())
        }
    };
    queries.iter().map(add).collect()
}

/// Waits for the results.
async fn await_results(pending: Vec<PendingQuery>) -> Vec<QueryResult> {
    let mut all = Vec::new();
    for one in pending {
        all.push(match one {
            PendingQuery::Call(answer) => QueryResult::Call(answer.await.map_err(revert)),
            PendingQuery::Balance(wei) => QueryResult::Balance(wei.await.unwrap()),
        });
    }
    all
}

/// A request of alloy's.
fn request(tx_request: &TxRequest) -> TransactionRequest {
    TransactionRequest::default()
        .with_from(tx_request.from)
        .with_input(tx_request.data.clone())
        .with_value(U256::from(tx_request.value))
        .with_gas_limit(GAS)
        .with_kind(tx_request.to.into())
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
