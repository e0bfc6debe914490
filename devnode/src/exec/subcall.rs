//! Calls and creations by programs: their gas, and their execution in the EVM.

use alloy::primitives::{Address, B256, Bytes, U256};
use revm::{
    bytecode::Bytecode,
    context_interface::{ContextTr, CreateScheme, JournalTr},
    handler::{FrameResult, Handler},
    inspector::InspectorHandler,
    interpreter::{
        CallInput, CallInputs, CallScheme, CallValue, CreateInputs, FrameInput, Gas,
        InterpreterResult, interpreter_action::FrameInit,
    },
};
use stylus_engine::{CreateRequest, SubcallKind, SubcallOutcome, SubcallRequest};

use super::{
    evm_api::{COLD_ACCOUNT_GAS, FrameEvmApi, WARM_GAS},
    handler::ArbHandler,
};

/// Gas of a call that creates an account.
const NEW_ACCOUNT_GAS: u64 = 25_000;

/// Gas of a call with value.
const CALL_VALUE_GAS: u64 = 9000;

/// Additional gas that a callee gets with value; charged to the caller here.
const CALL_STIPEND: u64 = 2300;

/// Gas of a creation.
const CREATE_GAS: u64 = 32_000;

/// Gas per word of init code hashed for a CREATE2 address.
const HASH_WORD_GAS: u64 = 6;

/// Runs a program's call to its end.
pub(super) fn call(evm_api: &mut FrameEvmApi<'_, '_>, request: SubcallRequest) -> SubcallOutcome {
    let SubcallRequest { kind, to, value, input, gas_left, gas_requested } = request;
    if evm_api.evm_data.read_only && !value.is_zero() {
        return SubcallOutcome::default();
    }
    let Ok(account) = evm_api.ctx().journal_mut().load_account_with_code(to);
    let (is_cold, is_empty) = (account.is_cold, account.data.is_empty());
    let mut base = if is_cold { COLD_ACCOUNT_GAS } else { WARM_GAS };
    if !value.is_zero() {
        let new = if is_empty { NEW_ACCOUNT_GAS } else { 0 };
        base = base.saturating_add(new).saturating_add(CALL_VALUE_GAS);
    }
    let Some(rest) = gas_left.checked_sub(base) else {
        return SubcallOutcome { cost: gas_left, ..SubcallOutcome::default() };
    };
    let stipend = if value.is_zero() { 0 } else { CALL_STIPEND };
    let gas = all_but_a_64th(rest).min(gas_requested).saturating_add(stipend);

    let evm_data = &evm_api.evm_data;
    let (target, caller, call_value, scheme) = match kind {
        SubcallKind::Call => (to, evm_data.address, CallValue::Transfer(value), CallScheme::Call),
        SubcallKind::Static => {
            (to, evm_data.address, CallValue::Transfer(U256::ZERO), CallScheme::StaticCall)
        }
        SubcallKind::Delegate => (
            evm_data.address,
            evm_data.caller,
            CallValue::Apparent(evm_data.value),
            CallScheme::DelegateCall,
        ),
    };
    let inputs = CallInputs {
        input: CallInput::Bytes(input),
        return_memory_offset: 0..0,
        gas_limit: gas,
        reservoir: 0,
        bytecode_address: to,
        known_bytecode: load_code(evm_api, to),
        target_address: target,
        caller,
        value: call_value,
        scheme,
        is_static: evm_api.evm_data.read_only || kind == SubcallKind::Static,
        charged_new_account_state_gas: false,
    };
    let result = run_frame(evm_api, FrameInput::Call(Box::new(inputs)));
    let Some(InterpreterResult { result, output, gas: left }) =
        result.map(FrameResult::into_interpreter_result)
    else {
        return SubcallOutcome { cost: gas_left, ..SubcallOutcome::default() };
    };
    let returned = if result.is_ok_or_revert() { left.remaining() } else { 0 };
    record_refund(evm_api, result.is_ok(), &left);
    SubcallOutcome {
        success: result.is_ok(),
        cost: base.saturating_add(gas).saturating_sub(returned),
        output,
        created: None,
    }
}

