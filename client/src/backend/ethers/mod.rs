//! The backend on ethers-rs, over plain HTTP: the only module that names it. Calls are encoded and decoded
//! above the trait, so ethers' bindings are not used.

mod convert;

use std::fmt::Debug;
use std::sync::Arc;

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::signers::local::PrivateKeySigner;
use ethers::providers::{Http, Middleware, Provider, ProviderError};
use ethers::signers::{LocalWallet, Signer};
use ethers::types::transaction::eip2718::TypedTransaction;
use ethers::types::{
    self as rpc, BlockNumber, Eip1559TransactionRequest, Filter, H160, H256, NameOrAddress,
};
use futures::FutureExt;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, json};

use self::convert::{
    account_override, backend_error, block_id, convert_log, signing_error, tx_request,
};
use super::origin::origin;
use super::{
    Backend, BackendFuture, CallEnv, Head, Log, LogFilter, Receipt, SignedTx, TxDraft, TxRequest,
};
use crate::error::{BackendError, BoxError, NodeError};

/// A node behind a URL.
#[derive(Debug)]
pub(crate) struct EthersBackend {
    /// The node's URL, see [`origin`].
    origin: Box<str>,
    /// The connection.
    provider: Provider<Http>,
    /// The chain id, fetched once.
    chain_id: u64,
    /// The key that signs.
    wallet: Option<LocalWallet>,
}

impl EthersBackend {
    /// Connects to the node at an `http` URL and asks for its chain id.
    pub(crate) async fn connect(
        url: &str,
        signer: Option<&PrivateKeySigner>,
    ) -> Result<Arc<dyn Backend>, NodeError> {
        let origin = origin(url);
        let not_a_node = |source: BoxError| NodeError::NotANode { url: origin.clone(), source };
        let provider = Provider::<Http>::try_from(url).map_err(|e| not_a_node(e.into()))?;
        let chain_id =
            match provider.get_chainid().await.map_err(|error| backend_error(&origin, error)) {
                Ok(chain_id) => u64::try_from(chain_id).map_err(|e| not_a_node(e.into()))?,
                Err(BackendError::Node(error)) => return Err(error),
                Err(BackendError::Reverted(data)) => {
                    return Err(not_a_node(data.to_string().into()));
                }
            };
        let wallet = signer.map(|signer| LocalWallet::from_bytes(signer.to_bytes().as_slice()));
        let wallet = wallet.transpose().map_err(|e| NodeError::Signing(e.into()))?;
        Ok(Arc::new(Self { origin, provider, chain_id, wallet }))
    }

    /// A provider's error as one of this crate.
    fn backend_error(&self, error: ProviderError) -> BackendError {
        backend_error(&self.origin, error)
    }

    /// The error of an answer that cannot be right.
    fn invalid_response(&self, source: impl Into<BoxError>) -> BackendError {
        BackendError::Node(NodeError::NotANode { url: self.origin.clone(), source: source.into() })
    }

    /// Calls `eth_call` or `eth_estimateGas` in `env`.
    async fn simulate<T: DeserializeOwned + Serialize + Debug + Send>(
        &self,
        method: &str,
        call: &TxRequest,
        env: &CallEnv,
    ) -> Result<T, BackendError> {
        let mut params = vec![tx_request(call), json!(block_id(env.block))];
        if env.timestamp.is_some() || !env.overrides.is_empty() {
            params.push(env.overrides.iter().map(account_override).collect::<Map<_, _>>().into());
            params.extend(env.timestamp.map(|time| json!({ "time": rpc::U64::from(time) })));
        }
        self.provider.request(method, params).await.map_err(|error| self.backend_error(error))
    }

    /// A block by its number or tag.
    async fn fetch_block(&self, number: BlockNumber) -> Result<Option<Head>, BackendError> {
        let block = self.provider.get_block(number).await.map_err(|e| self.backend_error(e))?;
        let head = |block: rpc::Block<H256>| {
            let fee = block.base_fee_per_gas.unwrap_or_default();
            Ok(Head {
                number: block.number.unwrap_or_default().as_u64(),
                hash: block.hash.unwrap_or_default().0.into(),
                timestamp: u64::try_from(block.timestamp).map_err(|e| self.invalid_response(e))?,
                gas_price: u128::try_from(fee).map_err(|e| self.invalid_response(e))?,
            })
        };
        block.map(head).transpose()
    }

    /// See [`Backend::sign`].
    fn sign_tx(&self, draft: &TxDraft) -> Result<SignedTx, BackendError> {
        let wallet = self.wallet.as_ref().ok_or_else(|| signing_error("no key"))?;
        let transaction = TypedTransaction::Eip1559(Eip1559TransactionRequest {
            from: Some(wallet.address()),
            to: draft.request.to.map(|to| NameOrAddress::Address(H160(to.into_array()))),
            gas: Some(draft.gas_limit.into()),
            value: Some(draft.request.value.into()),
            data: Some(rpc::Bytes(draft.request.data.0.clone())),
            nonce: Some(draft.nonce.into()),
            access_list: rpc::transaction::eip2930::AccessList::default(),
            max_priority_fee_per_gas: Some(draft.fees.tip.into()),
            max_fee_per_gas: Some(draft.fees.cap.into()),
            chain_id: Some(self.chain_id.into()),
        });
        let signature = wallet.sign_transaction_sync(&transaction).map_err(signing_error)?;
        let raw = transaction.rlp_signed(&signature);
        SignedTx::decode(&raw).ok_or_else(|| signing_error("not readable"))
    }
}

