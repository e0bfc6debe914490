//! The host functions of Stylus ("hostios"): what each does and what it costs.
//!
//! - [`table`]: every import by name and type, and its binding to the interpreter.
//! - [`mod@env`]: the state of one program call that its hostios share.
//! - [`hostio`]: access to ink and memory of the program during one host call.
//! - [`price`]: prices that several hostios share.
//! - one module for each family of hostios.
//!
//! Pointers and lengths are unsigned, words are big-endian, counts written to memory are
//! little-endian. Everything beyond the program is behind [`crate::EvmApi`].

mod account;
mod block;
mod call;
mod console;
mod crypto;
mod env;
mod hostio;
mod log;
mod math;
mod memory;
mod message;
mod price;
mod storage;
mod storage_cache;
mod table;

pub(crate) use self::{
    env::{InstanceExports, WasmEnv},
    hostio::Escape,
    table::{HOSTIO_MODULE, bind, import_type},
};
