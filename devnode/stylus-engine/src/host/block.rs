//! Hostios about the block.

use super::{
    hostio::{Hostio, HostioResult},
    price,
};

/// Writes the base fee in wei to `to`.
pub(super) fn block_basefee(hostio: &mut Hostio<'_, '_>, to: u32) -> HostioResult {
    let fee = hostio.evm_api().evm_data().base_fee;
    hostio.return_word(to, &fee.to_be_bytes::<32>())
}

/// Writes the block's beneficiary to `to`.
pub(super) fn block_coinbase(hostio: &mut Hostio<'_, '_>, to: u32) -> HostioResult {
    let coinbase = hostio.evm_api().evm_data().coinbase;
    hostio.return_word(to, coinbase.as_slice())
}

/// Returns the block's gas limit.
pub(super) fn block_gas_limit(hostio: &mut Hostio<'_, '_>) -> HostioResult<u64> {
    let limit = hostio.evm_api().evm_data().gas_limit;
    return_u64(hostio, limit)
}

/// Returns the height of the parent chain.
pub(super) fn block_number(hostio: &mut Hostio<'_, '_>) -> HostioResult<u64> {
    let number = hostio.evm_api().evm_data().l1_block;
    return_u64(hostio, number)
}

/// Returns the unix seconds of the block.
pub(super) fn block_timestamp(hostio: &mut Hostio<'_, '_>) -> HostioResult<u64> {
    let timestamp = hostio.evm_api().evm_data().timestamp;
    return_u64(hostio, timestamp)
}

/// Returns the chain's id.
pub(super) fn chainid(hostio: &mut Hostio<'_, '_>) -> HostioResult<u64> {
    let id = hostio.evm_api().evm_data().chain_id;
    return_u64(hostio, id)
}

/// Charges for and returns a number.
fn return_u64(hostio: &mut Hostio<'_, '_>, number: u64) -> HostioResult<u64> {
    hostio.charge(price::HOSTIO_INK)?;
    hostio.trace_outs(&[&number.to_be_bytes()]);
    Ok(number)
}
