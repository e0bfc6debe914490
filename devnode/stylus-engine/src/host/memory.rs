//! Hostios for input and output, and for the growth of memory.

use super::{
    hostio::{Escape, Hostio, HostioResult, len_u32},
    price,
};

/// Writes the calldata to `to`.
pub(super) fn read_args(hostio: &mut Hostio<'_, '_>, to: u32) -> HostioResult {
    let input = hostio.env().input;
    hostio.charge(price::HOSTIO_INK)?;
    hostio.charge(price::write_ink(len_u32(input)?))?;
    hostio.write(to, input)?;
    hostio.trace_outs(&[input]);
    Ok(())
}

/// Sets the program's result to the bytes at `at`; replaces an earlier result.
pub(super) fn write_result(hostio: &mut Hostio<'_, '_>, at: u32, len: u32) -> HostioResult {
    hostio.charge(price::HOSTIO_INK)?;
    // Once to read the bytes, once to return them.
    hostio.charge(price::read_ink(len).saturating_mul(2))?;
    let output = hostio.read(at, len)?.to_vec();
    hostio.trace_args(&[&output]);
    hostio.env().output = output;
    Ok(())
}

/// Ends the program with a status, as if the entry point had returned it.
pub(super) fn exit_early(hostio: &mut Hostio<'_, '_>, status: u32) -> HostioResult {
    hostio.trace_args(&[&status.to_be_bytes()]);
    Err(Escape::Exit(status))
}

/// Charges for new pages. Only the low 16 bits of `pages` count.
pub(super) fn pay_for_memory_grow(hostio: &mut Hostio<'_, '_>, pages: u32) -> HostioResult {
    let [low, high, ..] = pages.to_le_bytes();
    let new = u16::from_le_bytes([low, high]);
    hostio.trace_args(&[&new.to_be_bytes()]);
    if new == 0 {
        return hostio.charge(price::HOSTIO_INK);
    }
    let params = hostio.env().params;
    let pages = hostio.evm_api().pages();
    let cost = params.page_cost(new, *pages);
    pages.open = pages.open.saturating_add(new);
    pages.ever = pages.ever.max(pages.open);
    let allowed = params.allows_open_pages(pages.open);
    hostio.charge_gas(cost)?;
    if allowed { Ok(()) } else { hostio.out_of_ink() }
}
