//! From the types of this crate to alloy's, and back.

use alloy::eips::{BlockId, BlockNumberOrTag};
use alloy::network::TransactionBuilder;
use alloy::primitives::{Bytes, U256, map::B256HashMap};
use alloy::rpc::types::state::StateOverride;
use alloy::rpc::types::{self as rpc, BlockOverrides, TransactionReceipt, TransactionRequest};
use alloy::transports::{RpcError, TransportError};

use crate::backend::refusal::{http_refusal, rpc_refusal};
use crate::backend::types::{
    AccountOverride, BlockTag, CallEnv, Log, LogFilter, REVERT_CODE, Receipt, TxRequest,
};
use crate::error::{BackendError, BoxError, NodeError};

/// A provider's error as one of this crate.
pub(super) fn backend_error(url: &str, error: TransportError) -> BackendError {
    let url = url.into();
    BackendError::Node(match error {
        RpcError::ErrorResp(answer) => {
            if answer.code == REVERT_CODE {
                let data = answer.data.and_then(|data| hex_bytes(data.get()));
                return BackendError::Reverted(data.unwrap_or_default());
            }
            let data = answer.data.as_ref().map_or("", |data| data.get());
            rpc_refusal(answer.code, &answer.message, data)
        }
        RpcError::Transport(error) if error.is_http_error() => {
            let (status, body) = error
                .as_http_error()
                .map_or((None, String::new()), |http| (Some(http.status), http.body.clone()));
            http_refusal(url, (status, &body), error.retry_after(), error.into())
        }
        RpcError::Transport(error) => NodeError::Unreachable { url, source: error.into() },
        error => NodeError::NotANode { url, source: error.into() },
    })
}

/// The bytes in a JSON string of hexadecimal digits.
fn hex_bytes(json: &str) -> Option<Bytes> {
    json.trim_matches('"').parse().ok()
}

/// The error of a transaction that could not be signed.
pub(super) fn signing_error(error: impl Into<BoxError>) -> BackendError {
    BackendError::Node(NodeError::Signing(error.into()))
}

/// A call as alloy's request.
pub(super) fn tx_request(call: &TxRequest) -> TransactionRequest {
    let mut request = TransactionRequest::default()
        .with_input(call.data.clone())
        .with_value(U256::from(call.value))
        .with_kind(call.to.into());
    request.from = call.from;
    request
}

/// A block tag as alloy's.
pub(super) const fn block_id(tag: BlockTag) -> BlockId {
    BlockId::Number(match tag {
        BlockTag::Latest => BlockNumberOrTag::Latest,
        BlockTag::Number(number) => BlockNumberOrTag::Number(number),
        BlockTag::Pending => BlockNumberOrTag::Pending,
    })
}

/// The timestamp of `env` as alloy's override.
pub(super) fn block_overrides(env: &CallEnv) -> Option<BlockOverrides> {
    env.timestamp.map(|time| BlockOverrides::default().with_time(time))
}

/// The account overrides of `env` as alloy's.
pub(super) fn state_overrides(env: &CallEnv) -> Option<StateOverride> {
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

/// A log filter as alloy's.
pub(super) fn log_filter(filter: &LogFilter) -> rpc::Filter {
    let mut wanted = rpc::Filter::new().from_block(filter.from).to_block(filter.to);
    wanted.address = filter.address.into_iter().collect::<Vec<_>>().into();
    for (to, values) in wanted.topics.iter_mut().zip(&filter.topics) {
        *to = values.clone().into();
    }
    wanted
}

/// A receipt of alloy's.
pub(super) fn receipt(answer: &TransactionReceipt) -> Receipt {
    Receipt {
        transaction: answer.transaction_hash,
        block: answer.block_number.unwrap_or_default(),
        success: answer.inner.status(),
        sender: answer.from,
        gas_used: answer.gas_used,
        gas_price: answer.effective_gas_price,
        created: answer.contract_address,
        logs: answer.inner.logs().iter().cloned().map(log).collect(),
    }
}

/// A log of alloy's.
pub(super) fn log(answer: rpc::Log) -> Log {
    Log {
        address: answer.inner.address,
        data: answer.inner.data,
        block: answer.block_number.unwrap_or_default(),
        log_index: answer.log_index.unwrap_or_default(),
        transaction: answer.transaction_hash.unwrap_or_default(),
    }
}
