//! The compiled programs of a chain, by the hash of their code.

use std::collections::{HashMap, VecDeque};

use alloy::primitives::B256;
use stylus_engine::{Module, Params, activate, program};

/// How many programs are kept; the oldest goes first.
const CAPACITY: usize = 1024;

/// A bounded set of compiled programs. What is not in it is compiled again when it is needed.
#[derive(Debug, Default)]
pub(crate) struct ModuleCache {
    /// The programs.
    modules: HashMap<B256, Module>,
    /// Their code hashes, oldest first.
    order: VecDeque<B256>,
}

impl ModuleCache {
    /// Keeps a program.
    pub(crate) fn insert(&mut self, code_hash: B256, module: Module) {
        if self.modules.insert(code_hash, module).is_some() {
            return;
        }
        self.order.push_back(code_hash);
        if self.order.len() > CAPACITY
            && let Some(oldest) = self.order.pop_front()
        {
            self.modules.remove(&oldest);
        }
    }

    /// The compiled form of a program that was activated at some time; `None` if its code is not one
    /// that can be, which only an override of state brings about.
    pub(super) fn get(&mut self, code_hash: B256, code: &[u8], params: &Params) -> Option<Module> {
        if let Some(module) = self.modules.get(&code_hash) {
            return Some(module.clone());
        }
        let size = usize::try_from(params.max_wasm_size).unwrap_or(usize::MAX);
        let wasm = program::decode(code, size).ok()?;
        let module = activate(&wasm, params.page_limit, u64::MAX, true).ok()?.module;
        self.insert(code_hash, module.clone());
        Some(module)
    }
}
