//! The backend on ethers-rs, by plain HTTP: the only module that names it. What contracts are asked and
//! answer is encoded above the seam, so its own bindings have no part in this.

mod words;

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

use self::words::{block, fault, log, request, signing, state};
use crate::connect::origin;
use crate::error::{Fault, NodeError, Source};
use crate::signed::{Draft, Signed};
use crate::transport::{Answer, Call, Chain, Head, Log, LogFilter, Receipt, World};

/// A node behind a URL.
#[derive(Debug)]
pub(crate) struct Ethers {
    /// Where the node is, see [`origin`].
    place: Box<str>,
    /// The connection.
    provider: Provider<Http>,
    /// Asked for once.
    chain_id: u64,
    /// Who signs.
    wallet: Option<LocalWallet>,
}

impl Ethers {
    /// Connects to the node at an `http` URL and asks for its chain id.
    pub(crate) async fn connect(
        url: &str,
        signer: Option<&PrivateKeySigner>,
    ) -> Result<Arc<dyn Chain>, NodeError> {
        let place = origin(url);
        let not_a_node = |source: Source| NodeError::NotANode { url: place.clone(), source };
        let provider = Provider::<Http>::try_from(url).map_err(|e| not_a_node(e.into()))?;
        let chain_id = match provider.get_chainid().await.map_err(|error| fault(&place, error)) {
            Ok(chain_id) => u64::try_from(chain_id).map_err(|e| not_a_node(e.into()))?,
            Err(Fault::Node(error)) => return Err(error),
            Err(Fault::Reverted(data)) => return Err(not_a_node(data.to_string().into())),
        };
        let wallet = signer.map(|signer| LocalWallet::from_bytes(signer.to_bytes().as_slice()));
        let wallet = wallet.transpose().map_err(|e| NodeError::Signing(e.into()))?;
        Ok(Arc::new(Self { place, provider, chain_id, wallet }))
    }

    /// What this provider's error means.
    fn fault(&self, error: ProviderError) -> Fault {
        fault(&self.place, error)
    }

    /// The node answered something that cannot be.
    fn nonsense(&self, source: impl Into<Source>) -> Fault {
        Fault::Node(NodeError::NotANode { url: self.place.clone(), source: source.into() })
    }

    /// Asks for something about a message in a world.
    async fn try_out<T: DeserializeOwned + Serialize + Debug + Send>(
        &self,
        method: &str,
        call: &Call,
        world: &World,
    ) -> Result<T, Fault> {
        let mut asked = vec![request(call), json!(block(world.at))];
        if world.time.is_some() || !world.assume.is_empty() {
            asked.push(world.assume.iter().map(state).collect::<Map<_, _>>().into());
            asked.extend(world.time.map(|time| json!({ "time": rpc::U64::from(time) })));
        }
        self.provider.request(method, asked).await.map_err(|error| self.fault(error))
    }

    /// A block.
    async fn block(&self, number: BlockNumber) -> Result<Option<rpc::Block<H256>>, Fault> {
        self.provider.get_block(number).await.map_err(|error| self.fault(error))
    }

    /// Signs; see [`Chain::sign`].
    fn signed(&self, draft: &Draft) -> Result<Signed, Fault> {
        let wallet = self.wallet.as_ref().ok_or_else(|| signing("no key"))?;
        let transaction = TypedTransaction::Eip1559(Eip1559TransactionRequest {
            from: Some(wallet.address()),
            to: draft.call.to.map(|to| NameOrAddress::Address(H160(to.into_array()))),
            gas: Some(draft.gas.into()),
            value: Some(draft.call.value.into()),
            data: Some(rpc::Bytes(draft.call.data.0.clone())),
            nonce: Some(draft.nonce.into()),
            access_list: rpc::transaction::eip2930::AccessList::default(),
            max_priority_fee_per_gas: Some(draft.fees.tip.into()),
            max_fee_per_gas: Some(draft.fees.cap.into()),
            chain_id: Some(self.chain_id.into()),
        });
        let signature = wallet.sign_transaction_sync(&transaction).map_err(signing)?;
        let raw = transaction.rlp_signed(&signature);
        Signed::decode(&raw).ok_or_else(|| signing("not readable"))
    }
}

impl Chain for Ethers {
    fn chain_id(&self) -> u64 {
        self.chain_id
    }

