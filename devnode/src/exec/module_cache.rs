//! Compiled programs of a chain, by code hash.

use std::num::NonZeroUsize;

use alloy::primitives::B256;
use lru::LruCache;
use stylus_engine::{Module, Params, activate, program};

/// Maximum number of cached programs.
const CAPACITY: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1023);

/// The most recently used compiled programs. Others are compiled again when they are called.
#[derive(Debug)]
pub(crate) struct ModuleCache(LruCache<B256, Module>);

impl Default for ModuleCache {
    fn default() -> Self {
        Self(LruCache::new(CAPACITY))
    }
}

impl ModuleCache {
    /// Caches a program.
    pub(crate) fn insert(&mut self, code_hash: B256, module: Module) {
        self.0.put(code_hash, module);
    }

    /// The compiled form of an activated program; `None` if its code cannot be activated, which is
    /// possible only with state overrides.
    pub(super) fn get(&mut self, code_hash: B256, code: &[u8], params: &Params) -> Option<Module> {
        if let Some(module) = self.0.get(&code_hash) {
            return Some(module.clone());
        }
        let size = usize::try_from(params.max_wasm_size).unwrap_or(usize::MAX);
        let wasm = program::decode(code, size).ok()?;
        let module = activate(&wasm, params.page_limit, u64::MAX, true).ok()?.module;
        self.insert(code_hash, module.clone());
        Some(module)
    }
}
