//! Counts the primes below a number: `primes N`. A command of WASI preview 1, without any library:
//!
//! ```sh
//! rustc --target wasm32-unknown-unknown --edition 2024 -O --crate-type cdylib -o primes.wasm examples/primes.rs
//! muster run primes.wasm --budget 0.01eth -- 1000000
//! ```
//!
//! With the target `wasm32-wasip1`, any program with a `main` and `println!` does as well.

/// Bytes to write.
#[repr(C)]
struct Piece {
    /// Where they are.
    bytes: *const u8,
    /// How many.
    length: usize,
}

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    fn args_sizes_get(count: *mut usize, bytes: *mut usize) -> u32;
    fn args_get(pointers: *mut *const u8, bytes: *mut u8) -> u32;
    fn fd_write(descriptor: u32, pieces: *const Piece, count: usize, written: *mut usize) -> u32;
    fn proc_exit(code: u32) -> !;
}

/// Standard output and standard error.
const STDOUT: u32 = 1;
const STDERR: u32 = 2;

/// The arguments, the program's name first.
fn arguments() -> Vec<String> {
    let (mut count, mut length) = (0, 0);
    // SAFETY: both are places for a number.
    unsafe { args_sizes_get(&raw mut count, &raw mut length) };
    let (mut pointers, mut bytes) = (vec![std::ptr::null(); count], vec![0_u8; length]);
    // SAFETY: the host fills as much as it said.
    unsafe { args_get(pointers.as_mut_ptr(), bytes.as_mut_ptr()) };
    let texts = bytes.split(|byte| *byte == 0).take(count);
    texts.map(|text| String::from_utf8_lossy(text).into_owned()).collect()
}

/// Writes a text.
fn write(descriptor: u32, text: &str) {
    let (piece, mut written) = (Piece { bytes: text.as_ptr(), length: text.len() }, 0);
    // SAFETY: the piece is the text.
    unsafe { fd_write(descriptor, &raw const piece, 1, &raw mut written) };
}

/// How many primes there are below a number.
fn primes_below(limit: usize) -> usize {
    let mut is_composite = vec![false; limit.max(2)];
    let mut count = 0;
    for number in 2..limit {
        if is_composite[number] {
            continue;
        }
        count += 1;
        // The square of a large number does not fit, and is beyond the limit.
        let square = number.checked_mul(number).unwrap_or(limit);
        for multiple in (square..limit).step_by(number) {
            is_composite[multiple] = true;
        }
    }
    count
}

/// Where a program of WASI begins.
#[unsafe(no_mangle)]
pub extern "C" fn _start() {
    let limit = arguments().get(1).and_then(|text| text.parse().ok());
    let Some(limit) = limit.filter(|limit| *limit <= 30_000_000) else {
        write(STDERR, "usage: primes N, with N up to 30000000\n");
        // SAFETY: it ends the program.
        unsafe { proc_exit(2) };
    };
    write(STDOUT, &format!("{}\n", primes_below(limit)));
}
