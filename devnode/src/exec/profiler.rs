//! `stylusProfiler`: the ink of every function of the programs that a message runs.

use std::collections::BTreeMap;

use alloy::primitives::{Address, Bytes};
use revm::{Inspector, handler::FrameResult, interpreter::FrameInput};
use serde::{Deserialize, Serialize};
use stylus_engine::{
    ActivationError, Module, Params, Profile, ProfileNode, StylusVersion, profiled, program,
};

use super::{evm::Ctx, inspector::ArbInspector};

/// Options of the tracer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ProfilerConfig {
    /// Wasm to run in place of the code of accounts: the same code, with names.
    #[serde(default)]
    programs: BTreeMap<Address, Bytes>,
}

/// The profile of one run of a program.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProfiledRun {
    /// Account whose code ran.
    address: Address,
    /// Whether the wasm that ran differs from the account's in nothing but custom sections.
    is_same_code: bool,
    /// Ink of a unit of gas.
    ink_price: u32,
    /// The host call that led to this run, by itself or through frames of EVM code; null if no program
    /// did.
    caller: Option<CallSite>,
    /// The functions, as a tree: callers before the functions that they call.
    functions: Vec<ProfiledFunction>,
}

/// A host call of a run.
#[derive(Clone, Copy, Debug, Serialize)]
struct CallSite {
    /// Index of the run.
    run: usize,
    /// Index of the host function among the run's functions.
    function: usize,
}

/// All calls of one function by the same path.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ProfiledFunction {
    /// Name of the function.
    name: String,
    /// Whether this is a host function.
    is_host: bool,
    /// Index of the caller; null for the entry point.
    caller: Option<usize>,
    /// Number of calls.
    calls: u64,
    /// Ink of the function itself.
    ink: u64,
}

impl From<ProfileNode> for ProfiledFunction {
    fn from(node: ProfileNode) -> Self {
        let ProfileNode { name, is_host, caller, calls, ink } = node;
        Self { name, is_host, caller, calls, ink }
    }
}

/// Wasm that was given for an account and cannot run.
#[derive(Debug, thiserror::Error)]
#[error("the wasm for {address} cannot be a program: {why}")]
pub(crate) struct InvalidProgram {
    /// The account.
    address: Address,
    /// Why not.
    why: Box<ActivationError>,
}

/// Collects the profiles of one message.
#[derive(Debug, Default)]
pub(super) struct StylusProfiler {
    /// The options.
    config: ProfilerConfig,
    /// Programs that were compiled, with whether their code is the account's.
    compiled: BTreeMap<Address, (Module, bool)>,
    /// The first wasm that was refused.
    refused: Option<InvalidProgram>,
    /// Runs, in the order in which they started.
    runs: Vec<ProfiledRun>,
    /// The last host call of the program in each open frame, outermost first; `None` for frames of other
    /// code.
    frames: Vec<Option<CallSite>>,
}

impl StylusProfiler {
    /// A profiler with these options.
    pub(super) fn new(config: ProfilerConfig) -> Self {
        Self { config, ..Self::default() }
    }

    /// The profiles.
    ///
    /// # Errors
    /// [`InvalidProgram`].
    pub(super) fn into_runs(self) -> Result<Vec<ProfiledRun>, InvalidProgram> {
        self.refused.map_or(Ok(self.runs), Err)
    }

    /// The module for the program of an account, compiled once, and whether its code is the account's.
    fn compile(
        &mut self,
        address: Address,
        deployed: &[u8],
        version: StylusVersion,
    ) -> Result<(Module, bool), ActivationError> {
        if let Some(compiled) = self.compiled.get(&address) {
            return Ok(compiled.clone());
        }
        let given = self.config.programs.get(&address).map(AsRef::as_ref);
        let wasm = given.unwrap_or(deployed);
        let compiled = (profiled(wasm, version)?, program::is_same_code(wasm, deployed));
        self.compiled.insert(address, compiled.clone());
        Ok(compiled)
    }
}

impl<'a> Inspector<Ctx<'a>> for StylusProfiler {
    fn frame_start(&mut self, _: &mut Ctx<'a>, _: &mut FrameInput) -> Option<FrameResult> {
        self.frames.push(None);
        None
    }

    fn frame_end(&mut self, _: &mut Ctx<'a>, _: &FrameInput, _: &mut FrameResult) {
        self.frames.pop();
    }
}

impl ArbInspector<'_> for StylusProfiler {
    fn profiles(&self) -> bool {
        true
    }

    fn profiled_module(
        &mut self,
        address: Address,
        deployed: &[u8],
        params: &Params,
    ) -> Option<Module> {
        let (module, is_same_code) = match self.compile(address, deployed, params.version) {
            Ok(compiled) => compiled,
            Err(why) => {
                self.refused.get_or_insert(InvalidProgram { address, why: Box::new(why) });
                return None;
            }
        };
        let caller = self.frames.iter().rev().find_map(|call| *call);
        let call = CallSite { run: self.runs.len(), function: 0 };
        if let Some(frame) = self.frames.last_mut() {
            *frame = Some(call);
        }
        let ink_price = params.ink_price;
        let functions = Vec::new();
        self.runs.push(ProfiledRun { address, is_same_code, ink_price, caller, functions });
        Some(module)
    }

    fn capture_profile_node(&mut self, node: usize) {
        if let Some(Some(call)) = self.frames.last_mut() {
            call.function = node;
        }
    }

    fn capture_profile(&mut self, profile: Profile) {
        if let Some(Some(call)) = self.frames.last()
            && let Some(run) = self.runs.get_mut(call.run)
        {
            run.functions = profile.nodes.into_iter().map(Into::into).collect();
        }
    }
}
