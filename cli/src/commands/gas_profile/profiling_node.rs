//! A dev chain that profiles: its tracer `stylusProfiler`.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use alloy::primitives::{Address, B256, Bytes, U64, U256};
use alloy::providers::{DynProvider, Provider, ProviderBuilder};
use alloy::transports::TransportError;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::context::Context;
use crate::error::{CliError, ProfileCommandError};

/// The tracer.
const TRACER: &str = "stylusProfiler";

/// A call on the latest block.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// Who calls.
    pub(super) from: Address,
    /// Who is called.
    pub(super) to: Address,
    /// Calldata.
    pub(super) data: Bytes,
    /// Wei that are sent.
    pub(super) value: u128,
}

/// What is profiled.
#[derive(Clone, Debug)]
pub(super) enum Target {
    /// A transaction in a block.
    Transaction(B256),
    /// A call.
    Call(Call),
}

impl Display for Target {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transaction(hash) => write!(f, "Transaction {hash}"),
            Self::Call(call) => write!(f, "Call of {}", call.to),
        }
    }
}

/// One run of a program, as the node reports it; callers come before the runs that they led to.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Run {
    /// Account whose code ran.
    pub(super) address: Address,
    /// Whether the given wasm differs from the deployed one in nothing but custom sections.
    pub(super) is_same_code: bool,
    /// Ink of a unit of gas.
    pub(super) ink_price: u64,
    /// The host call that led to it.
    pub(super) caller: Option<CallSite>,
    /// Its functions, callers first.
    pub(super) functions: Vec<RunFunction>,
}

/// A host call of a run.
#[derive(Debug, Deserialize)]
pub(super) struct CallSite {
    /// Index of the run.
    pub(super) run: usize,
    /// Index of the function in the run.
    pub(super) function: usize,
}

/// All calls of a function by one path.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RunFunction {
    /// Its name.
    pub(super) name: String,
    /// Index of its caller.
    pub(super) caller: Option<usize>,
    /// Number of calls.
    pub(super) calls: u64,
    /// Ink of the function itself; with the whole callee where it calls a contract.
    pub(super) ink: u64,
}

/// What the whole cost.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Cost {
    /// Gas that was used.
    #[serde(rename = "gasUsed")]
    gas: U64,
    /// Why it failed, if it did.
    error: Option<String>,
}

impl Cost {
    /// Gas that was used.
    pub(super) fn gas(&self) -> u64 {
        self.gas.to()
    }

    /// Whether it succeeded.
    pub(super) const fn is_success(&self) -> bool {
        self.error.is_none()
    }
}

/// The connection.
#[derive(Debug)]
pub(super) struct ProfilingNode(DynProvider);

impl ProfilingNode {
    /// Connects to the preferred node.
    ///
    /// # Errors
    /// [`ProfileCommandError::NoProfiler`] if it has no profiler, or those of a node that does not answer.
    pub(super) async fn connect(context: &Context) -> Result<Self, CliError> {
        // This says what is wrong if no node answers.
        context.node().await?;
        let builder = ProviderBuilder::new().disable_recommended_fillers();
        let connected = builder.connect(context.preferred_node()?).await;
        let node = Self(connected.map_err(|error| failure("a connection", &error))?.erased());
        // A call of nobody runs no program.
        let nothing = json!([{}, "latest", { "tracer": TRACER }]);
        match node.request::<Vec<Run>>("debug_traceCall", nothing).await {
            Ok(_) => Ok(node),
            Err(ProfileCommandError::Refused(answer)) => {
                Err(ProfileCommandError::NoProfiler(answer).into())
            }
            Err(ProfileCommandError::Answer { .. }) => {
                Err(ProfileCommandError::NoProfiler("another trace".into()).into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Checks that a block has the transaction.
    ///
    /// # Errors
    /// [`ProfileCommandError::NoTransaction`].
    pub(super) async fn check_target(&self, target: &Target) -> Result<(), ProfileCommandError> {
        let Target::Transaction(hash) = target else { return Ok(()) };
        let receipt: Value = self.request("eth_getTransactionReceipt", json!([hash])).await?;
        if receipt.is_null() { Err(ProfileCommandError::NoTransaction(*hash)) } else { Ok(()) }
    }

    /// The runs of programs. `wasm` has the names of some of them.
    ///
    /// # Errors
    /// [`ProfileCommandError`].
    pub(super) async fn profile(
        &self,
        target: &Target,
        wasm: BTreeMap<Address, Bytes>,
    ) -> Result<Vec<Run>, ProfileCommandError> {
        self.trace(target, json!({ "tracer": TRACER, "tracerConfig": { "programs": wasm } })).await
    }

    /// What the whole cost.
    ///
    /// # Errors
    /// [`ProfileCommandError`].
    pub(super) async fn cost(&self, target: &Target) -> Result<Cost, ProfileCommandError> {
        self.trace(
            target,
            json!({ "tracer": "callTracer", "tracerConfig": { "onlyTopCall": true } }),
        )
        .await
    }

    /// A trace.
    async fn trace<T: for<'de> Deserialize<'de>>(
        &self,
        target: &Target,
        options: Value,
    ) -> Result<T, ProfileCommandError> {
        match target {
            Target::Transaction(hash) => {
                self.request("debug_traceTransaction", json!([hash, options])).await
            }
            Target::Call(Call { from, to, data, value }) => {
                let value = U256::from(*value);
                let call = json!({ "from": from, "to": to, "data": data, "value": value });
                self.request("debug_traceCall", json!([call, "latest", options])).await
            }
        }
    }

    /// The result of a request.
    async fn request<T: for<'de> Deserialize<'de>>(
        &self,
        method: &'static str,
        params: Value,
    ) -> Result<T, ProfileCommandError> {
        let answer: Result<Value, _> = self.0.raw_request(method.into(), params).await;
        let answer = answer.map_err(|error| failure(method, &error))?;
        serde_json::from_value(answer)
            .map_err(|source| ProfileCommandError::Answer { method, source })
    }
}

/// Why a request failed. The text of other errors can contain the node's URL, and a key in it.
fn failure(what: &'static str, error: &TransportError) -> ProfileCommandError {
    match error.as_error_resp() {
        Some(answer) => ProfileCommandError::Refused(answer.message.as_ref().into()),
        None => ProfileCommandError::Unanswered(what),
    }
}
