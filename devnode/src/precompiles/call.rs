//! One call of a precompile: who calls, what it may do, and the gas it takes.
//!
//! Every word of ArbOS that is read or written through a [`Call`] is paid for on the way. Running out
//! of gas is noted and looked at when the call ends, because what was done then is undone anyway.

use std::ops::Range;

use alloy::{
    primitives::{Address, B256, Bytes, LogData, U256},
    sol_types::{SolCall, SolError, SolEvent, SolInterface},
};
use stylus_engine::Params;

use super::{ArbHalt, PrecompileHost, Unimplemented, unimplemented};
use crate::state::{
    arbos::ArbosStorage,
    programs::{self, ProgramRecord},
};

/// Gas to open the state of ArbOS, which every function does that is not pure.
const OPEN_ARBOS_GAS: u64 = 800;

/// Gas to read a word of ArbOS.
pub(super) const STORAGE_READ_GAS: u64 = 800;

/// Gas to write a word of ArbOS that is not zero.
const STORAGE_WRITE_GAS: u64 = 20_000;

/// Gas to write a zero.
const STORAGE_CLEAR_GAS: u64 = 5000;

/// Gas to look at the code hash of an account.
const CODE_HASH_GAS: u64 = 2600;

/// Gas to read the parameters of programs.
const PARAMS_GAS: u64 = 100;

/// Gas for each word of arguments or results.
const COPY_WORD_GAS: u64 = 3;

/// Gas of an event, and again for each of its topics.
const LOG_GAS: u64 = 375;

/// Gas for each byte of an event's data.
const LOG_BYTE_GAS: u64 = 8;

/// Gas of a hash.
const HASH_GAS: u64 = 30;

/// Gas for each word that is hashed.
const HASH_WORD_GAS: u64 = 6;

/// Bytes of a selector.
const SELECTOR_LEN: usize = 4;

/// Where in the calldata the unused bytes of a first argument are that is an address.
const ADDRESS_PADDING: Range<usize> = 4..16;

/// What a call may not be, so that its function can say what it needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallerInfo {
    /// Who calls.
    pub(crate) address: Address,
    /// Wei sent along, which have arrived already.
    pub(crate) value: U256,
    /// Whether state may not be changed.
    pub(crate) read_only: bool,
    /// Whether the caller borrows the precompile's code to act as itself.
    pub(crate) is_delegated: bool,
    /// Frames above this one: 0 if a transaction calls the precompile itself.
    pub(crate) depth: usize,
    /// Who called the caller; zero if nobody did.
    pub(crate) outer_caller: Address,
}

/// Why a call of a precompile does not succeed.
#[derive(Debug)]
pub(crate) enum CallError {
    /// Reverts with an error's data and keeps the gas that is left.
    Revert(Bytes),
    /// Reverts without data and keeps the gas that is left.
    EmptyRevert,
    /// Reverts without data and takes all gas.
    RevertAllGas,
    /// Fails with a text and takes all gas.
    Halt(ArbHalt),
    /// Ends the whole message: Nitro would do something that this chain cannot.
    Unimplemented(Unimplemented),
}

/// The encoded result of a function, or why there is none.
pub(crate) type CallResult = Result<Bytes, CallError>;

