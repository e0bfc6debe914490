//! A contract: calls, transactions and their receipts.

use std::fmt::Display;

use alloy::primitives::hex;
use serde_json::{Value, json};

use super::{Address, CallError, Requests, abi::Signature, requests::bytes};

/// A contract of a chain in this process. It does not keep the chain alive.
#[derive(Clone, Debug)]
pub struct Contract {
    /// Its address.
    address: Address,
    /// Sends requests to the chain.
    requests: Requests,
}

/// The receipt of a successful transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// Hash of the transaction.
    pub transaction: [u8; 32],
    /// Height of its block.
    pub block: u64,
    /// Gas charged.
    pub gas_used: u64,
    /// Events, in order.
    pub logs: Vec<Log>,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Log {
    /// The contract that emitted it.
    pub address: Address,
    /// Hash of its signature, then its indexed fields.
    pub topics: Vec<[u8; 32]>,
    /// Its other fields, encoded.
    pub data: Vec<u8>,
}

impl Contract {
    /// The contract at an address.
    pub(crate) const fn new(address: Address, requests: Requests) -> Self {
        Self { address, requests }
    }

    /// Its address.
    #[must_use]
    pub const fn address(&self) -> Address {
        self.address
    }

    /// Calls a function in the latest block and returns its results as text, in the form of
    /// [`Self::send`]'s arguments. The signature tells the types of the results, such as
    /// `balanceOf(address)(uint256)`.
    ///
    /// # Errors
    /// If the call reverts, or if arguments or results do not fit.
    pub async fn call(
        &self,
        signature: &str,
        arguments: &[&dyn Display],
    ) -> Result<Vec<String>, CallError> {
        let function = Signature::parse(signature)?;
        let data = input(&function, arguments)?;
        let call = json!([{"to": self.address.to_string(), "data": data}, "latest"]);
        let result = self.requests.request("eth_call", call).await?;
        Ok(function.decode(&bytes(Some(&result)))?)
    }

    /// Sends a transaction of an account of the node and returns its receipt. Arguments are text:
    /// numbers in decimal or hexadecimal, bytes in hexadecimal, lists in brackets, tuples in
    /// parentheses.
    ///
    /// # Errors
    /// If the call would revert, before anything is sent; if arguments do not fit; if the transaction
    /// is rejected or not mined at once.
    pub async fn send(
        &self,
        from: impl Into<Address>,
        signature: &str,
        arguments: &[&dyn Display],
    ) -> Result<Receipt, CallError> {
        self.send_value(from, 0, signature, arguments).await
    }

    /// The same with ether, in wei.
    ///
    /// # Errors
    /// Those of [`Self::send`].
    pub async fn send_value(
        &self,
        from: impl Into<Address>,
        value: u128,
        signature: &str,
        arguments: &[&dyn Display],
    ) -> Result<Receipt, CallError> {
        let data = input(&Signature::parse(signature)?, arguments)?;
        let to = Some(self.address);
        self.requests.send(from.into(), to, value, data).await.map(|(receipt, _)| receipt)
    }
}

/// The input of a call, in hexadecimal.
fn input(function: &Signature, arguments: &[&dyn Display]) -> Result<String, CallError> {
    let arguments = function.encode(arguments)?;
    Ok(hex::encode_prefixed([&function.selector(), arguments.as_slice()].concat()))
}

impl Requests {
    /// Sends a transaction and returns its receipt, and the contract that it created.
    pub(super) async fn send(
        &self,
        from: Address,
        to: Option<Address>,
        value: u128,
        data: String,
    ) -> Result<(Receipt, Option<Address>), CallError> {
        let request = json!([{
            "from": from.to_string(), "to": to.map(|to| to.to_string()),
            "value": format!("{value:#x}"), "data": data,
        }]);
        let hash = self.request("eth_sendTransaction", request).await?;
        let receipt = self.request("eth_getTransactionReceipt", json!([hash])).await?;
        if receipt.is_null() {
            return Err(CallError::NotMined(hash.as_str().unwrap_or_default().to_owned()));
        }
        if receipt.get("status").and_then(Value::as_str) != Some("0x1") {
            let message = "the transaction failed, although its estimate succeeded".to_owned();
            return Err(CallError::Reverted { data: Vec::new(), message });
        }
        let logs = receipt.get("logs").and_then(Value::as_array).into_iter().flatten();
        let created = receipt.get("contractAddress").filter(|created| !created.is_null());
        let receipt = Receipt {
            transaction: fixed(receipt.get("transactionHash")),
            block: number(receipt.get("blockNumber")),
            gas_used: number(receipt.get("gasUsed")),
            logs: logs.map(log).collect(),
        };
        Ok((receipt, created.map(|created| Address(fixed(Some(created))))))
    }
}

/// An event of a receipt.
fn log(log: &Value) -> Log {
    let topics = log.get("topics").and_then(Value::as_array).into_iter().flatten();
    Log {
        address: Address(fixed(log.get("address"))),
        topics: topics.map(|topic| fixed(Some(topic))).collect(),
        data: bytes(log.get("data")),
    }
}

/// Bytes of a known length; zero if there are others.
fn fixed<const LENGTH: usize>(value: Option<&Value>) -> [u8; LENGTH] {
    bytes(value).try_into().unwrap_or([0; LENGTH])
}

/// A number in hexadecimal.
fn number(value: Option<&Value>) -> u64 {
    let digits = value.and_then(Value::as_str).and_then(|text| text.strip_prefix("0x"));
    digits.and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or_default()
}
