//! The Stylus host functions as safe calls: the only unsafe code of the contracts.
//!
//! An instance of a contract runs on one thread from `user_entrypoint` to its return, and a reentrant
//! call runs in an instance of its own. So the static buffers below have one user at a time.
#![expect(unsafe_code, reason = "host functions take pointers; every buffer here has a fixed size")]

use core::cell::UnsafeCell;

use stylus_sdk::alloy_primitives::{Address, B256};
use stylus_sdk::hostio;

use crate::INPUT_CAPACITY;
use crate::output::OutputBuffer;

/// A cell for the single thread of a contract.
struct SingleThreadCell<T>(UnsafeCell<T>);

// SAFETY: wasm contracts have one thread. Off chain nothing reaches these statics: the host stubs stop
// every caller first.
unsafe impl<T> Sync for SingleThreadCell<T> {}

/// The calldata.
static INPUT: SingleThreadCell<[u8; INPUT_CAPACITY]> =
    SingleThreadCell(UnsafeCell::new([0; INPUT_CAPACITY]));
/// The output buffer.
#[cfg(target_arch = "wasm32")]
static OUTPUT: SingleThreadCell<OutputBuffer> =
    SingleThreadCell(UnsafeCell::new(OutputBuffer::new()));
#[cfg(not(target_arch = "wasm32"))]
std::thread_local! {
    /// The output buffer of a test thread.
    static OUTPUT: core::cell::RefCell<OutputBuffer> = const { core::cell::RefCell::new(OutputBuffer::new()) };
}
/// Whether storage was written since the last flush.
static STORAGE_DIRTY: SingleThreadCell<bool> = SingleThreadCell(UnsafeCell::new(false));

/// Reads calldata of `len` bytes into the input buffer; `None` if it is longer than the buffer.
pub(crate) fn read_calldata(len: usize) -> Option<&'static [u8]> {
    if len > INPUT_CAPACITY {
        return None;
    }
    // SAFETY: called once per run, before anything reads the buffer, which holds `len` bytes.
    unsafe {
        hostio::read_args(INPUT.0.get().cast());
        (*INPUT.0.get()).get(..len)
    }
}

/// Runs `write` on the output buffer.
#[cfg(target_arch = "wasm32")]
pub(crate) fn with_output<R>(write: impl FnOnce(&mut OutputBuffer) -> R) -> R {
    // SAFETY: one thread, and no `write` calls this function again. Values are encoded without reverting: an array
    // that is decoded during encoding was decoded once before without an error.
    write(unsafe { &mut *OUTPUT.0.get() })
}

/// Runs `write` on the output buffer of this thread.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn with_output<R>(write: impl FnOnce(&mut OutputBuffer) -> R) -> R {
    OUTPUT.with_borrow_mut(write)
}

/// Passes the output buffer to the host as return or revert data.
pub(crate) fn write_result() {
    with_output(|out| {
        let bytes = out.bytes();
        // SAFETY: pointer and length are those of one slice.
        unsafe { hostio::write_result(bytes.as_ptr(), bytes.len()) }
    });
}

/// Keeps the import that every Stylus program must have.
pub(crate) fn import_memory_grow() {
    // SAFETY: takes no pointer.
    unsafe { hostio::pay_for_memory_grow(0) }
}

/// Calls a host function that writes 32 bytes.
macro_rules! word {
    ($call:path $(, $arg:expr)*) => {{
        let mut word = [0; 32];
        // SAFETY: the host writes 32 bytes to `word` and reads at most 32 from each argument.
        unsafe { $call($($arg.as_ptr(),)* word.as_mut_ptr()) };
        word
    }};
}

/// Calls a host function that writes an address.
macro_rules! address {
    ($call:path) => {{
        let mut bytes = [0; 20];
        // SAFETY: the host writes 20 bytes.
        unsafe { $call(bytes.as_mut_ptr()) };
        Address::new(bytes)
    }};
}

mod transient;
pub use transient::{is_locked, set_locked};

/// The caller of this frame.
#[inline(never)]
#[must_use]
pub fn caller() -> Address {
    address!(hostio::msg_sender)
}

/// The address of this contract.
#[inline(never)]
#[must_use]
pub fn this() -> Address {
    address!(hostio::contract_address)
}

/// An amount in 128 bits; `u128::MAX` if it is larger.
fn u128_from_word(word: &[u8; 32]) -> u128 {
    let (high, low) = word.split_at(16);
    match low.first_chunk() {
        Some(low) if high.iter().all(|byte| *byte == 0) => u128::from_be_bytes(*low),
        _ => u128::MAX,
    }
}

/// An amount as a big-endian word, for the host.
const fn word_from_u128(wei: u128) -> [u8; 32] {
    let mut word = [0; 32];
    if let Some(low) = word.last_chunk_mut() {
        *low = wei.to_be_bytes();
    }
    word
}

/// The value of this call in wei.
#[inline(never)]
#[must_use]
pub fn value() -> u128 {
    u128_from_word(&word!(hostio::msg_value))
}

