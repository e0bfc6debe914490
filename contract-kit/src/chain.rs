//! What both contracts ask of Arbitrum itself.

use stylus_sdk::alloy_primitives::{Address, B256};

use crate::host;

/// `ArbSys`, where the L2 height is.
const ARB_SYS: Address = Address::with_last_byte(0x64);

/// The precompile that recovers signers.
const ECRECOVER: Address = Address::with_last_byte(0x01);

/// Selector of `ArbSys.arbBlockNumber()`.
const ARB_BLOCK_NUMBER_SELECTOR: [u8; 4] = [0xa3, 0xb1, 0xb3, 0x1d];

/// The word that a call returned; zero if it failed.
fn returned_word(success: bool) -> [u8; 32] {
    if success { host::return_data().unwrap_or_default() } else { [0; 32] }
}

/// The L2 block that is being built. (`block.number` is the parent chain's.)
#[must_use]
pub fn l2_block_number() -> u64 {
    let word = returned_word(host::static_call(ARB_SYS, &ARB_BLOCK_NUMBER_SELECTOR));
    word.last_chunk().map_or(0, |low| u64::from_be_bytes(*low))
}

/// The hash of an earlier L2 block; `None` for this block, later ones, and those more than 393 168
/// blocks ago.
#[must_use]
pub fn block_hash(block: u64) -> Option<B256> {
    let mut number = [0; 32];
    if let Some(low) = number.last_chunk_mut() {
        *low = block.to_be_bytes();
    }
    let word = returned_word(host::static_call(
        Address::new(muster_protocol::HISTORY_STORAGE_ADDRESS),
        &number,
    ));
    (word != [0; 32]).then(|| B256::new(word))
}

/// Now, by a market's clock: unix seconds, or the L2 height, which `block` tells.
#[must_use]
pub fn tick(seconds: bool, block: impl FnOnce() -> u64) -> u64 {
    if seconds { host::timestamp() } else { block() }
}

/// Who signed `digest`, by a compact signature (EIP-2098): `vs` is s, with the parity of the key in its
/// highest bit. `None` if nobody did.
#[must_use]
pub fn recover_signer(digest: B256, r: B256, vs: B256) -> Option<Address> {
    let (mut v, mut s) = ([0; 32], vs.0);
    let ([.., parity], [high, ..]) = (&mut v, &mut s);
    *parity = (*high >> 7).wrapping_add(27); // 27 or 28
    *high &= 0x7f;
    let word = returned_word(host::static_call(ECRECOVER, [digest.0, v, r.0, s].as_flattened()));
    let account = Address::from_word(B256::new(word));
    (!account.is_zero()).then_some(account)
}
