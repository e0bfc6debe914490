//! The backend on alloy: the only file that names its providers.

use std::sync::Arc;

use alloy::eips::{BlockId, BlockNumberOrTag, Encodable2718};
use alloy::network::{EthereumWallet, NetworkTransactionBuilder, TransactionBuilder};
use alloy::primitives::{Address, B256, Bytes, U256, map::B256HashMap};
use alloy::providers::{DynProvider, Provider, ProviderBuilder};
use alloy::rpc::types::state::StateOverride;
use alloy::rpc::types::{
    self as rpc, BlockOverrides, Filter, TransactionReceipt, TransactionRequest,
};
use alloy::signers::local::PrivateKeySigner;
use alloy::transports::{RpcError, TransportError, TransportErrorKind};
use futures::FutureExt;

use crate::connect::origin;
use crate::error::{Fault, NodeError};
use crate::signed::{Draft, Signed};
use crate::transport::{Answer, Assumption, At, Call, Chain, Head, Log, LogFilter, Receipt, World};

/// JSON-RPC's code for a call that reverted.
const REVERTED: i64 = 3;

/// A node behind a URL.
#[derive(Debug)]
pub(crate) struct Alloy {
    /// Where the node is, see [`origin`].
    place: Box<str>,
    /// The connection.
    provider: DynProvider,
    /// Asked for once.
    chain_id: u64,
    /// Who signs.
    wallet: Option<(Address, EthereumWallet)>,
}

impl Alloy {
    /// Connects to the node at an `http` or `ws` URL and asks for its chain id.
    pub(crate) async fn connect(
        url: &str,
        signer: Option<PrivateKeySigner>,
    ) -> Result<Arc<dyn Chain>, NodeError> {
        let place = origin(url);
        let node = |error| match fault(&place, error) {
            Fault::Node(error) => error,
            Fault::Reverted(data) => {
                NodeError::Answered { code: REVERTED, message: data.to_string().into() }
            }
        };
        let builder = ProviderBuilder::new().disable_recommended_fillers();
        let provider = builder.connect(url).await.map_err(node)?.erased();
        let chain_id = provider.get_chain_id().await.map_err(node)?;
        let wallet = signer.map(|signer| (signer.address(), EthereumWallet::from(signer)));
        Ok(Arc::new(Self { place, provider, chain_id, wallet }))
    }

    /// What this provider's error means.
    fn fault(&self, error: TransportError) -> Fault {
        fault(&self.place, error)
    }

    /// The node answered nothing where there must be something.
    fn nothing(&self) -> Fault {
        self.fault(RpcError::NullResp)
    }

    /// Signs; see [`Chain::sign`].
    async fn signed(&self, draft: &Draft) -> Result<Signed, Fault> {
        let (_, wallet) = self.wallet.as_ref().ok_or_else(|| signing("no key"))?;
        let transaction = request(&draft.call)
            .with_chain_id(self.chain_id)
            .with_nonce(draft.nonce)
            .with_gas_limit(draft.gas)
            .with_max_fee_per_gas(draft.fees.cap)
            .with_max_priority_fee_per_gas(draft.fees.tip)
            .build(wallet)
            .await
            .map_err(signing)?;
        Signed::decode(&transaction.encoded_2718()).ok_or_else(|| signing("not readable"))
    }
}

impl Chain for Alloy {
    fn chain_id(&self) -> u64 {
        self.chain_id
    }

