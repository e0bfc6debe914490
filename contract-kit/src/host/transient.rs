//! The reentrancy lock of a contract, in transient storage. The SDK 0.10.10 does not bind these two host
//! functions.

#[cfg(target_arch = "wasm32")]
#[link(wasm_import_module = "vm_hooks")]
unsafe extern "C" {
    /// TLOAD.
    fn transient_load_bytes32(key: *const u8, dest: *mut u8);
    /// TSTORE.
    fn transient_store_bytes32(key: *const u8, value: *const u8);
}

/// A stub: off chain there is no transient storage.
#[cfg(not(target_arch = "wasm32"))]
const unsafe fn transient_load_bytes32(_: *const u8, _: *mut u8) {}
/// A stub: off chain there is no transient storage.
#[cfg(not(target_arch = "wasm32"))]
const unsafe fn transient_store_bytes32(_: *const u8, _: *const u8) {}

/// Whether this contract's lock is held.
#[must_use]
pub fn is_locked() -> bool {
    word!(transient_load_bytes32, [0; 32]) != [0; 32]
}

/// Takes or releases this contract's lock. It ends with the transaction at the latest.
pub fn set_locked(taken: bool) {
    let mut word = [0; 32];
    if let Some(last) = word.last_mut() {
        *last = u8::from(taken);
    }
    // SAFETY: both are 32 bytes.
    unsafe { transient_store_bytes32([0; 32].as_ptr(), word.as_ptr()) }
}
