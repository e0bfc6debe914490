//! The chain as one program call sees it: implements the engine's [`EvmApi`] on the EVM.

use alloy::primitives::{Address, B256, Bytes, Log, LogData, U256};
use revm::{
    context_interface::{Cfg, ContextTr, JournalTr},
    handler::EvmTr,
    inspector::{Inspector, InspectorEvmTr},
    interpreter::SharedMemory,
};
use stylus_engine::{
    CreateRequest, EvmApi, EvmData, HostioCall, Pages, Profile, StoreError, SubcallOutcome,
    SubcallRequest,
};

use super::{
    console,
    evm::{ArbEvm, Ctx},
    inspector, subcall,
};

/// Gas of a cold storage word.
const COLD_SLOT_GAS: u64 = 2100;

/// Gas of a cold account.
pub(super) const COLD_ACCOUNT_GAS: u64 = 2600;

/// Gas of a warm storage word or account.
pub(super) const WARM_GAS: u64 = 100;

/// The chain as seen by one program call.
pub(super) struct FrameEvmApi<'w, 'a> {
    /// The EVM that runs the message.
    pub(super) evm: &'w mut ArbEvm<'a>,
    /// Constants of the call.
    pub(super) evm_data: EvmData,
    /// Depth of the frame.
    pub(super) depth: usize,
    /// Memory shared with nested EVM frames.
    pub(super) memory: SharedMemory,
    /// Gas refund collected so far.
    pub(super) refund: i64,
}

impl<'w, 'a> FrameEvmApi<'w, 'a> {
    /// The interface for a program call that starts.
    pub(super) const fn new(
        evm: &'w mut ArbEvm<'a>,
        evm_data: EvmData,
        depth: usize,
        memory: SharedMemory,
    ) -> Self {
        Self { evm, evm_data, depth, memory, refund: 0 }
    }

    /// Gas refund, to be applied if the call succeeds.
    pub(super) const fn refund(&self) -> i64 {
        self.refund
    }

    /// The context of the message.
    pub(super) fn ctx(&mut self) -> &mut Ctx<'a> {
        self.evm.ctx()
    }
}

impl EvmApi for FrameEvmApi<'_, '_> {
    fn evm_data(&self) -> &EvmData {
        &self.evm_data
    }

    fn load(&mut self, key: B256) -> (B256, u64) {
        let address = self.evm_data.address;
        let Ok(word) = self.ctx().journal_mut().sload(address, key.into());
        (word.data.into(), if word.is_cold { COLD_SLOT_GAS } else { WARM_GAS })
    }

    fn store(&mut self, key: B256, value: B256, gas_left: u64) -> Result<u64, StoreError> {
        if self.evm_data.read_only {
            return Err(StoreError::ReadOnly);
        }
        let address = self.evm_data.address;
        let ctx = self.evm.ctx();
        let checkpoint = ctx.journal_mut().checkpoint();
        let Ok(write) = ctx.journal_mut().sstore(address, key.into(), value.into());
        let prices = ctx.cfg.gas_params();
        let cost = prices.sstore_static_gas().saturating_add(prices.sstore_dynamic_gas(
            true,
            &write.data,
            write.is_cold,
        ));
        let refund = prices.sstore_refund(true, &write.data);
        if cost > gas_left {
            ctx.journal_mut().checkpoint_revert(checkpoint);
            return Err(StoreError::OutOfGas);
        }
        ctx.journal_mut().checkpoint_commit();
        self.refund = self.refund.saturating_add(refund);
        Ok(cost)
    }

    fn load_transient(&mut self, key: B256) -> B256 {
        let address = self.evm_data.address;
        self.ctx().journal_mut().tload(address, key.into()).into()
    }

    fn store_transient(&mut self, key: B256, value: B256) {
        let address = self.evm_data.address;
        self.ctx().journal_mut().tstore(address, key.into(), value.into());
    }

    fn call(&mut self, request: SubcallRequest) -> SubcallOutcome {
        subcall::call(self, request)
    }

    fn create(&mut self, request: CreateRequest) -> Option<SubcallOutcome> {
        subcall::create(self, request)
    }

    fn balance(&mut self, address: Address) -> (U256, u64) {
        let Ok(account) = self.ctx().journal_mut().load_account(address);
        (account.data.info.balance, account_access_gas(account.is_cold))
    }

    fn code(&mut self, address: Address) -> (Bytes, u64) {
        let Ok(code) = self.ctx().journal_mut().code(address);
        (code.data, account_access_gas(code.is_cold))
    }

    fn code_hash(&mut self, address: Address) -> (B256, u64) {
        let Ok(hash) = self.ctx().journal_mut().code_hash(address);
        (hash.data, account_access_gas(hash.is_cold))
    }

    fn log(&mut self, topics: &[B256], data: Bytes) {
        let address = self.evm_data.address;
        let log = Log { address, data: LogData::new_unchecked(topics.to_vec(), data) };
        self.ctx().journal_mut().log(log.clone());
        let (ctx, inspector) = self.evm.ctx_inspector();
        inspector.log(ctx, log);
    }

    fn pages(&mut self) -> &mut Pages {
        &mut self.ctx().chain.pages
    }

    fn console(&mut self, text: &str) {
        if self.ctx().chain.output.console {
            console::print_program(self.evm_data.address, text);
        }
    }

    fn is_timed_out(&mut self) -> bool {
        self.ctx().chain.is_aborted()
    }

    fn is_traced(&self) -> bool {
        self.evm.0.inspector.captures_hostios()
    }

    fn capture_hostio(&mut self, call: HostioCall) {
        let chain = &mut self.evm.0.ctx.chain;
        chain.charge_trace(inspector::traced_size(call.args.len().saturating_add(call.outs.len())));
        if !chain.is_aborted() {
            self.evm.0.inspector.capture_hostio(call);
        }
    }

    fn capture_profile_node(&mut self, node: usize) {
        self.evm.0.inspector.capture_profile_node(node);
    }

    fn capture_profile(&mut self, profile: Profile) {
        let chain = &mut self.evm.0.ctx.chain;
        let names = profile.nodes.iter().map(|node| inspector::traced_size(node.name.len()));
        chain.charge_trace(names.fold(0, usize::saturating_add));
        if !chain.is_aborted() {
            self.evm.0.inspector.capture_profile(profile);
        }
    }
}

/// Gas of an account access.
const fn account_access_gas(is_cold: bool) -> u64 {
    if is_cold { COLD_ACCOUNT_GAS } else { WARM_GAS }
}
