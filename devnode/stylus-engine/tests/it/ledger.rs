//! An in-memory chain: one contract with storage, a few accounts, no EVM.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use stylus_engine::{
    CreateRequest, EvmApi, EvmData, HostioCall, Module, Pages, Params, Profile, Status, StoreError,
    SubcallOutcome, SubcallRequest, run,
};

use crate::VERSION;

/// Gas of a cold slot, on top of the warm load or the store.
const COLD_SLOT: u64 = 2100;

/// The chain.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) evm_data: EvmData,
    pub(crate) storage: BTreeMap<B256, B256>,
    pub(crate) warm_slots: BTreeSet<B256>,
    pub(crate) transient: BTreeMap<B256, B256>,
    pub(crate) warm_accounts: BTreeSet<Address>,
    pub(crate) code: BTreeMap<Address, Bytes>,
    pub(crate) balances: BTreeMap<Address, U256>,
    pub(crate) pages: Pages,
    pub(crate) logs: Vec<(Vec<B256>, Bytes)>,
    pub(crate) printed: Vec<String>,
    pub(crate) calls: Vec<SubcallRequest>,
    pub(crate) creations: Vec<CreateRequest>,
    /// Result of every call and creation.
    pub(crate) outcome: SubcallOutcome,
    /// A program that every call runs instead, to this depth.
    pub(crate) nested: Option<(Module, u32)>,
    pub(crate) traced: bool,
    pub(crate) hostios: Vec<HostioCall>,
    pub(crate) profile: Option<Profile>,
}

impl Ledger {
    /// Gas of accessing an account.
    fn touch(&mut self, address: Address) -> u64 {
        if self.warm_accounts.insert(address) { 2600 } else { 100 }
    }

    /// Additional gas of a cold slot.
    fn cold(&mut self, key: B256) -> u64 {
        if self.warm_slots.insert(key) { COLD_SLOT } else { 0 }
    }
}

impl EvmApi for Ledger {
    fn evm_data(&self) -> &EvmData {
        &self.evm_data
    }

    fn load(&mut self, key: B256) -> (B256, u64) {
        let cost = self.cold(key).max(100);
        (self.storage.get(&key).copied().unwrap_or_default(), cost)
    }

    /// Treats the current value as the one at the start of the transaction.
    fn store(&mut self, key: B256, value: B256, gas_left: u64) -> Result<u64, StoreError> {
        if self.evm_data.read_only {
            return Err(StoreError::ReadOnly);
        }
        let old = self.storage.get(&key).copied().unwrap_or_default();
        let change = match (old == value, old.is_zero()) {
            (true, _) => 100,
            (false, true) => 20_000,
            (false, false) => 2900,
        };
        let cost = self.cold(key) + change;
        if cost > gas_left {
            return Err(StoreError::OutOfGas);
        }
        self.storage.insert(key, value);
        Ok(cost)
    }

    fn load_transient(&mut self, key: B256) -> B256 {
        self.transient.get(&key).copied().unwrap_or_default()
    }

    fn store_transient(&mut self, key: B256, value: B256) {
        self.transient.insert(key, value);
    }

    fn call(&mut self, request: SubcallRequest) -> SubcallOutcome {
        let nested = self.nested.as_ref().and_then(|(m, depth)| Some((m, depth.checked_sub(1)?)));
        if let Some((module, depth)) = nested {
            let mut inner = Self { nested: Some((module.clone(), depth)), ..Self::default() };
            let gas = request.gas_requested;
            let outcome = run(module, &Params::new(VERSION), &request.input, gas, &mut inner);
            let (success, cost) = (outcome.status == Status::Success, gas - outcome.gas_left);
            return SubcallOutcome { success, cost, output: outcome.output, created: None };
        }
        self.calls.push(request);
        self.outcome.clone()
    }

    fn create(&mut self, request: CreateRequest) -> Option<SubcallOutcome> {
        self.creations.push(request);
        (!self.evm_data.read_only).then(|| self.outcome.clone())
    }

    fn balance(&mut self, address: Address) -> (U256, u64) {
        let cost = self.touch(address);
        (self.balances.get(&address).copied().unwrap_or_default(), cost)
    }

    fn code(&mut self, address: Address) -> (Bytes, u64) {
        let cost = self.touch(address);
        (self.code.get(&address).cloned().unwrap_or_default(), cost)
    }

    fn code_hash(&mut self, address: Address) -> (B256, u64) {
        let cost = self.touch(address);
        (self.code.get(&address).map(keccak256).unwrap_or_default(), cost)
    }

    fn log(&mut self, topics: &[B256], data: Bytes) {
        self.logs.push((topics.to_vec(), data));
    }

    fn pages(&mut self) -> &mut Pages {
        &mut self.pages
    }

    fn console(&mut self, text: &str) {
        self.printed.push(text.into());
    }

    fn is_traced(&self) -> bool {
        self.traced
    }

    fn capture_hostio(&mut self, call: HostioCall) {
        self.hostios.push(call);
    }

    fn capture_profile(&mut self, profile: Profile) {
        self.profile = Some(profile);
    }
}
