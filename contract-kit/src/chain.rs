//! Reads of the chain: L2 height, block hashes, the market's clock, and `ecrecover`.

use stylus_sdk::alloy_primitives::{Address, B256};

use crate::host;

/// The precompile `ArbSys`, which returns the L2 height.
const ARB_SYS: Address = Address::with_last_byte(0x64);

/// The precompile `ecrecover`.
const ECRECOVER: Address = Address::with_last_byte(0x01);

/// Selector of `ArbSys.arbBlockNumber()`.
const ARB_BLOCK_NUMBER_SELECTOR: [u8; 4] = [0xa3, 0xb1, 0xb3, 0x1d];

/// The first word that the last call returned; zero if it failed or returned less.
fn returned_word(success: bool) -> [u8; 32] {
    if success { host::return_data().unwrap_or_default() } else { [0; 32] }
}

/// The number of the current L2 block. (`block.number` is the parent chain's.)
#[must_use]
pub fn l2_block_number() -> u64 {
    let word = returned_word(host::static_call(ARB_SYS, &ARB_BLOCK_NUMBER_SELECTOR));
    word.last_chunk().map_or(0, |low| u64::from_be_bytes(*low))
}

/// The hash of an earlier L2 block; `None` for the current block, later ones, and those more than 393 168
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

/// The current tick of a market's clock: unix seconds, or the L2 height, which `block` returns.
#[must_use]
pub fn tick(seconds: bool, block: impl FnOnce() -> u64) -> u64 {
    if seconds { host::timestamp() } else { block() }
}

/// The signer of `digest` by a compact signature (EIP-2098): `vs` is s with the parity in its highest bit.
/// `None` if the signature is invalid.
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
