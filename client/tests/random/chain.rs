//! The chain, in as few requests as possible: one batch for each transaction and everything that is
//! looked at after it. Nothing happens between batches, and every block has the time that it is given.

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

/// Gas of every message: more than any call needs.
const GAS: u64 = 30_000_000;

/// What a message does.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// Who sends it, and pays.
    pub(crate) from: Address,
    /// To whom; `None` to create a contract.
    pub(crate) to: Option<Address>,
    /// Calldata.
    pub(crate) data: Bytes,
    /// Wei.
    pub(crate) value: u128,
}

/// What is to be looked at.
#[derive(Clone, Debug)]
pub(crate) enum Look {
    /// The answer to a message, as the chain stands.
    Answer(Address, Bytes),
    /// An account's wei.
    Balance(Address),
}

/// What was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// An answer, or the data of a revert.
    Answer(Result<Bytes, Bytes>),
    /// Wei.
    Balance(U256),
}

/// When a transaction happens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct When {
    /// Blocks that are made before it.
    pub(crate) blocks: u64,
    /// Unix second of all of them.
    pub(crate) time: u64,
}

/// A connection to a chain that nobody else uses.
pub(crate) struct Chain {
    /// Keeps it alive.
    pub(crate) node: Devnode,
    /// The connection.
    pub(crate) provider: DynProvider,
    /// Height of the newest block.
    pub(crate) height: u64,
    /// Its unix second.
    pub(crate) time: u64,
}

/// What is still to come of a look.
enum Pending {
    /// An answer.
    Answer(Waiter<Bytes>),
    /// Wei.
    Balance(Waiter<U256>),
}

impl Chain {
    /// Connects to a chain, and makes a block at this time. Blocks that are given no time have that of the
    /// one before: nothing depends on how long anything takes.
    pub(crate) async fn connect(node: Devnode, time: u64) -> Self {
        let builder = ProviderBuilder::new().disable_recommended_fillers();
        let provider = builder.connect(&node.url()).await.unwrap().erased();
        let mut chain = Self { node, provider, height: 0, time };
        chain.move_to(time).await;
        let method = "anvil_setBlockTimestampInterval";
        let () = chain.provider.raw_request(method.into(), (0,)).await.unwrap();
        chain
    }

    /// Makes a block at this time.
    pub(crate) async fn move_to(&mut self, time: u64) {
        let _: String = self.provider.raw_request("evm_mine".into(), (time,)).await.unwrap();
        self.height = self.provider.get_block_number().await.unwrap();
        self.time = time;
    }

    /// Hash of the newest block, which no two histories have in common.
    pub(crate) async fn tip(&self) -> B256 {
        let block = self.provider.get_block(self.height.into()).await.unwrap();
        block.unwrap().header.hash
    }

    /// How many transactions an account has sent.
    pub(crate) async fn nonce(&self, account: Address) -> u64 {
        self.provider.get_transaction_count(account).await.unwrap()
    }

    /// Sends a message at a time and then looks at things. With `foresee`, also tells what the message
    /// answers or reverts with.
    pub(crate) async fn send(
        &mut self,
        message: &Message,
        (signer, nonce): (&PrivateKeySigner, u64),
        when: When,
        foresee: bool,
        looks: &[Look],
    ) -> (TransactionReceipt, Option<Result<Bytes, Bytes>>, Vec<Seen>) {
        let request = request(message);
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
        let foreseen = foresee.then(|| {
            let block = BlockOverrides::default().with_time(when.time);
            let params = (request, "pending", StateOverride::default(), block);
            batch.add_call::<_, Bytes>("eth_call", &params).unwrap()
        });
        let raw = Bytes::from(transaction.encoded_2718());
        let sent = batch.add_call::<_, B256>("eth_sendRawTransaction", &(raw,)).unwrap();
        let hash = *transaction.tx_hash();
        let receipt = batch.add_call("eth_getTransactionReceipt", &(hash,)).unwrap();
        let pending = queue(&mut batch, looks);
        batch.send().await.unwrap();
        for promise in promises {
            let () = promise.await.unwrap();
        }
        let foreseen = match foreseen {
            Some(answer) => Some(answer.await.map_err(revert)),
            None => None,
        };
        assert_eq!(sent.await.unwrap(), hash);
        let receipt: TransactionReceipt = receipt.await.unwrap();
        self.height += when.blocks + 1;
        self.time = when.time;
        assert_eq!(receipt.block_number, Some(self.height));
        (receipt, foreseen, seen(pending).await)
    }

    /// Looks at things, as the chain stands.
    pub(crate) async fn look(&self, looks: &[Look]) -> Vec<Seen> {
        let mut all = Vec::new();
        for some in looks.chunks(500) {
            let mut batch = BatchRequest::new(self.provider.client());
            let pending = queue(&mut batch, some);
            batch.send().await.unwrap();
            all.extend(seen(pending).await);
        }
        all
    }

    /// What a message answers as one more of the newest block.
    pub(crate) async fn ask(&self, message: &Message) -> Result<Bytes, Bytes> {
        self.provider.call(request(message)).await.map_err(revert)
    }
}

/// Adds looks to a batch.
fn queue(batch: &mut BatchRequest<'_>, looks: &[Look]) -> Vec<Pending> {
    let add = |look: &Look| match look {
        Look::Answer(to, data) => {
            let request = TransactionRequest::default().with_to(*to).with_input(data.clone());
            Pending::Answer(batch.add_call("eth_call", &(request, "latest")).unwrap())
        }
        Look::Balance(account) => {
            Pending::Balance(batch.add_call("eth_getBalance", &(account, "latest")).unwrap())
        }
    };
    looks.iter().map(add).collect()
}

/// Waits for what was looked at.
async fn seen(pending: Vec<Pending>) -> Vec<Seen> {
    let mut all = Vec::new();
    for one in pending {
        all.push(match one {
            Pending::Answer(answer) => Seen::Answer(answer.await.map_err(revert)),
            Pending::Balance(wei) => Seen::Balance(wei.await.unwrap()),
        });
    }
    all
}

/// A message as alloy writes it.
fn request(message: &Message) -> TransactionRequest {
    TransactionRequest::default()
        .with_from(message.from)
        .with_input(message.data.clone())
        .with_value(U256::from(message.value))
        .with_gas_limit(GAS)
        .with_kind(message.to.into())
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
