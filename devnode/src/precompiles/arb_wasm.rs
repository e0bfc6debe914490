//! `ArbWasm` (0x71): activation and renewal of programs, and their properties.

use alloy::primitives::{Address, B256, U256};
use stylus_engine::{
    Params, activate,
    program::{self, CodeKind, DecodeError, Root},
};

use super::{
    ArbHalt,
    abi::ArbWasm::{
        ArbWasmCalls as Function, ProgramActivated, ProgramInsufficientValue,
        ProgramKeepaliveTooSoon, ProgramLifetimeExtended, ProgramNotWasm, ProgramUpToDate,
        activateProgramCall, activateProgramReturn, activationGasCall, blockCacheSizeCall,
        codehashAsmSizeCall, codehashKeepaliveCall, codehashKeepaliveReturn, codehashVersionCall,
        expiryDaysCall, freePagesCall, initCostScalarCall, inkPriceCall, keepaliveDaysCall,
        maxStackDepthCall, minInitGasCall, minInitGasReturn, pageGasCall, pageLimitCall,
        pageRampCall, programInitGasCall, programInitGasReturn, programMemoryFootprintCall,
        programTimeLeftCall, programVersionCall, stylusVersionCall,
    },
    addresses::ARB_WASM,
    call::{CallError, CallResult, PrecompileCall, solidity_error},
};
use crate::state::{
    arbos::{ArbosStorage, to_address},
    programs::{self, ProgramRecord},
    settings::Setting,
};

/// Base gas of every activation.
const ACTIVATION_GAS: u64 = 1_659_168;

/// The page ramp constant, as Nitro reports it.
const PAGE_RAMP: u64 = 620_674_314;

/// Runs a call.
pub(super) fn dispatch(call: &mut PrecompileCall<'_>) -> CallResult {
    match call.function()? {
        Function::activateProgram(args) => {
            call.payable()?;
            activate_program(call, args.program)
        }
        Function::codehashKeepalive(args) => {
            call.payable()?;
            keep_alive(call, args.codehash)
        }
        getter => {
            call.view()?;
            match getter {
                Function::codehashVersion(args) => {
                    let (record, _) = call.active_program(args.codehash)?;
                    call.encode_return::<codehashVersionCall>(&record.version)
                }
                Function::codehashAsmSize(args) => {
                    let (record, _) = call.active_program(args.codehash)?;
                    call.encode_return::<codehashAsmSizeCall>(&asm_bytes(&record))
                }
                Function::programVersion(args) => {
                    let (record, _) = program_at(call, args.program)?;
                    call.encode_return::<programVersionCall>(&record.version)
                }
                Function::programInitGas(args) => {
                    let (record, params) = program_at(call, args.program)?;
                    let ProgramRecord { init_cost, cached_cost, .. } = record;
                    call.encode_return::<programInitGasCall>(&programInitGasReturn {
                        gas: params.entry_gas(init_cost, cached_cost, false),
                        gasWhenCached: params.entry_gas(init_cost, cached_cost, true),
                    })
                }
                Function::programMemoryFootprint(args) => {
                    let (record, _) = program_at(call, args.program)?;
                    call.encode_return::<programMemoryFootprintCall>(&record.footprint)
                }
                Function::programTimeLeft(args) => {
                    let (record, params) = program_at(call, args.program)?;
                    let age = record.age(call.host.block_context().timestamp);
                    let left = programs::days(params.expiry_days).saturating_sub(age);
                    call.encode_return::<programTimeLeftCall>(&left)
                }
                Function::activationGas(_) => {
                    let gas = Setting::ActivationGas.get(call).saturating_to();
                    call.encode_return::<activationGasCall>(&gas)
                }
                parameter => {
                    let params = call.params();
                    read_param(call, &parameter, &params)
                }
            }
        }
    }
}

/// Reads one of the parameters.
fn read_param(call: &mut PrecompileCall<'_>, function: &Function, params: &Params) -> CallResult {
    match function {
        Function::stylusVersion(_) => {
            call.encode_return::<stylusVersionCall>(&params.version.number())
        }
        Function::inkPrice(_) => call.encode_return::<inkPriceCall>(&params.ink_price),
        Function::maxStackDepth(_) => {
            call.encode_return::<maxStackDepthCall>(&params.max_stack_depth)
        }
        Function::freePages(_) => call.encode_return::<freePagesCall>(&params.free_pages),
        Function::pageGas(_) => call.encode_return::<pageGasCall>(&params.page_gas),
        Function::pageRamp(_) => call.encode_return::<pageRampCall>(&PAGE_RAMP),
        Function::pageLimit(_) => call.encode_return::<pageLimitCall>(&params.page_limit),
        Function::minInitGas(_) => call.encode_return::<minInitGasCall>(&minInitGasReturn {
            gas: params.init_gas(0),
            cached: params.cached_gas(0),
        }),
        Function::initCostScalar(_) => {
            let percent = u64::from(params.init_scalar).saturating_mul(2);
            call.encode_return::<initCostScalarCall>(&percent)
        }
        Function::expiryDays(_) => call.encode_return::<expiryDaysCall>(&params.expiry_days),
        Function::keepaliveDays(_) => {
            call.encode_return::<keepaliveDaysCall>(&params.keepalive_days)
        }
        Function::blockCacheSize(_) => {
            call.encode_return::<blockCacheSizeCall>(&params.block_cache_size)
        }
        _ => Err(CallError::RevertAllGas),
    }
}

