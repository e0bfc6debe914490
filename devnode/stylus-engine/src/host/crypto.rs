//! The hostio for hashes.

use alloy_primitives::keccak256;

use super::{
    hostio::{Hostio, HostioResult},
    price,
};

/// Writes the Keccak-256 hash of `len` bytes at `data` to `to`.
pub(super) fn native_keccak256(
    hostio: &mut Hostio<'_, '_>,
    data: u32,
    len: u32,
    to: u32,
) -> HostioResult {
    hostio.charge(price::keccak_ink(len))?;
    let preimage = hostio.read_bytes(data, len)?;
    let digest = keccak256(&preimage);
    hostio.write(to, digest.as_slice())?;
    hostio.trace_args(&[&preimage]);
    hostio.trace_outs(&[digest.as_slice()]);
    Ok(())
}
