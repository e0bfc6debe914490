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

use crate::backend::{
    AccountOverride, Backend, BackendFuture, BlockTag, CallEnv, Head, Log, LogFilter, Receipt,
    TxRequest,
};
use crate::connect::origin;
use crate::error::{BackendError, NodeError};
use crate::signed_tx::{SignedTx, TxDraft};

/// JSON-RPC's code for a call that reverted.
const REVERT_CODE: i64 = 3;

/// A node behind a URL.
#[derive(Debug)]
pub(crate) struct AlloyBackend {
    /// Where the node is, see [`origin`].
    origin: Box<str>,
    /// The connection.
    provider: DynProvider,
    /// Asked for once.
    chain_id: u64,
    /// Who signs.
    wallet: Option<(Address, EthereumWallet)>,
}

impl AlloyBackend {
    /// Connects to the node at an `http` or `ws` URL and asks for its chain id.
    pub(crate) async fn connect(
        url: &str,
        signer: Option<PrivateKeySigner>,
    ) -> Result<Arc<dyn Backend>, NodeError> {
        let origin = origin(url);
        let node = |error| match backend_error(&origin, error) {
            BackendError::Node(error) => error,
            BackendError::Reverted(data) => {
                NodeError::Rpc { code: REVERT_CODE, message: data.to_string().into() }
            }
        };
        let builder = ProviderBuilder::new().disable_recommended_fillers();
        let provider = builder.connect(url).await.map_err(node)?.erased();
        let chain_id = provider.get_chain_id().await.map_err(node)?;
        let wallet = signer.map(|signer| (signer.address(), EthereumWallet::from(signer)));
        Ok(Arc::new(Self { origin, provider, chain_id, wallet }))
    }

    /// What this provider's error means.
    fn backend_error(&self, error: TransportError) -> BackendError {
        backend_error(&self.origin, error)
    }

    /// The node answered nothing where there must be something.
    fn empty_response(&self) -> BackendError {
        self.backend_error(RpcError::NullResp)
    }

    /// Signs; see [`Chain::sign`].
    async fn sign_tx(&self, draft: &TxDraft) -> Result<SignedTx, BackendError> {
        let (_, wallet) = self.wallet.as_ref().ok_or_else(|| signing_error("no key"))?;
        let transaction = tx_request(&draft.request)
            .with_chain_id(self.chain_id)
            .with_nonce(draft.nonce)
            .with_gas_limit(draft.gas_limit)
            .with_max_fee_per_gas(draft.fees.cap)
            .with_max_priority_fee_per_gas(draft.fees.tip)
            .build(wallet)
            .await
            .map_err(signing_error)?;
        SignedTx::decode(&transaction.encoded_2718()).ok_or_else(|| signing_error("not readable"))
    }
}

impl Backend for AlloyBackend {
    fn chain_id(&self) -> u64 {
        self.chain_id
    }

