//! The numbers of the profile `wasm1`. Each changes results, so none may change without a new profile.

use wasmtime::wasmparser::WasmFeatures;

/// The module of which functions are imported.
pub(crate) const IMPORTS_FROM: &str = "wasi_snapshot_preview1";
/// What the clock says at the start, in nanoseconds since 1970; also the time of every file: 2000-01-01T00:00:00Z.
pub(crate) const EPOCH: u64 = 946_684_800_000_000_000;
/// How far the clock goes on at each question, in nanoseconds; also its resolution.
pub(crate) const CLOCK_STEP: u64 = 1_000;
/// What a file, folder or link costs beside its content, in bytes of storage.
pub(crate) const NODE_COST: u64 = 1_024;
/// What an element of a table costs, in bytes of memory.
pub(crate) const TABLE_ELEMENT_COST: u64 = 16;
/// How many descriptors are open at once.
pub(crate) const MAX_DESCRIPTORS: usize = 1_024;
/// How many symbolic links a path may lead through.
pub(crate) const MAX_LINKS: usize = 40;
/// The largest module, in bytes.
pub(crate) const MAX_MODULE: usize = 256 << 20;
/// Begins what is hashed for random numbers.
pub(crate) const RANDOM_DOMAIN: &[u8] = b"wasm1 random";

/// What a module may be made of: WebAssembly 2.0 with tail calls, exceptions, relaxed SIMD, extended constant
/// expressions, and atomics on memory that is not shared.
pub(crate) const FEATURES: WasmFeatures = WasmFeatures::WASM2
    .union(WasmFeatures::TAIL_CALL)
    .union(WasmFeatures::EXCEPTIONS)
    .union(WasmFeatures::RELAXED_SIMD)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::THREADS);

/// The functions of WASI preview 1 by name, with their parameters and results: `i` is an i32, `I` an i64.
pub(crate) const FUNCTIONS: [(&str, &str, &str); 46] = [
    ("args_get", "ii", "i"),
    ("args_sizes_get", "ii", "i"),
    ("clock_res_get", "ii", "i"),
    ("clock_time_get", "iIi", "i"),
    ("environ_get", "ii", "i"),
    ("environ_sizes_get", "ii", "i"),
    ("fd_advise", "iIIi", "i"),
    ("fd_allocate", "iII", "i"),
    ("fd_close", "i", "i"),
    ("fd_datasync", "i", "i"),
    ("fd_fdstat_get", "ii", "i"),
    ("fd_fdstat_set_flags", "ii", "i"),
    ("fd_fdstat_set_rights", "iII", "i"),
    ("fd_filestat_get", "ii", "i"),
    ("fd_filestat_set_size", "iI", "i"),
    ("fd_filestat_set_times", "iIIi", "i"),
    ("fd_pread", "iiiIi", "i"),
    ("fd_prestat_dir_name", "iii", "i"),
    ("fd_prestat_get", "ii", "i"),
    ("fd_pwrite", "iiiIi", "i"),
    ("fd_read", "iiii", "i"),
    ("fd_readdir", "iiiIi", "i"),
    ("fd_renumber", "ii", "i"),
    ("fd_seek", "iIii", "i"),
    ("fd_sync", "i", "i"),
    ("fd_tell", "ii", "i"),
    ("fd_write", "iiii", "i"),
    ("path_create_directory", "iii", "i"),
    ("path_filestat_get", "iiiii", "i"),
    ("path_filestat_set_times", "iiiiIIi", "i"),
    ("path_link", "iiiiiii", "i"),
    ("path_open", "iiiiiIIii", "i"),
    ("path_readlink", "iiiiii", "i"),
    ("path_remove_directory", "iii", "i"),
    ("path_rename", "iiiiii", "i"),
    ("path_symlink", "iiiii", "i"),
    ("path_unlink_file", "iii", "i"),
    ("poll_oneoff", "iiii", "i"),
    ("proc_exit", "i", ""),
    ("proc_raise", "i", "i"),
    ("random_get", "ii", "i"),
    ("sched_yield", "", "i"),
    ("sock_accept", "iii", "i"),
    ("sock_recv", "iiiiii", "i"),
    ("sock_send", "iiiii", "i"),
    ("sock_shutdown", "ii", "i"),
];
