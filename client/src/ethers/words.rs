//! From our words into those of nodes and of ethers-rs, and back.

use alloy::primitives::{LogData, U256};
use ethers::providers::{ProviderError, RpcError};
use ethers::types::{self as rpc, BlockId, BlockNumber};
use serde_json::{Map, Value, json};

use crate::error::{Fault, NodeError, Source};
use crate::transport::{Assumption, At, Call, Log};

/// JSON-RPC's code for a call that reverted.
const REVERTED: i64 = 3;

/// A provider's error, sorted by what can be done about it.
pub(super) fn fault(url: &str, error: ProviderError) -> Fault {
    if let Some(answer) = error.as_error_response() {
        if answer.code == REVERTED {
            let data =
                answer.data.as_ref().and_then(Value::as_str).and_then(|hex| hex.parse().ok());
            return Fault::Reverted(data.unwrap_or_default());
        }
        let message = answer.message.as_str().into();
        return Fault::Node(NodeError::Answered { code: answer.code, message });
    }
    let url = url.into();
    Fault::Node(match error {
        ProviderError::HTTPError(error) => NodeError::Unreachable { url, source: error.into() },
        error => NodeError::NotANode { url, source: error.into() },
    })
}

/// Why a transaction could not be signed.
pub(super) fn signing(error: impl Into<Source>) -> Fault {
    Fault::Node(NodeError::Signing(error.into()))
}

/// A message as nodes are asked about it.
pub(super) fn request(call: &Call) -> Value {
    json!({
        "from": call.from,
        "to": call.to,
        "input": call.data,
        "value": U256::from(call.value),
    })
}

/// A block in ethers' words.
pub(super) fn block(at: At) -> BlockId {
    BlockId::Number(match at {
        At::Latest => BlockNumber::Latest,
        At::Number(number) => number.into(),
        At::Pending => BlockNumber::Pending,
    })
}

/// An assumption as nodes are told of it.
pub(super) fn state(assumed: &Assumption) -> (String, Value) {
    let mut account = Map::new();
    if let Some(balance) = assumed.balance {
        account.insert("balance".into(), json!(balance));
    }
    if let Some(code) = &assumed.code {
        account.insert("code".into(), json!(code));
    }
    if let Some((slot, value)) = assumed.slot {
        account.insert("stateDiff".into(), json!({ slot.to_string(): value }));
    }
    (assumed.account.to_string(), account.into())
}

/// An event in our words.
pub(super) fn log(answer: rpc::Log) -> Log {
    let topics = answer.topics.into_iter().map(|topic| topic.0.into()).collect();
    Log {
        address: answer.address.0.into(),
        data: LogData::new_unchecked(topics, answer.data.0.into()),
        block: answer.block_number.unwrap_or_default().as_u64(),
        index: answer.log_index.and_then(|index| index.try_into().ok()).unwrap_or_default(),
        transaction: answer.transaction_hash.unwrap_or_default().0.into(),
    }
}