/// Checks, compiles and records the program at `account`, and charges the data fee.
fn activate_program(call: &mut PrecompileCall<'_>, account: Address) -> CallResult {
    call.burn(ACTIVATION_GAS);
    if call.arbos().has_activation_gas() {
        let extra = Setting::ActivationGas.get(call).saturating_to();
        call.burn(extra);
    }
    let params = call.params();
    let code_hash = call.host.code_hash(account);
    let known = ProgramRecord::load(call, code_hash);
    let now = call.host.block_context().timestamp;
    if known.check(&params, now).is_ok() {
        return Err(solidity_error(&ProgramUpToDate {}));
    }
    let wasm = read_wasm(call, account, &params)?;
    call.check_gas()?;
    let page_limit = params.page_limit.saturating_sub(call.host.pages().open);
    let activation = activate(&wasm, params.version, page_limit, call.gas(), true)
        .map_err(|e| CallError::Halt(ArbHalt::Activation(e)))?;
    call.burn(activation.gas);

    if known.cached {
        call.word(programs::module_slot(code_hash));
    }
    call.set_word(programs::module_slot(code_hash), activation.module_hash.into());
    let fee = charge_data_fee(call, activation.asm_estimate);
    let record = ProgramRecord {
        version: params.version.number(),
        init_cost: activation.init_cost,
        cached_cost: activation.cached_cost,
        footprint: activation.footprint,
        activated_at: programs::hours(now),
        asm_kb: activation.asm_estimate.div_ceil(1024),
        cached: known.cached,
    };
    record.save(call, code_hash);
    pay_fee(call, fee)?;
    call.emit(&ProgramActivated {
        codehash: code_hash,
        moduleHash: activation.module_hash,
        program: account,
        dataFee: fee,
        version: params.version.number(),
    });
    call.host.cache_module(code_hash, activation.module);
    let version = params.version.number();
    call.encode_return::<activateProgramCall>(&activateProgramReturn { version, dataFee: fee })
}

/// Reads the wasm of the program at `account`.
fn read_wasm(
    call: &mut PrecompileCall<'_>,
    account: Address,
    params: &Params,
) -> Result<Vec<u8>, CallError> {
    let code = call.host.code(account);
    let wasm = match CodeKind::of(&code, params.version) {
        Some(CodeKind::Root) => read_fragments(call, &code, params)?,
        None if code.is_empty() || call.arbos().names_code_without_program() => {
            return Err(solidity_error(&ProgramNotWasm {}));
        }
        _ => {
            let size = usize::try_from(params.max_wasm_size).unwrap_or(usize::MAX);
            program::decode(&code, size)
        }
    };
    wasm.map_err(|_| CallError::EmptyRevert)
}

/// Reads the wasm of a program in fragments. Each read is charged, and makes the account warm.
fn read_fragments(
    call: &mut PrecompileCall<'_>,
    code: &[u8],
    params: &Params,
) -> Result<Result<Vec<u8>, DecodeError>, CallError> {
    let root = match Root::decode(code).and_then(|root| root.check(params).map(|()| root)) {
        Ok(root) => root,
        Err(why) => return Ok(Err(why)),
    };
    let mut codes = Vec::new();
    for &fragment in root.fragments() {
        let (code, cold) = call.host.access_code(fragment);
        if call.gas() < program::max_read_gas(cold) {
            return Err(CallError::RevertAllGas);
        }
        call.burn(program::read_gas(code.len(), cold));
        if let Err(why) = program::fragment_body(&code) {
            return Ok(Err(why));
        }
        codes.push(code);
    }
    Ok(root.decompress(codes.iter().map(AsRef::as_ref)))
}

/// Renews the activation of a program for its data fee.
fn keep_alive(call: &mut PrecompileCall<'_>, code_hash: B256) -> CallResult {
    let (record, params) = call.active_program(code_hash)?;
    let now = call.host.block_context().timestamp;
    let age = record.age(now);
    if age < programs::days(params.keepalive_days) {
        return Err(solidity_error(&ProgramKeepaliveTooSoon { ageInSeconds: age }));
    }
    let fee = charge_data_fee(call, asm_bytes(&record));
    ProgramRecord { activated_at: programs::hours(now), ..record }.save(call, code_hash);
    pay_fee(call, fee)?;
    call.emit(&ProgramLifetimeExtended { codehash: code_hash, dataFee: fee });
    call.encode_return::<codehashKeepaliveCall>(&codehashKeepaliveReturn {})
}

/// Adds `bytes` of demand and returns the data fee for them in wei.
fn charge_data_fee(call: &mut PrecompileCall<'_>, bytes: u32) -> U256 {
    let now = call.host.block_context().timestamp;
    let mut pricer = programs::load_pricer(call);
    let fee = pricer.charge(bytes, now);
    programs::save_pricer(call, &pricer);
    fee
}

/// Pays `fee` out of the call's value and returns the rest.
fn pay_fee(call: &mut PrecompileCall<'_>, fee: U256) -> Result<(), CallError> {
    let (have, payer) = (call.caller.value, call.caller.address);
    let Some(rest) = have.checked_sub(fee) else {
        return Err(solidity_error(&ProgramInsufficientValue { have, want: fee }));
    };
    let network = to_address(Setting::NetworkFeeAccount.get(call));
    let paid = call.host.transfer(ARB_WASM, network, fee);
    let returned = call.host.transfer(ARB_WASM, payer, rest);
    if paid && returned { Ok(()) } else { Err(CallError::EmptyRevert) }
}

/// Reads the record of the active program at `account`.
fn program_at(
    call: &mut PrecompileCall<'_>,
    account: Address,
) -> Result<(ProgramRecord, Params), CallError> {
    let code_hash = call.code_hash(account);
    call.active_program(code_hash)
}

/// Size of the native code in bytes, rounded up to whole KiB.
const fn asm_bytes(record: &ProgramRecord) -> u32 {
    record.asm_kb.saturating_mul(1024)
}
