//! `ArbWasm` (0x71): activating programs, keeping them alive, and what is known about them.

use alloy::primitives::{Address, B256, U256};
use stylus_engine::{Params, activate, program};

use super::{
    ARB_WASM, Fault,
    abi::ArbWasm::{
        ArbWasmCalls as Function, ProgramActivated, ProgramExpired, ProgramInsufficientValue,
        ProgramKeepaliveTooSoon, ProgramLifetimeExtended, ProgramNeedsUpgrade, ProgramNotActivated,
        ProgramNotWasm, ProgramUpToDate, activateProgramCall, activateProgramReturn,
        blockCacheSizeCall, codehashAsmSizeCall, codehashKeepaliveCall, codehashKeepaliveReturn,
        codehashVersionCall, expiryDaysCall, freePagesCall, initCostScalarCall, inkPriceCall,
        keepaliveDaysCall, maxStackDepthCall, minInitGasCall, minInitGasReturn, pageGasCall,
        pageLimitCall, pageRampCall, programInitGasCall, programInitGasReturn,
        programMemoryFootprintCall, programTimeLeftCall, programVersionCall, stylusVersionCall,
    },
    call::{Answer, Call, Stop, error},
};
use crate::state::{
    arbos::{Words, to_address},
    programs::{self, Inactive, Record},
    settings::Setting,
};

/// Gas that every activation costs at first.
const ACTIVATION: u64 = 1_659_168;

/// The number behind the exponential price of pages, as the chain tells it.
const PAGE_RAMP: u64 = 620_674_314;

/// Answers a call.
pub(super) fn answer(call: &mut Call<'_>) -> Answer {
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
                    let (record, _) = call.active(args.codehash)?;
                    call.done::<codehashVersionCall>(&record.version)
                }
                Function::codehashAsmSize(args) => {
                    let (record, _) = call.active(args.codehash)?;
                    call.done::<codehashAsmSizeCall>(&asm_bytes(&record))
                }
                Function::programVersion(args) => {
                    let (record, _) = program_at(call, args.program)?;
                    call.done::<programVersionCall>(&record.version)
                }
                Function::programInitGas(args) => {
                    let (record, params) = program_at(call, args.program)?;
                    let Record { init_cost, cached_cost, .. } = record;
                    call.done::<programInitGasCall>(&programInitGasReturn {
                        gas: params.entry_gas(init_cost, cached_cost, false),
                        gasWhenCached: params.entry_gas(init_cost, cached_cost, true),
                    })
                }
                Function::programMemoryFootprint(args) => {
                    let (record, _) = program_at(call, args.program)?;
                    call.done::<programMemoryFootprintCall>(&record.footprint)
                }
                Function::programTimeLeft(args) => {
                    let (record, params) = program_at(call, args.program)?;
                    let age = record.age(call.host.facts().timestamp);
                    let left = programs::days(params.expiry_days).saturating_sub(age);
                    call.done::<programTimeLeftCall>(&left)
                }
                parameter => {
                    let params = call.params();
                    tell(call, &parameter, &params)
                }
            }
        }
    }
}

/// Answers a question about the parameters.
fn tell(call: &mut Call<'_>, function: &Function, params: &Params) -> Answer {
    match function {
        Function::stylusVersion(_) => call.done::<stylusVersionCall>(&params.version),
        Function::inkPrice(_) => call.done::<inkPriceCall>(&params.ink_price),
        Function::maxStackDepth(_) => call.done::<maxStackDepthCall>(&params.max_stack_depth),
        Function::freePages(_) => call.done::<freePagesCall>(&params.free_pages),
        Function::pageGas(_) => call.done::<pageGasCall>(&params.page_gas),
        Function::pageRamp(_) => call.done::<pageRampCall>(&PAGE_RAMP),
        Function::pageLimit(_) => call.done::<pageLimitCall>(&params.page_limit),
        Function::minInitGas(_) => call.done::<minInitGasCall>(&minInitGasReturn {
            gas: params.init_gas(0),
            cached: params.cached_gas(0),
        }),
        Function::initCostScalar(_) => {
            let percent = u64::from(params.init_scalar).saturating_mul(2);
            call.done::<initCostScalarCall>(&percent)
        }
        Function::expiryDays(_) => call.done::<expiryDaysCall>(&params.expiry_days),
        Function::keepaliveDays(_) => call.done::<keepaliveDaysCall>(&params.keepalive_days),
        Function::blockCacheSize(_) => call.done::<blockCacheSizeCall>(&params.block_cache_size),
        _ => Err(Stop::Refused),
    }
}

