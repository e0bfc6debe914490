//! Traces: geth's tracers, `stylusTracer` and `stylusProfiler`.
//!
//! JavaScript tracers are not supported, except that of cargo-stylus, which gets the output of
//! `stylusTracer`.

use alloy::{
    primitives::{Address, B256, KECCAK256_EMPTY, U256, map::AddressMap},
    rpc::types::trace::geth::{
        GethDebugTracerType, GethDebugTracingOptions, GethTrace, PreStateFrame,
    },
};
use revm::{
    Database,
    context::{BlockEnv, TxEnv},
    state::Account,
};
use revm_inspectors::tracing::{DebugInspector, DebugInspectorError};
use serde::Serialize;
use serde_json::{Value, json};

pub(crate) use revm_inspectors::tracing::TransactionContext as Origin;

use super::{
    Execution, ExecutionEnv, ExecutionError, ExecutionStatus, Message, State,
    profiler::{InvalidProgram, ProfiledRun, ProfilerConfig, StylusProfiler},
    run_with_inspector,
    stylus_tracer::{StylusTracer, TraceStep},
};

/// Name of Nitro's tracer for programs.
const STYLUS_TRACER: &str = "stylusTracer";

/// Name of the tracer for the functions of programs.
const PROFILER: &str = "stylusProfiler";

/// Text that identifies the JavaScript tracer of cargo-stylus.
const HOSTIO_MARKER: &str = "hostio";

/// A tracer for one message.
#[derive(Debug)]
pub(crate) enum Tracer {
    /// One of geth's tracers.
    Geth(Box<DebugInspector>),
    /// `stylusTracer`.
    Stylus,
    /// `stylusProfiler`.
    Profiler(ProfilerConfig),
}

/// The output of a tracer.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Trace {
    /// Output of one of geth's tracers.
    Geth(Box<GethTrace>),
    /// Output of `prestateTracer`, with the code hashes that geth adds.
    Prestate(Value),
    /// Output of `stylusTracer`.
    Stylus(Vec<TraceStep>),
    /// Output of `stylusProfiler`.
    Profile(Vec<ProfiledRun>),
}

/// Why there is no trace.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TraceError {
    /// The tracer does not exist or does not support these options.
    #[error(transparent)]
    UnsupportedTracer(#[from] DebugInspectorError),
    /// Wasm that `stylusProfiler` cannot run.
    #[error(transparent)]
    Program(#[from] InvalidProgram),
    /// The options of `stylusProfiler` are not valid.
    #[error(
        "invalid tracerConfig of stylusProfiler: {0}; expected {{\"programs\": {{ADDRESS: WASM}}}}"
    )]
    ProfilerConfig(serde_json::Error),
    /// The trace cannot be serialized.
    #[error(transparent)]
    Serialize(#[from] serde_json::Error),
    /// The execution was aborted.
    #[error(transparent)]
    Execution(#[from] ExecutionError),
}

impl Tracer {
    /// The tracer for these options.
    ///
    /// # Errors
    /// If no such tracer exists.
    pub(crate) fn new(options: GethDebugTracingOptions) -> Result<Self, TraceError> {
        match &options.tracer {
            Some(GethDebugTracerType::JsTracer(text))
                if text == STYLUS_TRACER || text.contains(HOSTIO_MARKER) =>
            {
                Ok(Self::Stylus)
            }
            Some(GethDebugTracerType::JsTracer(text)) if text == PROFILER => {
                let config = match options.tracer_config.into_json() {
                    Value::Null => ProfilerConfig::default(),
                    config => serde_json::from_value(config).map_err(TraceError::ProfilerConfig)?,
                };
                Ok(Self::Profiler(config))
            }
            _ => Ok(Self::Geth(Box::new(DebugInspector::new(options)?))),
        }
    }
}

/// Traces a message; `origin` is the transaction that it belongs to, if any.
///
/// # Errors
/// See [`TraceError`].
pub(crate) fn trace(
    env: ExecutionEnv<'_>,
    message: &Message,
    tracer: Tracer,
    origin: Option<Origin>,
) -> Result<Trace, TraceError> {
    match tracer {
        Tracer::Stylus => {
            let mut tracer = StylusTracer::default();
            run_with_inspector(env, message, &mut tracer)?;
            Ok(Trace::Stylus(tracer.into_steps()))
        }
        Tracer::Profiler(config) => {
            let mut profiler = StylusProfiler::new(config);
            run_with_inspector(env, message, &mut profiler)?;
            Ok(Trace::Profile(profiler.into_runs()?))
        }
        Tracer::Geth(mut tracer) => {
            let tx = TxEnv { gas_limit: message.gas_limit(), ..message.tx_env() };
            let number = U256::from(env.block_context.height);
            let block = BlockEnv { number, ..env.block_env(message) };
            let mut before = env.state.clone();
            let (ran, halt_detail) = run_with_inspector(env, message, &mut *tracer)?;
            let mut trace = tracer.get_result(origin, &tx, &block, &ran, &mut before)?;
            if let GethTrace::PreStateTracer(frame) = &trace {
                return Ok(Trace::Prestate(with_code_hashes(frame, &mut before, &ran.state)?));
            }
            // The outermost failure has Nitro's text.
            if let GethTrace::CallTracer(frame) = &mut trace
                && let ExecutionStatus::Halt(halt) = Execution::new(ran, halt_detail).status
            {
                frame.error = Some(halt.to_string());
            }
            Ok(Trace::Geth(Box::new(trace)))
        }
    }
}

/// The output of `prestateTracer` with the code hash of each account that has code; in a difference,
/// the new hash of each account whose code has changed.
fn with_code_hashes(
    frame: &PreStateFrame,
    before: &mut State<'_>,
    after: &AddressMap<Account>,
) -> Result<Value, serde_json::Error> {
    let mut old = |address: Address| {
        let Ok(info) = before.basic(address);
        info.map(|info| info.code_hash).filter(|&hash| hash != KECCAK256_EMPTY)
    };
    let mut value = serde_json::to_value(frame)?;
    if let PreStateFrame::Default(_) = frame {
        insert_code_hashes(Some(&mut value), &mut old);
    } else {
        insert_code_hashes(value.get_mut("pre"), &mut old);
        insert_code_hashes(value.get_mut("post"), |address| {
            let new = after.get(&address)?.info.code_hash;
            let new = if new == KECCAK256_EMPTY { B256::ZERO } else { new };
            (new != old(address).unwrap_or_default()).then_some(new)
        });
    }
    Ok(value)
}

/// Inserts code hashes into the accounts of a state, where there are any.
fn insert_code_hashes(state: Option<&mut Value>, mut hash: impl FnMut(Address) -> Option<B256>) {
    let accounts = state.and_then(Value::as_object_mut).into_iter().flatten();
    for (address, account) in accounts {
        if let Some(hash) = address.parse().ok().and_then(&mut hash)
            && let Value::Object(fields) = account
        {
            fields.insert("codeHash".to_owned(), json!(hash));
        }
    }
}
