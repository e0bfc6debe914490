//! One call of a precompile: its caller, its permissions and its gas.
//!
//! Every word of ArbOS that is accessed through a [`PrecompileCall`] is charged. Running out of gas
//! is recorded and checked at the end of the call, because the call is reverted then anyway.

use std::ops::Range;

use alloy::{
    primitives::{Address, B256, Bytes, LogData, U256},
    sol_types::{SolCall, SolError, SolEvent, SolInterface},
};
use stylus_engine::Params;

use super::{
    ArbHalt, PrecompileHost, Unimplemented,
    abi::ArbWasm::{ProgramExpired, ProgramNeedsUpgrade, ProgramNotActivated},
    gas::{
        CODE_HASH_GAS, COPY_WORD_GAS, LOG_BYTE_GAS, LOG_GAS, OPEN_ARBOS_GAS, PARAMS_GAS,
        STORAGE_CLEAR_GAS, STORAGE_READ_GAS, STORAGE_WRITE_GAS, copy_gas,
    },
    newer::is_newer,
    unimplemented,
};
use crate::state::{
    arbos::ArbosStorage,
    arbos_version::ArbosVersion,
    programs::{self, InactiveProgram, ProgramRecord},
};

/// Bytes of a selector.
const SELECTOR_LEN: usize = 4;

/// Padding of an address that is the first argument, as a range of the calldata.
const ADDRESS_PADDING: Range<usize> = 4..16;

/// Who calls, and with which permissions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallerInfo {
    /// Caller.
    pub(crate) address: Address,
    /// Value in wei, already transferred.
    pub(crate) value: U256,
    /// Whether state changes are forbidden.
    pub(crate) read_only: bool,
    /// Whether this is a delegate call.
    pub(crate) is_delegated: bool,
    /// Frames above this one: 0 if a transaction calls the precompile directly.
    pub(crate) depth: usize,
    /// Caller of the caller; zero if there is none.
    pub(crate) outer_caller: Address,
}

/// Why a call fails.
#[derive(Debug)]
pub(crate) enum CallError {
    /// Reverts with an error's data and keeps the remaining gas.
    Revert(Bytes),
    /// Reverts without data and keeps the remaining gas.
    EmptyRevert,
    /// Reverts without data and consumes all gas.
    RevertAllGas,
    /// Fails with a text and consumes all gas.
    Halt(ArbHalt),
    /// Aborts the message: this chain does not implement the function.
    Unimplemented(Unimplemented),
}

/// The encoded result of a function, or why it failed.
pub(crate) type CallResult = Result<Bytes, CallError>;

/// A running call.
pub(crate) struct PrecompileCall<'h> {
    /// The chain.
    pub(super) host: &'h mut dyn PrecompileHost,
    /// Caller and permissions.
    pub(super) caller: CallerInfo,
    /// The precompile.
    address: Address,
    /// Selector and arguments.
    pub(super) input: &'h [u8],
    /// Gas left.
    gas: u64,
    /// Whether the gas ran out.
    exhausted: bool,
    /// Gas limit of the call.
    limit: u64,
    /// Whether gas is not counted, as for an owner of the chain.
    unmetered: bool,
}

impl<'h> PrecompileCall<'h> {
    /// A call of the precompile at `address` with `gas`.
    pub(super) fn new(
        host: &'h mut dyn PrecompileHost,
        caller: CallerInfo,
        address: Address,
        input: &'h [u8],
        gas: u64,
    ) -> Self {
        Self { host, caller, address, input, gas, limit: gas, exhausted: false, unmetered: false }
    }

    /// Gas left.
    pub(super) const fn gas(&self) -> u64 {
        self.gas
    }

    /// Whether the gas ran out.
    pub(super) const fn exhausted(&self) -> bool {
        self.exhausted
    }

    /// The version of ArbOS.
    pub(super) fn arbos(&self) -> ArbosVersion {
        self.host.block_context().arbos
    }

    /// Decodes the called function with its arguments. Numbers must fit their types; the padding of
    /// an address, always the first argument, is ignored as in Nitro.
    pub(super) fn function<I: SolInterface>(&self) -> Result<I, CallError> {
        if is_newer(self.address, self.input, self.arbos()) {
            return Err(CallError::RevertAllGas);
        }
        I::abi_decode_validate(self.input).or_else(|_| {
            let mut clean = self.input.to_vec();
            clean.get_mut(ADDRESS_PADDING).ok_or_else(|| self.unknown_selector())?.fill(0);
            I::abi_decode_validate(&clean).map_err(|_| self.unknown_selector())
        })
    }

    /// The error for a function that is not implemented here.
    pub(super) fn unknown_selector(&self) -> CallError {
        unimplemented::find_unimplemented(self.address, self.input)
            .map_or(CallError::RevertAllGas, CallError::Unimplemented)
    }

    /// Enters a pure function.
    pub(super) fn pure(&mut self) -> Result<(), CallError> {
        if !self.caller.value.is_zero() {
            return Err(CallError::RevertAllGas);
        }
        self.charge_arguments();
        Ok(())
    }