    fn identify(&self) -> Answer<'_, u64> {
        async { self.provider.get_chain_id().await.map_err(|e| self.fault(e)) }.boxed()
    }

    fn account(&self) -> Option<Address> {
        self.wallet.as_ref().map(|(account, _)| *account)
    }

    fn head(&self) -> Answer<'_, Head> {
        async {
            let block = self.provider.get_block(BlockId::latest()).await;
            let header = block.map_err(|e| self.fault(e))?.ok_or_else(|| self.nothing())?.header;
            Ok(Head {
                number: header.number,
                hash: header.hash,
                timestamp: header.timestamp,
                gas_price: header.base_fee_per_gas.unwrap_or(0).into(),
            })
        }
        .boxed()
    }

    fn block_hash(&self, number: u64) -> Answer<'_, Option<B256>> {
        async move {
            let block = self.provider.get_block(BlockId::number(number)).await;
            Ok(block.map_err(|error| self.fault(error))?.map(|block| block.header.hash))
        }
        .boxed()
    }

    fn call<'a>(&'a self, call: &'a Call, world: &'a World) -> Answer<'a, Bytes> {
        async {
            let asked = self.provider.call(request(call)).block(block(world.at));
            let asked = asked.overrides_opt(state(world)).with_block_overrides_opt(time(world));
            asked.await.map_err(|error| self.fault(error))
        }
        .boxed()
    }

    fn estimate<'a>(&'a self, call: &'a Call, world: &'a World) -> Answer<'a, u64> {
        async {
            let asked = self.provider.estimate_gas(request(call)).block(block(world.at));
            let asked = asked.overrides_opt(state(world)).with_block_overrides_opt(time(world));
            asked.await.map_err(|error| self.fault(error))
        }
        .boxed()
    }

    fn nonce(&self, account: Address, waiting: bool) -> Answer<'_, u64> {
        async move {
            let asked = self.provider.get_transaction_count(account);
            let asked = if waiting { asked.pending() } else { asked.latest() };
            asked.await.map_err(|error| self.fault(error))
        }
        .boxed()
    }

    fn sign<'a>(&'a self, draft: &'a Draft) -> Answer<'a, Signed> {
        self.signed(draft).boxed()
    }

    fn broadcast<'a>(&'a self, signed: &'a Signed) -> Answer<'a, ()> {
        async {
            let sent = self.provider.send_raw_transaction(signed.raw()).await;
            sent.map(drop).map_err(|error| self.fault(error))
        }
        .boxed()
    }

    fn receipt(&self, transaction: B256) -> Answer<'_, Option<Receipt>> {
        async move {
            let answer = self.provider.get_transaction_receipt(transaction).await;
            Ok(answer.map_err(|error| self.fault(error))?.map(|answer| receipt(&answer)))
        }
        .boxed()
    }

    fn transaction(&self, hash: B256) -> Answer<'_, Option<Signed>> {
        async move {
            let answer = self.provider.get_transaction_by_hash(hash).await;
            let answer = answer.map_err(|error| self.fault(error))?;
            Ok(answer.and_then(|answer| Signed::decode(&answer.inner.inner().encoded_2718())))
        }
        .boxed()
    }

    fn logs<'a>(&'a self, filter: &'a LogFilter) -> Answer<'a, Vec<Log>> {
        async {
            let mut wanted = Filter::new().from_block(filter.from).to_block(filter.to);
            wanted.address = filter.address.into_iter().collect::<Vec<_>>().into();
            for (to, values) in wanted.topics.iter_mut().zip(&filter.topics) {
                *to = values.clone().into();
            }
            let answer = self.provider.get_logs(&wanted).await;
            Ok(answer.map_err(|error| self.fault(error))?.into_iter().map(log).collect())
        }
        .boxed()
    }

    fn code(&self, account: Address) -> Answer<'_, Bytes> {
        async move { self.provider.get_code_at(account).await.map_err(|e| self.fault(e)) }.boxed()
    }

    fn balance(&self, account: Address) -> Answer<'_, U256> {
        async move { self.provider.get_balance(account).await.map_err(|e| self.fault(e)) }.boxed()
    }
}

/// A provider's error, sorted by what can be done about it.
fn fault(url: &str, error: TransportError) -> Fault {
    let url = url.into();
    Fault::Node(match error {
        RpcError::ErrorResp(answer) => {
            if answer.code == REVERTED {
                let data = answer.data.and_then(|data| hex_bytes(data.get()));
                return Fault::Reverted(data.unwrap_or_default());
            }
            NodeError::Answered { code: answer.code, message: answer.message.into() }
        }
        RpcError::Transport(TransportErrorKind::HttpError(error)) => {
            NodeError::NotANode { url, source: error.into() }
        }
        RpcError::Transport(error) => NodeError::Unreachable { url, source: error.into() },
        error => NodeError::NotANode { url, source: error.into() },
    })
}

/// The bytes in a JSON string of hexadecimal digits.
fn hex_bytes(json: &str) -> Option<Bytes> {
    json.trim_matches('"').parse().ok()
}

/// Why a transaction could not be signed.
fn signing(error: impl Into<crate::error::Source>) -> Fault {
    Fault::Node(NodeError::Signing(error.into()))
}

/// A message in alloy's words.
fn request(call: &Call) -> TransactionRequest {
    let mut request = TransactionRequest::default()
        .with_input(call.data.clone())
        .with_value(U256::from(call.value))
        .with_kind(call.to.into());
    request.from = call.from;
    request
}

/// A block in alloy's words.
const fn block(at: At) -> BlockId {
    BlockId::Number(match at {
        At::Latest => BlockNumberOrTag::Latest,
        At::Number(number) => BlockNumberOrTag::Number(number),
        At::Pending => BlockNumberOrTag::Pending,
    })
}

/// The block's assumed time in alloy's words.
fn time(world: &World) -> Option<BlockOverrides> {
    world.time.map(|time| BlockOverrides::default().with_time(time))
}

/// Assumptions in alloy's words.
fn state(world: &World) -> Option<StateOverride> {
    let account = |assumed: &Assumption| rpc::state::AccountOverride {
        balance: assumed.balance,
        code: assumed.code.clone(),
        state_diff: assumed.slot.map(|slot| B256HashMap::from_iter([slot])),
        ..rpc::state::AccountOverride::default()
    };
    let entries = world.assume.iter().map(|assumed| (assumed.account, account(assumed)));
    (!world.assume.is_empty()).then(|| entries.collect())
}

/// A receipt in our words.
fn receipt(answer: &TransactionReceipt) -> Receipt {
    Receipt {
        transaction: answer.transaction_hash,
        block: answer.block_number.unwrap_or_default(),
        success: answer.inner.status(),
        gas_used: answer.gas_used,
        created: answer.contract_address,
        logs: answer.inner.logs().iter().cloned().map(log).collect(),
    }
}

/// An event in our words.
fn log(answer: rpc::Log) -> Log {
    Log {
        address: answer.inner.address,
        data: answer.inner.data,
        block: answer.block_number.unwrap_or_default(),
        index: answer.log_index.unwrap_or_default(),
        transaction: answer.transaction_hash.unwrap_or_default(),
    }
}
