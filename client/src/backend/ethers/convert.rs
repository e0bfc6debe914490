//! From the types of this crate to JSON-RPC and ethers' types, and back.

use alloy::primitives::{LogData, U256};
use ethers::providers::{ProviderError, RpcError};
use ethers::types::{self as rpc, BlockId, BlockNumber};
use serde_json::{Map, Value, json};

use crate::backend::refusal::{http_refusal, rpc_refusal};
use crate::backend::types::{AccountOverride, BlockTag, Log, REVERT_CODE, TxRequest};
use crate::error::{BackendError, BoxError, NodeError};

/// A provider's error as one of this crate.
pub(super) fn backend_error(url: &str, error: ProviderError) -> BackendError {
    if let Some(answer) = error.as_error_response() {
        if answer.code == REVERT_CODE {
            let data =
                answer.data.as_ref().and_then(Value::as_str).and_then(|hex| hex.parse().ok());
            return BackendError::Reverted(data.unwrap_or_default());
        }
        let data = answer.data.as_ref().map(Value::to_string).unwrap_or_default();
        return BackendError::Node(rpc_refusal(answer.code, &answer.message, &data));
    }
    let url = url.into();
    BackendError::Node(match error {
        ProviderError::HTTPError(error) => NodeError::Unreachable { url, source: error.into() },
        // It does not tell the status of HTTP.
        error => http_refusal(url, (None, &error.to_string()), None, error.into()),
    })
}

/// The error of a transaction that could not be signed.
pub(super) fn signing_error(error: impl Into<BoxError>) -> BackendError {
    BackendError::Node(NodeError::Signing(error.into()))
}

/// A call as a JSON-RPC parameter.
pub(super) fn tx_request(call: &TxRequest) -> Value {
    json!({
        "from": call.from,
        "to": call.to,
        "input": call.data,
        "value": U256::from(call.value),
    })
}

/// A block tag as ethers'.
pub(super) fn block_id(tag: BlockTag) -> BlockId {
    BlockId::Number(match tag {
        BlockTag::Latest => BlockNumber::Latest,
        BlockTag::Number(number) => number.into(),
        BlockTag::Pending => BlockNumber::Pending,
    })
}

/// An account override as a member of the JSON-RPC parameter.
pub(super) fn account_override(account_override: &AccountOverride) -> (String, Value) {
    let mut account = Map::new();
    if let Some(balance) = account_override.balance {
        account.insert("balance".into(), json!(balance));
    }
    if let Some(code) = &account_override.code {
        account.insert("code".into(), json!(code));
    }
    if let Some((slot, value)) = account_override.storage {
        account.insert("stateDiff".into(), json!({ slot.to_string(): value }));
    }
    (account_override.account.to_string(), account.into())
}

/// A log of ethers'.
pub(super) fn convert_log(answer: rpc::Log) -> Log {
    let topics = answer.topics.into_iter().map(|topic| topic.0.into()).collect();
    Log {
        address: answer.address.0.into(),
        data: LogData::new_unchecked(topics, answer.data.0.into()),
        block: answer.block_number.unwrap_or_default().as_u64(),
        log_index: answer.log_index.and_then(|index| index.try_into().ok()).unwrap_or_default(),
        transaction: answer.transaction_hash.unwrap_or_default().0.into(),
    }
}
