//! Compiled programs of a chain, and the programs that the current block has entered.

use std::num::NonZeroUsize;

use alloy::primitives::B256;
use lru::LruCache;
use stylus_engine::{Module, StylusVersion, activate};

/// Maximum number of cached programs.
const CAPACITY: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1023);

/// The most recently used compiled programs, by version and code hash. Others are compiled again
/// when they are called.
#[derive(Debug)]
pub(crate) struct ModuleCache {
    /// Compiled programs.
    modules: LruCache<(StylusVersion, B256), Module>,
    /// Code hashes of the programs that the current block has entered, once it has entered one.
    entered: Option<LruCache<B256, ()>>,
}

impl Default for ModuleCache {
    fn default() -> Self {
        Self { modules: LruCache::new(CAPACITY), entered: None }
    }
}

impl ModuleCache {
    /// Caches a program.
    pub(crate) fn insert(&mut self, version: StylusVersion, code_hash: B256, module: Module) {
        self.modules.put((version, code_hash), module);
    }

    /// The compiled form of a program, if it is cached.
    pub(super) fn get(&mut self, version: StylusVersion, code_hash: B256) -> Option<Module> {
        self.modules.get(&(version, code_hash)).cloned()
    }

    /// Compiles the wasm of an activated program and caches it; `None` if it cannot be activated,
    /// which is possible only with state overrides.
    pub(super) fn compile(
        &mut self,
        version: StylusVersion,
        code_hash: B256,
        wasm: &[u8],
    ) -> Option<Module> {
        // Limits that have changed since the activation do not apply.
        let module = activate(wasm, version, u16::MAX, u64::MAX, true).ok()?.module;
        self.insert(version, code_hash, module.clone());
        Some(module)
    }

    /// Forgets which programs were entered: a block, or a call by itself, starts.
    pub(crate) fn start_block(&mut self) {
        self.entered = None;
    }

    /// Records the entry of a program; returns whether it is among the last `capacity` that this
    /// block has entered. The capacity is that of the first entry of the block, at least one.
    pub(super) fn enter(&mut self, code_hash: B256, capacity: u16) -> bool {
        let capacity = NonZeroUsize::new(capacity.into()).unwrap_or(NonZeroUsize::MIN);
        let entered = self.entered.get_or_insert_with(|| LruCache::new(capacity));
        entered.put(code_hash, ()).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_programs_of_a_block_are_recent() {
        let mut cache = ModuleCache::default();
        let [a, b, c] = [1, 2, 3].map(B256::with_last_byte);
        cache.start_block();
        assert_eq!([a, b, a, c].map(|hash| cache.enter(hash, 2)), [false, false, true, false]);
        assert!(cache.enter(a, 9), "entered again before c");
        assert!(!cache.enter(b, 9), "the capacity is that of the first entry");
        cache.start_block();
        assert!(!cache.enter(b, 0));
        assert!(cache.enter(b, 0), "there is one place at least");
    }
}