/// The balance of an account in wei.
#[must_use]
pub fn balance(account: Address) -> u128 {
    u128_from_word(&word!(hostio::account_balance, account))
}

/// The timestamp of the block in unix seconds.
#[must_use]
pub fn timestamp() -> u64 {
    // SAFETY: takes no pointer.
    unsafe { hostio::block_timestamp() }
}

/// The chain id.
#[must_use]
pub fn chain_id() -> u64 {
    // SAFETY: takes no pointer.
    unsafe { hostio::chainid() }
}

/// Keccak-256, by the host.
#[inline(never)]
#[must_use]
pub fn keccak(bytes: &[u8]) -> B256 {
    let mut hash = [0; 32];
    // SAFETY: pointer and length are those of one slice; the host writes 32 bytes.
    unsafe { hostio::native_keccak256(bytes.as_ptr(), bytes.len(), hash.as_mut_ptr()) };
    B256::new(hash)
}

/// Reads a storage word.
#[inline(never)]
#[must_use]
pub fn load(slot: &[u8; 32]) -> [u8; 32] {
    word!(hostio::storage_load_bytes32, slot)
}

/// Writes a storage word to the host's cache; it is flushed before an outgoing call and on success.
#[inline(never)]
pub fn store(slot: &[u8; 32], word: &[u8; 32]) {
    // SAFETY: both are 32 bytes; one thread.
    unsafe {
        hostio::storage_cache_bytes32(slot.as_ptr(), word.as_ptr());
        *STORAGE_DIRTY.0.get() = true;
    }
}

/// Flushes the storage cache if a word was written or `forget` is set; `forget` also empties the cache.
fn flush_storage(forget: bool) {
    // SAFETY: one thread; takes no pointer.
    unsafe {
        if *STORAGE_DIRTY.0.get() || forget {
            hostio::storage_flush_cache(forget);
            *STORAGE_DIRTY.0.get() = false;
        }
    }
}

/// Flushes storage at the end of a successful call.
pub(crate) fn commit_storage() {
    flush_storage(false);
}

/// Calls `to` with wei and at most `gas`. Returns whether the call succeeded; [`return_data`] reads its
/// return data.
///
/// The callee may reenter this contract: storage is flushed before the call, and the cache is emptied, so
/// later reads see what the callee wrote.
#[must_use]
pub fn call(to: Address, wei: u128, gas: u64, data: &[u8]) -> bool {
    flush_storage(true);
    let (value, mut len) = (word_from_u128(wei), 0);
    // SAFETY: address and value have their sizes, data has its length, `len` is one word.
    let status = unsafe {
        hostio::call_contract(
            to.as_ptr(),
            data.as_ptr(),
            data.len(),
            value.as_ptr(),
            gas,
            &raw mut len,
        )
    };
    status == 0
}

/// Calls `to` statically. Returns whether the call succeeded. Storage is not flushed, so `to` must not
/// depend on words that this call has written.
#[inline(never)]
#[must_use]
pub fn static_call(to: Address, data: &[u8]) -> bool {
    let mut len = 0;
    // SAFETY: as in `call`.
    let status = unsafe {
        hostio::static_call_contract(to.as_ptr(), data.as_ptr(), data.len(), u64::MAX, &raw mut len)
    };
    status == 0
}

/// The first `N` bytes of the last call's return data; `None` if it is shorter.
#[must_use]
pub fn return_data<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    // SAFETY: the host writes at most `N` bytes.
    let len = unsafe { hostio::read_return_data(bytes.as_mut_ptr(), 0, N) };
    (len == N).then_some(bytes)
}

/// Creates a contract by CREATE2 with salt zero; `None` if that fails. Storage is not flushed, so the init
/// code must not call this contract.
#[must_use]
pub fn create2(code: &[u8], wei: u128) -> Option<Address> {
    let (value, salt, mut created, mut len) = (word_from_u128(wei), [0; 32], [0; 20], 0);
    // SAFETY: value and salt are 32 bytes, code has its length, the host writes 20 bytes and a word.
    unsafe {
        hostio::create2(
            code.as_ptr(),
            code.len(),
            value.as_ptr(),
            salt.as_ptr(),
            created.as_mut_ptr(),
            &raw mut len,
        );
    }
    (created != [0; 20]).then(|| Address::new(created))
}

/// Copies an account's code into `bytes`, truncated to its length, and returns the copied part.
pub fn code(account: Address, bytes: &mut [u8]) -> &[u8] {
    // SAFETY: the host writes at most `bytes.len()` bytes.
    let len = unsafe { hostio::account_code(account.as_ptr(), 0, bytes.len(), bytes.as_mut_ptr()) };
    bytes.get(..len).unwrap_or_default()
}

/// Emits an event: `bytes` has `topics` words of topics, then the data.
pub(crate) fn log(bytes: &[u8], topics: usize) {
    // SAFETY: pointer and length are those of one slice.
    unsafe { hostio::emit_log(bytes.as_ptr(), bytes.len(), topics) }
}
