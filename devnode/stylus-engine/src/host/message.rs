//! Hostios about the current call and its transaction.

use super::{
    hostio::{Hostio, HostioResult},
    price,
};

/// Writes the acting contract to `to`.
pub(super) fn contract_address(hostio: &mut Hostio<'_, '_>, to: u32) -> HostioResult {
    let address = hostio.evm_api().evm_data().address;
    hostio.return_word(to, address.as_slice())
}

/// Returns the gas left after the charge for this hostio.
pub(super) fn evm_gas_left(hostio: &mut Hostio<'_, '_>) -> HostioResult<u64> {
    hostio.charge(price::HOSTIO_INK)?;
    let gas = hostio.gas()?;
    hostio.trace_outs(&[&gas.to_be_bytes()]);
    Ok(gas)
}

/// Returns the ink left after the charge for this hostio.
pub(super) fn evm_ink_left(hostio: &mut Hostio<'_, '_>) -> HostioResult<u64> {
    hostio.charge(price::HOSTIO_INK)?;
    let ink = hostio.ink()?;
    hostio.trace_outs(&[&ink.to_be_bytes()]);
    Ok(ink)
}

/// Returns one if the acting contract is also open in an outer frame.
pub(super) fn msg_reentrant(hostio: &mut Hostio<'_, '_>) -> HostioResult<u32> {
    let reentrant = hostio.evm_api().evm_data().reentrant.into();
    return_u32(hostio, reentrant)
}

/// Writes the caller to `to`.
pub(super) fn msg_sender(hostio: &mut Hostio<'_, '_>, to: u32) -> HostioResult {
    let caller = hostio.evm_api().evm_data().caller;
    hostio.return_word(to, caller.as_slice())
}

/// Writes the value of the call in wei to `to`.
pub(super) fn msg_value(hostio: &mut Hostio<'_, '_>, to: u32) -> HostioResult {
    let value = hostio.evm_api().evm_data().value;
    hostio.return_word(to, &value.to_be_bytes::<32>())
}

/// Writes the gas price of the transaction in wei to `to`, tip included.
pub(super) fn tx_gas_price(hostio: &mut Hostio<'_, '_>, to: u32) -> HostioResult {
    let price = hostio.evm_api().evm_data().gas_price;
    hostio.return_word(to, &price.to_be_bytes::<32>())
}

/// Returns ink per gas.
pub(super) fn tx_ink_price(hostio: &mut Hostio<'_, '_>) -> HostioResult<u32> {
    let price = hostio.env().params.ink_price;
    return_u32(hostio, price)
}

/// Writes the signer of the transaction to `to`.
pub(super) fn tx_origin(hostio: &mut Hostio<'_, '_>, to: u32) -> HostioResult {
    let origin = hostio.evm_api().evm_data().origin;
    hostio.return_word(to, origin.as_slice())
}

/// Charges for and returns a number.
fn return_u32(hostio: &mut Hostio<'_, '_>, number: u32) -> HostioResult<u32> {
    hostio.charge(price::HOSTIO_INK)?;
    hostio.trace_outs(&[&number.to_be_bytes()]);
    Ok(number)
}
