//! The import table: name, type and implementation of every host function.

use wasmi::{Caller, Func, Store};
use wasmparser::{FuncType, ValType};

use super::{
    account, block, call, console, crypto, env::WasmEnv, hostio::Hostio, log, math, memory,
    message, storage,
};
use crate::profile::{REPORT, REPORT_MODULE};

/// The module that hostios are imported from.
pub(crate) const HOSTIO_MODULE: &str = "vm_hooks";

/// The module of imports that only debug chains allow.
const CONSOLE_MODULE: &str = "console";

/// A Rust type that represents a wasm type.
trait WasmType {
    /// The wasm type.
    const TYPE: ValType;
}

impl WasmType for u32 {
    const TYPE: ValType = ValType::I32;
}

impl WasmType for u64 {
    const TYPE: ValType = ValType::I64;
}

impl WasmType for f32 {
    const TYPE: ValType = ValType::F32;
}

impl WasmType for f64 {
    const TYPE: ValType = ValType::F64;
}

/// Defines `lookup` and `bind` from rows of module, trace name, function and type.
macro_rules! hostios {
    ($($module:ident {$(
        $name:ident = $family:ident::$function:ident($($arg:ident: $ty:ty),*) $(-> $result:ty)?;
    )*})*) => {
        /// The type of an import; `None` if it does not exist.
        fn lookup(module: &str, name: &str) -> Option<FuncType> {
            match (module, name) {
                $($(($module, stringify!($name)) => Some(FuncType::new(
                    [$(<$ty as WasmType>::TYPE),*],
                    [$(<$result as WasmType>::TYPE)?],
                )),)*)*
                _ => None,
            }
        }

        /// Wraps the implementation of an import for the interpreter; `None` if it does not exist.
        pub(crate) fn bind<'w>(
            store: &mut Store<WasmEnv<'w>>,
            module: &str,
            name: &str,
        ) -> Option<Func> {
            match (module, name) {
                (REPORT_MODULE, REPORT) => Some(Func::wrap(
                    store,
                    |caller: Caller<'_, WasmEnv<'w>>, function: i32| Hostio::step(caller, function),
                )),
                $($(($module, stringify!($name)) => Some(Func::wrap(
                    store,
                    |caller: Caller<'_, WasmEnv<'w>>, $($arg: $ty),*| {
                        Hostio::run(stringify!($function), caller, |hostio| {
                            $family::$function(hostio, $($arg),*)
                        })
                    },
                )),)*)*
                _ => None,
            }
        }
    };
}

hostios! {
    HOSTIO_MODULE {
        read_args = memory::read_args(to: u32);
        write_result = memory::write_result(at: u32, len: u32);
        exit_early = memory::exit_early(status: u32);
        pay_for_memory_grow = memory::pay_for_memory_grow(pages: u32);

        storage_load_bytes32 = storage::storage_load_bytes32(key: u32, to: u32);
        storage_cache_bytes32 = storage::storage_cache_bytes32(key: u32, value: u32);
        storage_flush_cache = storage::storage_flush_cache(clear: u32);
        transient_load_bytes32 = storage::transient_load_bytes32(key: u32, to: u32);
        transient_store_bytes32 = storage::transient_store_bytes32(key: u32, value: u32);

        call_contract = call::call_contract(
            address: u32, data: u32, len: u32, value: u32, gas: u64, returned: u32) -> u32;
        delegate_call_contract = call::delegate_call_contract(
            address: u32, data: u32, len: u32, gas: u64, returned: u32) -> u32;
        static_call_contract = call::static_call_contract(
            address: u32, data: u32, len: u32, gas: u64, returned: u32) -> u32;
        create1 = call::create1(
            code: u32, len: u32, value: u32, contract: u32, reverted: u32);
        create2 = call::create2(
            code: u32, len: u32, value: u32, salt: u32, contract: u32, reverted: u32);
        read_return_data = call::read_return_data(to: u32, offset: u32, size: u32) -> u32;
        return_data_size = call::return_data_size() -> u32;

        emit_log = log::emit_log(data: u32, len: u32, topics: u32);

        account_balance = account::account_balance(address: u32, to: u32);
        account_code = account::account_code(
            address: u32, offset: u32, size: u32, to: u32) -> u32;
        account_code_size = account::account_code_size(address: u32) -> u32;
        account_codehash = account::account_codehash(address: u32, to: u32);

        block_basefee = block::block_basefee(to: u32);
        block_coinbase = block::block_coinbase(to: u32);
        block_gas_limit = block::block_gas_limit() -> u64;
        block_number = block::block_number() -> u64;
        block_timestamp = block::block_timestamp() -> u64;
        chainid = block::chainid() -> u64;

        contract_address = message::contract_address(to: u32);
        evm_gas_left = message::evm_gas_left() -> u64;
        evm_ink_left = message::evm_ink_left() -> u64;
        msg_reentrant = message::msg_reentrant() -> u32;
        msg_sender = message::msg_sender(to: u32);
        msg_value = message::msg_value(to: u32);
        tx_gas_price = message::tx_gas_price(to: u32);
        tx_ink_price = message::tx_ink_price() -> u32;
        tx_origin = message::tx_origin(to: u32);

        math_div = math::math_div(value: u32, divisor: u32);
        math_mod = math::math_mod(value: u32, modulus: u32);
        math_pow = math::math_pow(value: u32, exponent: u32);
        math_add_mod = math::math_add_mod(value: u32, addend: u32, modulus: u32);
        math_mul_mod = math::math_mul_mod(value: u32, factor: u32, modulus: u32);

        native_keccak256 = crypto::native_keccak256(data: u32, len: u32, to: u32);
    }
    CONSOLE_MODULE {
        log_txt = console::console_log_text(text: u32, len: u32);
        log_i32 = console::log_i32(value: u32);
        log_i64 = console::log_i64(value: u64);
        log_f32 = console::log_f32(value: f32);
        log_f64 = console::log_f64(value: f64);
        tee_i32 = console::tee_i32(value: u32) -> u32;
        tee_i64 = console::tee_i64(value: u64) -> u64;
        tee_f32 = console::tee_f32(value: f32) -> f32;
        tee_f64 = console::tee_f64(value: f64) -> f64;
    }
}

/// The type of an import; `None` if it does not exist, or exists on debug chains only and `debug` is
/// false.
pub(crate) fn import_type(module: &str, name: &str, debug: bool) -> Option<FuncType> {
    lookup(module, name).filter(|_| debug || module != CONSOLE_MODULE)
}