/// Runs a program's creation to its end; `None` if it is rejected before it starts.
pub(super) fn create(
    evm_api: &mut FrameEvmApi<'_, '_>,
    request: CreateRequest,
) -> Option<SubcallOutcome> {
    let CreateRequest { code, value, salt, gas_left } = request;
    if evm_api.evm_data.read_only {
        return None;
    }
    let words = u64::try_from(code.len().div_ceil(32)).unwrap_or(u64::MAX);
    let hashing = if salt.is_some() { words.saturating_mul(HASH_WORD_GAS) } else { 0 };
    let rest = gas_left.checked_sub(CREATE_GAS.saturating_add(hashing))?;
    let gas = rest.saturating_sub(rest.checked_div(64).unwrap_or_default());
    let retained = rest.saturating_sub(gas);

    let scheme = match salt {
        Some(salt) => CreateScheme::Create2 { salt: salt.into() },
        None => CreateScheme::Create,
    };
    let inputs = CreateInputs::new(evm_api.evm_data.address, scheme, value, code, gas, 0);
    let failed = SubcallOutcome { cost: gas_left, ..SubcallOutcome::default() };
    let Some(FrameResult::Create(outcome)) =
        run_frame(evm_api, FrameInput::Create(Box::new(inputs)))
    else {
        return Some(failed);
    };
    let InterpreterResult { result, output, gas: left } = outcome.result;
    let returned = if result.is_ok_or_revert() { left.remaining() } else { 0 };
    let created = outcome.address.filter(|_| result.is_ok());
    record_refund(evm_api, result.is_ok(), &left);
    Some(SubcallOutcome {
        success: created.is_some(),
        cost: gas_left.saturating_sub(returned.saturating_add(retained)),
        output: if result.is_revert() { output } else { Bytes::new() },
        created,
    })
}

/// Runs a frame one level below the program, in a nested loop; `None` if the message is aborted.
fn run_frame(evm_api: &mut FrameEvmApi<'_, '_>, frame_input: FrameInput) -> Option<FrameResult> {
    let memory = evm_api.memory.new_child_context();
    let init = FrameInit { depth: evm_api.depth.saturating_add(1), memory, frame_input };
    let outer = evm_api.evm.suspend_frames();
    let mut handler = ArbHandler::default();
    let result = if evm_api.evm.is_inspected() {
        handler.inspect_run_exec_loop(evm_api.evm, init)
    } else {
        handler.run_exec_loop(evm_api.evm, init)
    };
    evm_api.evm.resume_frames(outer);
    evm_api.memory.free_child_context();
    result.ok()
}

/// Adds the refund of a successful frame.
const fn record_refund(evm_api: &mut FrameEvmApi<'_, '_>, success: bool, gas: &Gas) {
    if success {
        evm_api.refund = evm_api.refund.saturating_add(gas.refunded());
    }
}

/// The code that a call of `address` runs, with its hash. Follows a delegation once.
fn load_code(evm_api: &mut FrameEvmApi<'_, '_>, address: Address) -> (B256, Bytecode) {
    let journal = evm_api.ctx().journal_mut();
    let Ok(account) = journal.load_account_with_code(address);
    let info = &account.data.info;
    let own = (info.code_hash, info.code.clone().unwrap_or_default());
    let Some(delegate) = own.1.eip7702_address() else { return own };
    let Ok(account) = journal.load_account_with_code(delegate);
    let info = &account.data.info;
    (info.code_hash, info.code.clone().unwrap_or_default())
}

/// 63/64 of `gas`, rounded down.
fn all_but_a_64th(gas: u64) -> u64 {
    let share = u128::from(gas).saturating_mul(63).checked_div(64).unwrap_or_default();
    u64::try_from(share).unwrap_or(u64::MAX)
}
