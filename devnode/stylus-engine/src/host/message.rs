//! Hooks about the call that the program is in, and its transaction.

use super::{
    hook::{Answer, Hook},
    price,
};

/// Writes the acting contract to `to`.
pub(super) fn contract_address(hook: &mut Hook<'_, '_>, to: u32) -> Answer {
    let address = hook.world().frame().address;
    hook.answer_word(to, address.as_slice())
}

/// Gas that is left, this hook paid.
pub(super) fn evm_gas_left(hook: &mut Hook<'_, '_>) -> Answer<u64> {
    hook.charge(price::HOOK)?;
    let gas = hook.gas()?;
    hook.note_outs(&[&gas.to_be_bytes()]);
    Ok(gas)
}

/// Ink that is left, this hook paid.
pub(super) fn evm_ink_left(hook: &mut Hook<'_, '_>) -> Answer<u64> {
    hook.charge(price::HOOK)?;
    let ink = hook.ink()?;
    hook.note_outs(&[&ink.to_be_bytes()]);
    Ok(ink)
}

/// One if the acting contract is open further out too.
pub(super) fn msg_reentrant(hook: &mut Hook<'_, '_>) -> Answer<u32> {
    let reentrant = hook.world().frame().reentrant.into();
    answer(hook, reentrant)
}

/// Writes the caller to `to`.
pub(super) fn msg_sender(hook: &mut Hook<'_, '_>, to: u32) -> Answer {
    let caller = hook.world().frame().caller;
    hook.answer_word(to, caller.as_slice())
}

/// Writes the wei that came along to `to`.
pub(super) fn msg_value(hook: &mut Hook<'_, '_>, to: u32) -> Answer {
    let value = hook.world().frame().value;
    hook.answer_word(to, &value.to_be_bytes::<32>())
}

/// Writes wei per gas of the transaction to `to`, tip included.
pub(super) fn tx_gas_price(hook: &mut Hook<'_, '_>, to: u32) -> Answer {
    let price = hook.world().frame().gas_price;
    hook.answer_word(to, &price.to_be_bytes::<32>())
}

/// Ink per gas.
pub(super) fn tx_ink_price(hook: &mut Hook<'_, '_>) -> Answer<u32> {
    let price = hook.host().params.ink_price;
    answer(hook, price)
}

/// Writes who signed the transaction to `to`.
pub(super) fn tx_origin(hook: &mut Hook<'_, '_>, to: u32) -> Answer {
    let origin = hook.world().frame().origin;
    hook.answer_word(to, origin.as_slice())
}

/// Pays for and passes on a number.
fn answer(hook: &mut Hook<'_, '_>, number: u32) -> Answer<u32> {
    hook.charge(price::HOOK)?;
    hook.note_outs(&[&number.to_be_bytes()]);
    Ok(number)
}
