//! The hook for hashes.

use alloy_primitives::keccak256;

use super::{
    hook::{Answer, Hook},
    price,
};

/// Writes the Keccak-256 hash of `len` bytes at `data` to `to`.
pub(super) fn native_keccak256(hook: &mut Hook<'_, '_>, data: u32, len: u32, to: u32) -> Answer {
    hook.charge(price::keccak(len))?;
    let preimage = hook.read_bytes(data, len)?;
    let digest = keccak256(&preimage);
    hook.write(to, digest.as_slice())?;
    hook.note_args(&[&preimage]);
    hook.note_outs(&[digest.as_slice()]);
    Ok(())
}