    fn identify(&self) -> Answer<'_, u64> {
        async {
            let found = self.provider.get_chainid().await.map_err(|e| self.fault(e))?;
            u64::try_from(found).map_err(|e| self.nonsense(e))
        }
        .boxed()
    }

    fn account(&self) -> Option<Address> {
        self.wallet.as_ref().map(|wallet| Address::from(wallet.address().0))
    }

    fn head(&self) -> Answer<'_, Head> {
        async {
            let block = self.block(BlockNumber::Latest).await?;
            let block = block.ok_or_else(|| self.nonsense("no latest block"))?;
            let fee = block.base_fee_per_gas.unwrap_or_default();
            Ok(Head {
                number: block.number.unwrap_or_default().as_u64(),
                hash: block.hash.unwrap_or_default().0.into(),
                timestamp: u64::try_from(block.timestamp).map_err(|e| self.nonsense(e))?,
                gas_price: u128::try_from(fee).map_err(|e| self.nonsense(e))?,
            })
        }
        .boxed()
    }

    fn block_hash(&self, number: u64) -> Answer<'_, Option<B256>> {
        async move {
            let block = self.block(number.into()).await?;
            Ok(block.and_then(|block| block.hash).map(|hash| hash.0.into()))
        }
        .boxed()
    }

    fn call<'a>(&'a self, call: &'a Call, world: &'a World) -> Answer<'a, Bytes> {
        async {
            let answer: rpc::Bytes = self.try_out("eth_call", call, world).await?;
            Ok(answer.0.into())
        }
        .boxed()
    }

    fn estimate<'a>(&'a self, call: &'a Call, world: &'a World) -> Answer<'a, u64> {
        async {
            let answer: rpc::U64 = self.try_out("eth_estimateGas", call, world).await?;
            Ok(answer.as_u64())
        }
        .boxed()
    }

    fn nonce(&self, account: Address, waiting: bool) -> Answer<'_, u64> {
        async move {
            let block = if waiting { BlockNumber::Pending } else { BlockNumber::Latest };
            let account = H160(account.into_array());
            let answer = self.provider.get_transaction_count(account, Some(block.into())).await;
            u64::try_from(answer.map_err(|e| self.fault(e))?).map_err(|e| self.nonsense(e))
        }
        .boxed()
    }

    fn sign<'a>(&'a self, draft: &'a Draft) -> Answer<'a, Signed> {
        async { self.signed(draft) }.boxed()
    }

    fn broadcast<'a>(&'a self, signed: &'a Signed) -> Answer<'a, ()> {
        async {
            let raw = rpc::Bytes(signed.raw().0.clone());
            let sent = self.provider.send_raw_transaction(raw).await;
            sent.map(drop).map_err(|error| self.fault(error))
        }
        .boxed()
    }

    fn receipt(&self, transaction: B256) -> Answer<'_, Option<Receipt>> {
        async move {
            let answer = self.provider.get_transaction_receipt(H256(transaction.0)).await;
            answer
                .map_err(|error| self.fault(error))?
                .map(|answer| {
                    let gas_used = u64::try_from(answer.gas_used.unwrap_or_default());
                    Ok(Receipt {
                        transaction: answer.transaction_hash.0.into(),
                        block: answer.block_number.unwrap_or_default().as_u64(),
                        success: answer.status.is_some_and(|status| status.as_u64() == 1),
                        gas_used: gas_used.map_err(|e| self.nonsense(e))?,
                        created: answer.contract_address.map(|created| created.0.into()),
                        logs: answer.logs.into_iter().map(log).collect(),
                    })
                })
                .transpose()
        }
        .boxed()
    }

    fn transaction(&self, hash: B256) -> Answer<'_, Option<Signed>> {
        async move {
            let answer = self.provider.get_transaction(H256(hash.0)).await;
            let answer = answer.map_err(|error| self.fault(error))?;
            Ok(answer.and_then(|answer| Signed::decode(&answer.rlp())))
        }
        .boxed()
    }

    fn logs<'a>(&'a self, filter: &'a LogFilter) -> Answer<'a, Vec<Log>> {
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
            Ok(answer.map_err(|error| self.fault(error))?.into_iter().map(log).collect())
        }
        .boxed()
    }

    fn code(&self, account: Address) -> Answer<'_, Bytes> {
        async move {
            let answer = self.provider.get_code(H160(account.into_array()), None).await;
            Ok(answer.map_err(|error| self.fault(error))?.0.into())
        }
        .boxed()
    }

    fn balance(&self, account: Address) -> Answer<'_, U256> {
        async move {
            let answer = self.provider.get_balance(H160(account.into_array()), None).await;
            Ok(U256::from_limbs(answer.map_err(|error| self.fault(error))?.0))
        }
        .boxed()
    }
}