    /// Enters a view function.
    pub(super) fn view(&mut self) -> Result<(), CallError> {
        if self.caller.is_delegated {
            return Err(CallError::RevertAllGas);
        }
        self.burn(OPEN_ARBOS_GAS);
        self.pure()
    }

    /// Enters a function that changes state.
    pub(super) fn write(&mut self) -> Result<(), CallError> {
        if self.caller.read_only { Err(CallError::RevertAllGas) } else { self.view() }
    }

    /// Enters a function that changes state and accepts value.
    pub(super) fn payable(&mut self) -> Result<(), CallError> {
        if self.caller.read_only || self.caller.is_delegated {
            return Err(CallError::RevertAllGas);
        }
        self.burn(OPEN_ARBOS_GAS);
        self.charge_arguments();
        Ok(())
    }

    /// Restores the gas limit and stops counting gas.
    pub(super) const fn disable_metering(&mut self) {
        self.gas = self.limit;
        self.unmetered = true;
    }

    /// Charges gas.
    pub(super) const fn burn(&mut self, gas: u64) {
        if self.unmetered {
            return;
        }
        self.exhausted = self.exhausted || gas > self.gas;
        self.gas = self.gas.saturating_sub(gas);
    }

    /// Stops the call if the gas has run out.
    pub(super) const fn check_gas(&self) -> Result<(), CallError> {
        if self.exhausted { Err(CallError::RevertAllGas) } else { Ok(()) }
    }

    /// Reads the parameters of programs.
    pub(super) fn params(&mut self) -> Params {
        self.burn(PARAMS_GAS);
        programs::load_params(self.host)
    }

    /// Reads the code hash of an account.
    pub(super) fn code_hash(&mut self, account: Address) -> B256 {
        self.burn(CODE_HASH_GAS);
        self.host.code_hash(account)
    }

    /// Reads the record of an active program, and the parameters.
    pub(super) fn active_program(
        &mut self,
        code_hash: B256,
    ) -> Result<(ProgramRecord, Params), CallError> {
        let params = self.params();
        let record = ProgramRecord::load(self, code_hash);
        let now = self.host.block_context().timestamp;
        record.check(&params, now).map_err(inactive_error)?;
        Ok((record, params))
    }

    /// Emits a log.
    pub(super) fn emit<E: SolEvent>(&mut self, event: &E) {
        let data: LogData = event.encode_log_data();
        let topics = u64::try_from(data.topics().len()).unwrap_or(u64::MAX);
        let bytes = u64::try_from(data.data.len()).unwrap_or(u64::MAX);
        let gas = LOG_GAS.saturating_mul(topics.saturating_add(1));
        self.burn(gas.saturating_add(LOG_BYTE_GAS.saturating_mul(bytes)));
        self.host.log(self.address, data);
    }

    /// Encodes the result of a function.
    #[expect(clippy::unnecessary_wraps, reason = "ends every function")]
    pub(super) fn encode_return<C: SolCall>(&mut self, result: &C::Return) -> CallResult {
        let output = C::abi_encode_returns(result);
        self.burn(copy_gas(output.len()));
        Ok(output.into())
    }

    /// Encodes a result of one word.
    #[expect(clippy::unnecessary_wraps, reason = "ends every function")]
    pub(super) fn encode_word(&mut self, word: U256) -> CallResult {
        self.burn(COPY_WORD_GAS);
        Ok(B256::from(word).into())
    }

    /// Restores the gas limit, less `gas`, and charges nothing from here on.
    pub(super) fn charge_once(&mut self, gas: u64) -> Result<(), CallError> {
        self.disable_metering();
        self.gas = self.gas.checked_sub(gas).ok_or(CallError::RevertAllGas)?;
        Ok(())
    }

    /// Charges at most the gas that is left.
    pub(super) const fn burn_up_to(&mut self, gas: u64) {
        self.gas = self.gas.saturating_sub(gas);
    }

    /// Charges for the arguments.
    fn charge_arguments(&mut self) {
        self.burn(copy_gas(self.input.len().saturating_sub(SELECTOR_LEN)));
    }
}

impl ArbosStorage for PrecompileCall<'_> {
    fn word(&mut self, slot: U256) -> U256 {
        self.burn(STORAGE_READ_GAS);
        self.host.word(slot)
    }

    fn set_word(&mut self, slot: U256, value: U256) {
        self.burn(if value.is_zero() { STORAGE_CLEAR_GAS } else { STORAGE_WRITE_GAS });
        self.host.set_word(slot, value);
    }
}

/// A revert with a Solidity error.
pub(super) fn solidity_error<E: SolError>(error: &E) -> CallError {
    CallError::Revert(error.abi_encode().into())
}

/// The revert for an inactive program.
pub(super) fn inactive_error(why: InactiveProgram) -> CallError {
    match why {
        InactiveProgram::NotActivated => solidity_error(&ProgramNotActivated {}),
        InactiveProgram::NeedsUpgrade { activated, current } => {
            solidity_error(&ProgramNeedsUpgrade { version: activated, stylusVersion: current })
        }
        InactiveProgram::Expired(age) => solidity_error(&ProgramExpired { ageInSeconds: age }),
    }
}
