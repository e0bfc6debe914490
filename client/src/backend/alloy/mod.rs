//! The backend on alloy: the only module that names its providers.

mod convert;

use std::sync::Arc;

use alloy::eips::{BlockId, Encodable2718};
use alloy::network::{EthereumWallet, NetworkTransactionBuilder, TransactionBuilder};
use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::providers::{DynProvider, Provider, ProviderBuilder};
use alloy::signers::local::PrivateKeySigner;
use alloy::transports::{RpcError, TransportError};
use futures::FutureExt;

use self::convert::{
    backend_error, block_id, block_overrides, log, log_filter, receipt, signing_error,
    state_overrides, tx_request,
};
use super::origin::origin;
use super::types::REVERT_CODE;
use super::{
    Backend, BackendFuture, CallEnv, Head, Log, LogFilter, Receipt, SignedTx, TxDraft, TxRequest,
};
use crate::error::{BackendError, NodeError};

/// A node behind a URL.
#[derive(Debug)]
pub(crate) struct AlloyBackend {
    /// The node's URL, see [`origin`].
    origin: Box<str>,
    /// The connection.
    provider: DynProvider,
    /// The chain id, fetched once.
    chain_id: u64,
    /// The account that signs, and its key.
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

    /// A provider's error as one of this crate.
    fn backend_error(&self, error: TransportError) -> BackendError {
        backend_error(&self.origin, error)
    }

    /// The error of an empty answer where there must be one.
    fn empty_response(&self) -> BackendError {
        self.backend_error(RpcError::NullResp)
    }

    /// A block by its number or tag.
    async fn fetch_block(&self, id: BlockId) -> Result<Option<Head>, BackendError> {
        let block = self.provider.get_block(id).await.map_err(|e| self.backend_error(e))?;
        Ok(block.map(|block| Head {
            number: block.header.number,
            hash: block.header.hash,
            timestamp: block.header.timestamp,
            gas_price: block.header.base_fee_per_gas.unwrap_or(0).into(),
        }))
    }

    /// See [`Backend::sign`].
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
        async { self.fetch_block(BlockId::latest()).await?.ok_or_else(|| self.empty_response()) }
            .boxed()
    }

    fn block(&self, number: u64) -> BackendFuture<'_, Option<Head>> {
        self.fetch_block(BlockId::number(number)).boxed()
    }

    fn call<'a>(&'a self, call: &'a TxRequest, env: &'a CallEnv) -> BackendFuture<'a, Bytes> {
        async {
            let request = self.provider.call(tx_request(call)).block(block_id(env.block));
            let request = request
                .overrides_opt(state_overrides(env))
                .with_block_overrides_opt(block_overrides(env));
            request.await.map_err(|error| self.backend_error(error))
        }
        .boxed()
    }

    fn estimate_gas<'a>(&'a self, call: &'a TxRequest, env: &'a CallEnv) -> BackendFuture<'a, u64> {
        async {
            let request = self.provider.estimate_gas(tx_request(call)).block(block_id(env.block));
            let request = request
                .overrides_opt(state_overrides(env))
                .with_block_overrides_opt(block_overrides(env));
            request.await.map_err(|error| self.backend_error(error))
        }
        .boxed()
    }

    fn nonce(&self, account: Address, pending: bool) -> BackendFuture<'_, u64> {
        async move {
            let request = self.provider.get_transaction_count(account);
            let request = if pending { request.pending() } else { request.latest() };
            request.await.map_err(|error| self.backend_error(error))
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
            let answer = self.provider.get_logs(&log_filter(filter)).await;
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