impl Backend for EthersBackend {
    fn chain_id(&self) -> u64 {
        self.chain_id
    }

    fn fetch_chain_id(&self) -> BackendFuture<'_, u64> {
        async {
            let found = self.provider.get_chainid().await.map_err(|e| self.backend_error(e))?;
            u64::try_from(found).map_err(|e| self.invalid_response(e))
        }
        .boxed()
    }

    fn account(&self) -> Option<Address> {
        self.wallet.as_ref().map(|wallet| Address::from(wallet.address().0))
    }

    fn head(&self) -> BackendFuture<'_, Head> {
        async {
            let head = self.fetch_block(BlockNumber::Latest).await?;
            head.ok_or_else(|| self.invalid_response("no latest block"))
        }
        .boxed()
    }

    fn block(&self, number: u64) -> BackendFuture<'_, Option<Head>> {
        self.fetch_block(number.into()).boxed()
    }

    fn call<'a>(&'a self, call: &'a TxRequest, env: &'a CallEnv) -> BackendFuture<'a, Bytes> {
        async {
            let answer: rpc::Bytes = self.simulate("eth_call", call, env).await?;
            Ok(answer.0.into())
        }
        .boxed()
    }

    fn estimate_gas<'a>(&'a self, call: &'a TxRequest, env: &'a CallEnv) -> BackendFuture<'a, u64> {
        async {
            let answer: rpc::U64 = self.simulate("eth_estimateGas", call, env).await?;
            Ok(answer.as_u64())
        }
        .boxed()
    }

    fn nonce(&self, account: Address, pending: bool) -> BackendFuture<'_, u64> {
        async move {
            let block = if pending { BlockNumber::Pending } else { BlockNumber::Latest };
            let account = H160(account.into_array());
            let answer = self.provider.get_transaction_count(account, Some(block.into())).await;
            u64::try_from(answer.map_err(|e| self.backend_error(e))?)
                .map_err(|e| self.invalid_response(e))
        }
        .boxed()
    }

    fn sign<'a>(&'a self, draft: &'a TxDraft) -> BackendFuture<'a, SignedTx> {
        async { self.sign_tx(draft) }.boxed()
    }

    fn broadcast<'a>(&'a self, signed: &'a SignedTx) -> BackendFuture<'a, ()> {
        async {
            let raw = rpc::Bytes(signed.raw().0.clone());
            let sent = self.provider.send_raw_transaction(raw).await;
            sent.map(drop).map_err(|error| self.backend_error(error))
        }
        .boxed()
    }

    fn receipt(&self, transaction: B256) -> BackendFuture<'_, Option<Receipt>> {
        async move {
            let answer = self.provider.get_transaction_receipt(H256(transaction.0)).await;
            answer
                .map_err(|error| self.backend_error(error))?
                .map(|answer| {
                    let gas_used = u64::try_from(answer.gas_used.unwrap_or_default());
                    let gas_price = answer.effective_gas_price.unwrap_or_default();
                    Ok(Receipt {
                        transaction: answer.transaction_hash.0.into(),
                        block: answer.block_number.unwrap_or_default().as_u64(),
                        success: answer.status.is_some_and(|status| status.as_u64() == 1),
                        sender: answer.from.0.into(),
                        gas_used: gas_used.map_err(|e| self.invalid_response(e))?,
                        gas_price: u128::try_from(gas_price)
                            .map_err(|e| self.invalid_response(e))?,
                        created: answer.contract_address.map(|created| created.0.into()),
                        logs: answer.logs.into_iter().map(convert_log).collect(),
                    })
                })
                .transpose()
        }
        .boxed()
    }

    fn transaction(&self, hash: B256) -> BackendFuture<'_, Option<SignedTx>> {
        async move {
            let answer = self.provider.get_transaction(H256(hash.0)).await;
            let answer = answer.map_err(|error| self.backend_error(error))?;
            Ok(answer.and_then(|answer| SignedTx::decode(&answer.rlp())))
        }
        .boxed()
    }

    fn logs<'a>(&'a self, filter: &'a LogFilter) -> BackendFuture<'a, Vec<Log>> {
        async {
            let mut wanted = Filter::new().from_block(filter.from).to_block(filter.to);
            if let Some(address) = filter.address {
                wanted = wanted.address(H160(address.into_array()));
            }
            for (to, values) in wanted.topics.iter_mut().zip(&filter.topics) {
                let values: Vec<_> = values.iter().map(|value| Some(H256(value.0))).collect();
                *to = (!values.is_empty()).then_some(rpc::ValueOrArray::Array(values));
            }
            let answer = self.provider.get_logs(&wanted).await;
            Ok(answer
                .map_err(|error| self.backend_error(error))?
                .into_iter()
                .map(convert_log)
                .collect())
        }
        .boxed()
    }

    fn code(&self, account: Address) -> BackendFuture<'_, Bytes> {
        async move {
            let answer = self.provider.get_code(H160(account.into_array()), None).await;
            Ok(answer.map_err(|error| self.backend_error(error))?.0.into())
        }
        .boxed()
    }

    fn balance(&self, account: Address) -> BackendFuture<'_, U256> {
        async move {
            let answer = self.provider.get_balance(H160(account.into_array()), None).await;
            Ok(U256::from_limbs(answer.map_err(|error| self.backend_error(error))?.0))
        }
        .boxed()
    }
}
