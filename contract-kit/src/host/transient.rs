//! Transient storage, which the SDK does not name: the lock of a contract, for one transaction.

#[cfg(target_arch = "wasm32")]
#[link(wasm_import_module = "vm_hooks")]
unsafe extern "C" {
    /// TLOAD.
    fn transient_load_bytes32(key: *const u8, dest: *mut u8);
    /// TSTORE.
    fn transient_store_bytes32(key: *const u8, value: *const u8);
}

/// Off chain there is no transient storage.
#[cfg(not(target_arch = "wasm32"))]
const unsafe fn transient_load_bytes32(_: *const u8, _: *mut u8) {}
/// Off chain there is no transient storage.
#[cfg(not(target_arch = "wasm32"))]
const unsafe fn transient_store_bytes32(_: *const u8, _: *const u8) {}

/// Whether this contract's lock is taken, in this transaction.
#[must_use]
pub fn is_locked() -> bool {
    word!(transient_load_bytes32, [0; 32]) != [0; 32]
}

/// Takes or frees this contract's lock.
pub fn set_locked(taken: bool) {
    let mut word = [0; 32];
    if let Some(last) = word.last_mut() {
        *last = u8::from(taken);
    }
    // SAFETY: both are 32 bytes.
    unsafe { transient_store_bytes32([0; 32].as_ptr(), word.as_ptr()) }
}