/// Checks, compiles and records the program at `account`, and takes the fee for it.
fn activate_program(call: &mut Call<'_>, account: Address) -> Answer {
    call.burn(ACTIVATION);
    let params = call.params();
    let code_hash = call.host.code_hash(account);
    let known = Record::load(call, code_hash);
    let now = call.host.facts().timestamp;
    if known.check(&params, now).is_ok() {
        return Err(error(&ProgramUpToDate {}));
    }
    let code = call.host.code(account);
    if code.is_empty() {
        return Err(error(&ProgramNotWasm {}));
    }
    let size = usize::try_from(params.max_wasm_size).unwrap_or(usize::MAX);
    let wasm = program::decode(&code, size).map_err(|_| Stop::Plain)?;
    call.still_paid()?;
    let room = params.page_limit.saturating_sub(call.host.pages().open);
    let made =
        activate(&wasm, room, call.gas(), true).map_err(|e| Stop::Fault(Fault::Activation(e)))?;
    call.burn(made.gas);

    if known.cached {
        call.word(programs::module_slot(code_hash));
    }
    call.set_word(programs::module_slot(code_hash), made.module_hash.into());
    let fee = charge(call, made.asm_estimate);
    let record = Record {
        version: params.version,
        init_cost: made.init_cost,
        cached_cost: made.cached_cost,
        footprint: made.footprint,
        activated_at: programs::hours(now),
        asm_kb: made.asm_estimate.div_ceil(1024),
        cached: known.cached,
    };
    record.save(call, code_hash);
    settle(call, fee)?;
    call.emit(&ProgramActivated {
        codehash: code_hash,
        moduleHash: made.module_hash,
        program: account,
        dataFee: fee,
        version: params.version,
    });
    call.host.modules().insert(code_hash, made.module);
    let version = params.version;
    call.done::<activateProgramCall>(&activateProgramReturn { version, dataFee: fee })
}

/// Begins the life of an active program anew, for the fee of an activation.
fn keep_alive(call: &mut Call<'_>, code_hash: B256) -> Answer {
    let (record, params) = call.active(code_hash)?;
    let now = call.host.facts().timestamp;
    let age = record.age(now);
    if age < programs::days(params.keepalive_days) {
        return Err(error(&ProgramKeepaliveTooSoon { ageInSeconds: age }));
    }
    let fee = charge(call, asm_bytes(&record));
    Record { activated_at: programs::hours(now), ..record }.save(call, code_hash);
    settle(call, fee)?;
    call.emit(&ProgramLifetimeExtended { codehash: code_hash, dataFee: fee });
    call.done::<codehashKeepaliveCall>(&codehashKeepaliveReturn {})
}

/// Books `bytes` of demand; the fee for them in wei.
fn charge(call: &mut Call<'_>, bytes: u32) -> U256 {
    let now = call.host.facts().timestamp;
    let mut pricer = programs::load_pricer(call);
    let fee = pricer.charge(bytes, now);
    programs::save_pricer(call, &pricer);
    fee
}

/// Pays `fee` out of the value that came along, and the rest back.
fn settle(call: &mut Call<'_>, fee: U256) -> Result<(), Stop> {
    let (have, payer) = (call.caller.value, call.caller.address);
    let Some(rest) = have.checked_sub(fee) else {
        return Err(error(&ProgramInsufficientValue { have, want: fee }));
    };
    let network = to_address(Setting::NetworkFeeAccount.get(call));
    let paid = call.host.transfer(ARB_WASM, network, fee);
    let returned = call.host.transfer(ARB_WASM, payer, rest);
    if paid && returned { Ok(()) } else { Err(Stop::Plain) }
}

/// The record of the active program at `account`.
fn program_at(call: &mut Call<'_>, account: Address) -> Result<(Record, Params), Stop> {
    let code_hash = call.code_hash(account);
    call.active(code_hash)
}

/// Size of native code in bytes, as far as the record knows it.
const fn asm_bytes(record: &Record) -> u32 {
    record.asm_kb.saturating_mul(1024)
}

/// Stops because a program may not be called.
pub(super) fn inactive(why: Inactive, params: &Params) -> Stop {
    match why {
        Inactive::Never => error(&ProgramNotActivated {}),
        Inactive::Outdated(version) => {
            error(&ProgramNeedsUpgrade { version, stylusVersion: params.version })
        }
        Inactive::Expired(age) => error(&ProgramExpired { ageInSeconds: age }),
    }
}