/// A call while it is answered.
pub(crate) struct PrecompileCall<'h> {
    /// The chain around it.
    pub(super) host: &'h mut dyn PrecompileHost,
    /// Who calls, and how.
    pub(super) caller: CallerInfo,
    /// The precompile.
    address: Address,
    /// Selector and arguments.
    pub(super) input: &'h [u8],
    /// Gas that is left.
    gas: u64,
    /// Whether there was too little.
    exhausted: bool,
    /// Gas that it was given.
    limit: u64,
    /// Whether gas is not counted, as for the chain's owner.
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

    /// Gas that is left.
    pub(super) const fn gas(&self) -> u64 {
        self.gas
    }

    /// Whether it needed more gas than it had.
    pub(super) const fn exhausted(&self) -> bool {
        self.exhausted
    }

    /// The function that is called, with its arguments. Numbers have to fit their types; an address,
    /// which always comes first, may have anything in its unused bytes.
    pub(super) fn function<I: SolInterface>(&self) -> Result<I, CallError> {
        I::abi_decode_validate(self.input).or_else(|_| {
            let mut clean = self.input.to_vec();
            clean.get_mut(ADDRESS_PADDING).ok_or_else(|| self.unknown_selector())?.fill(0);
            I::abi_decode_validate(&clean).map_err(|_| self.unknown_selector())
        })
    }

    /// How a call ends that no function here can answer.
    pub(super) fn unknown_selector(&self) -> CallError {
        unimplemented::find_unimplemented(self.address, self.input)
            .map_or(CallError::RevertAllGas, CallError::Unimplemented)
    }

    /// Enters a function that needs nothing of the chain.
    pub(super) fn pure(&mut self) -> Result<(), CallError> {
        if !self.caller.value.is_zero() {
            return Err(CallError::RevertAllGas);
        }
        self.charge_arguments();
        Ok(())
    }

    /// Enters a function that only reads.
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

    /// Enters a function that changes state and takes money.
    pub(super) fn payable(&mut self) -> Result<(), CallError> {
        if self.caller.read_only || self.caller.is_delegated {
            return Err(CallError::RevertAllGas);
        }
        self.burn(OPEN_ARBOS_GAS);
        self.charge_arguments();
        Ok(())
    }

    /// Gives all gas back and stops counting it.
    pub(super) const fn disable_metering(&mut self) {
        self.gas = self.limit;
        self.unmetered = true;
    }

    /// Takes gas.
    pub(super) const fn burn(&mut self, gas: u64) {
        if self.unmetered {
            return;
        }
        self.exhausted = self.exhausted || gas > self.gas;
        self.gas = self.gas.saturating_sub(gas);
    }

    /// Stops here if the gas has run out.
    pub(super) const fn check_gas(&self) -> Result<(), CallError> {
        if self.exhausted { Err(CallError::RevertAllGas) } else { Ok(()) }
    }

    /// The parameters of programs.
    pub(super) fn params(&mut self) -> Params {
        self.burn(PARAMS_GAS);
        programs::load_params(self.host)
    }

    /// The code hash of an account.
    pub(super) fn code_hash(&mut self, account: Address) -> B256 {
        self.burn(CODE_HASH_GAS);
        self.host.code_hash(account)
    }

    /// The record of a program that may be called now, and the parameters it was judged by.
    pub(super) fn active_program(
        &mut self,
        code_hash: B256,
    ) -> Result<(ProgramRecord, Params), CallError> {
        let params = self.params();
        let record = ProgramRecord::load(self, code_hash);
        let now = self.host.block_context().timestamp;
        record.check(&params, now).map_err(|why| super::arb_wasm::inactive_error(why, &params))?;
        Ok((record, params))
    }

    /// Emits an event.
    pub(super) fn emit<E: SolEvent>(&mut self, event: &E) {
        let data: LogData = event.encode_log_data();
        let topics = u64::try_from(data.topics().len()).unwrap_or(u64::MAX);
        let bytes = u64::try_from(data.data.len()).unwrap_or(u64::MAX);
        let gas = LOG_GAS.saturating_mul(topics.saturating_add(1));
        self.burn(gas.saturating_add(LOG_BYTE_GAS.saturating_mul(bytes)));
        self.host.log(self.address, data);
    }

    /// Ends a function with its result.
    #[expect(clippy::unnecessary_wraps, reason = "it is the last expression of every function")]
    pub(super) fn encode_return<C: SolCall>(&mut self, result: &C::Return) -> CallResult {
        let output = C::abi_encode_returns(result);
        self.burn(copy_gas(output.len()));
        Ok(output.into())
    }

    /// Ends a function whose result is one word.
    #[expect(clippy::unnecessary_wraps, reason = "it is the last expression of every function")]
    pub(super) fn encode_word(&mut self, word: U256) -> CallResult {
        self.burn(COPY_WORD_GAS);
        Ok(B256::from(word).into())
    }

    /// Takes gas, or what is left if that is less, without failing.
    pub(super) const fn burn_up_to(&mut self, gas: u64) {
        self.gas = self.gas.saturating_sub(gas);
    }

    /// Takes the gas of the arguments.
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

/// Stops with an error of Solidity.
pub(super) fn solidity_error<E: SolError>(error: &E) -> CallError {
    CallError::Revert(error.abi_encode().into())
}

/// Gas to copy that many bytes.
pub(super) fn copy_gas(bytes: usize) -> u64 {
    u64::try_from(bytes.div_ceil(32)).unwrap_or(u64::MAX).saturating_mul(COPY_WORD_GAS)
}

/// Gas to hash that many bytes.
pub(super) fn hash_gas(bytes: usize) -> u64 {
    let words = u64::try_from(bytes.div_ceil(32)).unwrap_or(u64::MAX);
    HASH_GAS.saturating_add(HASH_WORD_GAS.saturating_mul(words))
}