    fn fetch_chain_id(&self) -> BackendFuture<'_, u64> {
        async { self.provider.get_chain_id().await.map_err(|e| self.backend_error(e)) }.boxed()
    }

    fn account(&self) -> Option<Address> {
        self.wallet.as_ref().map(|(account, _)| *account)
    }

    fn head(&self) -> BackendFuture<'_, Head> {
        async {
            let block = self.provider.get_block(BlockId::latest()).await;
            let header = block
                .map_err(|e| self.backend_error(e))?
                .ok_or_else(|| self.empty_response())?
                .header;
            Ok(Head {
                number: header.number,
                hash: header.hash,
                timestamp: header.timestamp,
                gas_price: header.base_fee_per_gas.unwrap_or(0).into(),
            })
        }
        .boxed()
    }

    fn block_hash(&self, number: u64) -> BackendFuture<'_, Option<B256>> {
        async move {
            let block = self.provider.get_block(BlockId::number(number)).await;
            Ok(block.map_err(|error| self.backend_error(error))?.map(|block| block.header.hash))
        }
        .boxed()
    }

    fn call<'a>(&'a self, call: &'a TxRequest, env: &'a CallEnv) -> BackendFuture<'a, Bytes> {
        async {
            let asked = self.provider.call(tx_request(call)).block(block_id(env.block));
            let asked = asked
                .overrides_opt(state_overrides(env))
                .with_block_overrides_opt(block_overrides(env));
            asked.await.map_err(|error| self.backend_error(error))
        }
        .boxed()
    }

    fn estimate_gas<'a>(&'a self, call: &'a TxRequest, env: &'a CallEnv) -> BackendFuture<'a, u64> {
        async {
            let asked = self.provider.estimate_gas(tx_request(call)).block(block_id(env.block));
            let asked = asked
                .overrides_opt(state_overrides(env))
                .with_block_overrides_opt(block_overrides(env));
            asked.await.map_err(|error| self.backend_error(error))
        }
        .boxed()
    }

    fn nonce(&self, account: Address, pending: bool) -> BackendFuture<'_, u64> {
        async move {
            let asked = self.provider.get_transaction_count(account);
            let asked = if pending { asked.pending() } else { asked.latest() };
            asked.await.map_err(|error| self.backend_error(error))
        }
        .boxed()
    }

    fn sign<'a>(&'a self, draft: &'a TxDraft) -> BackendFuture<'a, SignedTx> {
        self.sign_tx(draft).boxed()
    }

    fn broadcast<'a>(&'a self, signed: &'a SignedTx) -> BackendFuture<'a, ()> {
        async {
            let sent = self.provider.send_raw_transaction(signed.raw()).await;
            sent.map(drop).map_err(|error| self.backend_error(error))
        }
        .boxed()
    }

    fn receipt(&self, transaction: B256) -> BackendFuture<'_, Option<Receipt>> {
        async move {
            let answer = self.provider.get_transaction_receipt(transaction).await;
            Ok(answer.map_err(|error| self.backend_error(error))?.map(|answer| receipt(&answer)))
        }
        .boxed()
    }

    fn transaction(&self, hash: B256) -> BackendFuture<'_, Option<SignedTx>> {
        async move {
            let answer = self.provider.get_transaction_by_hash(hash).await;
            let answer = answer.map_err(|error| self.backend_error(error))?;
            Ok(answer.and_then(|answer| SignedTx::decode(&answer.inner.inner().encoded_2718())))
        }
        .boxed()
    }

    fn logs<'a>(&'a self, filter: &'a LogFilter) -> BackendFuture<'a, Vec<Log>> {
        async {
            let mut wanted = Filter::new().from_block(filter.from).to_block(filter.to);
            wanted.address = filter.address.into_iter().collect::<Vec<_>>().into();
            for (to, values) in wanted.topics.iter_mut().zip(&filter.topics) {
                *to = values.clone().into();
            }
            let answer = self.provider.get_logs(&wanted).await;
            Ok(answer.map_err(|error| self.backend_error(error))?.into_iter().map(log).collect())
        }
        .boxed()
    }

    fn code(&self, account: Address) -> BackendFuture<'_, Bytes> {
        async move { self.provider.get_code_at(account).await.map_err(|e| self.backend_error(e)) }
            .boxed()
    }

    fn balance(&self, account: Address) -> BackendFuture<'_, U256> {
        async move { self.provider.get_balance(account).await.map_err(|e| self.backend_error(e)) }
            .boxed()
    }
}

/// A provider's error, sorted by what can be done about it.
fn backend_error(url: &str, error: TransportError) -> BackendError {
    let url = url.into();
    BackendError::Node(match error {
        RpcError::ErrorResp(answer) => {
            if answer.code == REVERT_CODE {
                let data = answer.data.and_then(|data| hex_bytes(data.get()));
                return BackendError::Reverted(data.unwrap_or_default());
            }
            NodeError::Rpc { code: answer.code, message: answer.message.into() }
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
fn signing_error(error: impl Into<crate::error::BoxError>) -> BackendError {
    BackendError::Node(NodeError::Signing(error.into()))
}

/// A message in alloy's words.
fn tx_request(call: &TxRequest) -> TransactionRequest {
    let mut request = TransactionRequest::default()
        .with_input(call.data.clone())
        .with_value(U256::from(call.value))
        .with_kind(call.to.into());
    request.from = call.from;
    request
}

/// A block in alloy's words.
const fn block_id(at: BlockTag) -> BlockId {
    BlockId::Number(match at {
        BlockTag::Latest => BlockNumberOrTag::Latest,
        BlockTag::Number(number) => BlockNumberOrTag::Number(number),
        BlockTag::Pending => BlockNumberOrTag::Pending,
    })
}

/// The block's assumed time in alloy's words.
fn block_overrides(env: &CallEnv) -> Option<BlockOverrides> {
    env.timestamp.map(|time| BlockOverrides::default().with_time(time))
}

/// Assumptions in alloy's words.
fn state_overrides(env: &CallEnv) -> Option<StateOverride> {
    let account = |account_override: &AccountOverride| rpc::state::AccountOverride {
        balance: account_override.balance,
        code: account_override.code.clone(),
        state_diff: account_override.storage.map(|slot| B256HashMap::from_iter([slot])),
        ..rpc::state::AccountOverride::default()
    };
    let entries = env
        .overrides
        .iter()
        .map(|account_override| (account_override.account, account(account_override)));
    (!env.overrides.is_empty()).then(|| entries.collect())
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
        log_index: answer.log_index.unwrap_or_default(),
        transaction: answer.transaction_hash.unwrap_or_default(),
    }
}
