//! The account of an agreement: a minimal proxy (EIP-1167) followed by the terms, created by CREATE2
//! with salt zero. Terms are unique, so every agreement has its own address, and anyone who has the
//! terms can compute it.

use alloy_primitives::Address;

use crate::layout::MAX_TERMS;

/// The proxy's code before the implementation's address.
pub const CODE_PREFIX: [u8; 10] = [0x36, 0x3d, 0x3d, 0x37, 0x3d, 0x3d, 0x3d, 0x36, 0x3d, 0x73];

/// The proxy's code after the implementation's address.
const CODE_SUFFIX: [u8; 15] =
    [0x5a, 0xf4, 0x3d, 0x82, 0x80, 0x3e, 0x90, 0x3d, 0x91, 0x60, 0x2b, 0x57, 0xfd, 0x5b, 0xf3];

/// Bytes of the proxy; the terms start at this offset.
pub const PROXY_LEN: usize = 45;

/// Bytes of the init code in front of the proxy: it returns everything after itself.
const LOADER_LEN: usize = 10;

/// The most bytes of an agreement's code.
pub const MAX_CODE: usize = PROXY_LEN + MAX_TERMS;

/// The most bytes of an agreement's init code.
pub const MAX_INIT_CODE: usize = LOADER_LEN + MAX_CODE;

/// Writes the init code of an agreement to the start of `out` and returns its length.
pub fn init_code(implementation: Address, terms: &[u8], out: &mut [u8; MAX_INIT_CODE]) -> usize {
    let code = PROXY_LEN.saturating_add(terms.len());
    let [high, low] = u16::try_from(code).unwrap_or(u16::MAX).to_be_bytes();
    // PUSH2 code; DUP1; PUSH1 10; 0; CODECOPY; 0; RETURN
    let loader: [u8; LOADER_LEN] = [0x61, high, low, 0x80, 0x60, 0x0a, 0x3d, 0x39, 0x3d, 0xf3];
    let parts = [&loader, &CODE_PREFIX, implementation.as_slice(), &CODE_SUFFIX, terms];
    write_parts(&parts, out);
    LOADER_LEN.saturating_add(code)
}

/// Writes parts one after the other to the start of `out`, as far as it is long enough.
fn write_parts(parts: &[&[u8]], out: &mut [u8]) {
    let mut rest = out;
    for part in parts {
        let (to, after) = rest.split_at_mut_checked(part.len()).unwrap_or_default();
        // The compiler makes one copy of memory of this.
        to.iter_mut().zip(*part).for_each(|(to, from)| *to = *from);
        rest = after;
    }
}

/// The CREATE2 address for `creator`, salt zero and the hash of the init code.
pub fn create2_address(
    creator: Address,
    init_hash: &[u8; 32],
    keccak: impl Fn(&[u8]) -> [u8; 32],
) -> Address {
    let mut preimage = [0; 85];
    let salt = [0; 32];
    let parts = [&[0xff], creator.as_slice(), &salt, init_hash];
    write_parts(&parts, &mut preimage);
    let hash = keccak(&preimage);
    Address::new(hash.last_chunk().copied().unwrap_or_default())
}

/// The encoded terms in the code of an agreement; `None` if the code is not such a proxy.
#[must_use]
pub fn terms_of_code(code: &[u8]) -> Option<&[u8]> {
    code.strip_prefix(&CODE_PREFIX).and_then(|_| code.get(PROXY_LEN..))
}
