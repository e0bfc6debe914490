//! Hooks for the data that goes in and out, and for the memory that holds it.

use super::{
    hook::{Answer, Escape, Hook, length},
    price,
};

/// Writes the calldata to `to`.
pub(super) fn read_args(hook: &mut Hook<'_, '_>, to: u32) -> Answer {
    let input = hook.host().input;
    hook.charge(price::HOOK)?;
    hook.charge(price::write(length(input)?))?;
    hook.write(to, input)?;
    hook.note_outs(&[input]);
    Ok(())
}

/// Takes the bytes at `at` as the program's result, in place of an earlier one.
pub(super) fn write_result(hook: &mut Hook<'_, '_>, at: u32, len: u32) -> Answer {
    hook.charge(price::HOOK)?;
    // Once to read them, once more to pass them on.
    hook.charge(price::read(len).saturating_mul(2))?;
    let output = hook.read(at, len)?.to_vec();
    hook.note_args(&[&output]);
    hook.host().output = output;
    Ok(())
}

/// Ends the program with a status, as if it had returned it.
pub(super) fn exit_early(hook: &mut Hook<'_, '_>, status: u32) -> Answer {
    hook.note_args(&[&status.to_be_bytes()]);
    Err(Escape::Exit(status))
}

/// Pays for new pages. Only the low 16 bits of `pages` count.
pub(super) fn pay_for_memory_grow(hook: &mut Hook<'_, '_>, pages: u32) -> Answer {
    let [low, high, ..] = pages.to_le_bytes();
    let new = u16::from_le_bytes([low, high]);
    hook.note_args(&[&new.to_be_bytes()]);
    if new == 0 {
        return hook.charge(price::HOOK);
    }
    let params = hook.host().params;
    let pages = hook.world().pages();
    let cost = params.page_cost(new, *pages);
    pages.open = pages.open.saturating_add(new);
    pages.ever = pages.ever.max(pages.open);
    hook.charge_gas(cost)
}
