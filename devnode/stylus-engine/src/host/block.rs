//! Hooks about the block.

use super::{
    hook::{Answer, Hook},
    price,
};

/// Writes wei per gas of the block to `to`.
pub(super) fn block_basefee(hook: &mut Hook<'_, '_>, to: u32) -> Answer {
    let fee = hook.world().frame().base_fee;
    hook.answer_word(to, &fee.to_be_bytes::<32>())
}

/// Writes the block's beneficiary to `to`.
pub(super) fn block_coinbase(hook: &mut Hook<'_, '_>, to: u32) -> Answer {
    let coinbase = hook.world().frame().coinbase;
    hook.answer_word(to, coinbase.as_slice())
}

/// The block's gas limit.
pub(super) fn block_gas_limit(hook: &mut Hook<'_, '_>) -> Answer<u64> {
    let limit = hook.world().frame().gas_limit;
    answer(hook, limit)
}

/// The parent chain's height.
pub(super) fn block_number(hook: &mut Hook<'_, '_>) -> Answer<u64> {
    let number = hook.world().frame().l1_block;
    answer(hook, number)
}

/// Unix seconds of the block.
pub(super) fn block_timestamp(hook: &mut Hook<'_, '_>) -> Answer<u64> {
    let timestamp = hook.world().frame().timestamp;
    answer(hook, timestamp)
}

/// The chain's id.
pub(super) fn chainid(hook: &mut Hook<'_, '_>) -> Answer<u64> {
    let id = hook.world().frame().chain_id;
    answer(hook, id)
}

/// Pays for and passes on a number.
fn answer(hook: &mut Hook<'_, '_>, number: u64) -> Answer<u64> {
    hook.charge(price::HOOK)?;
    hook.note_outs(&[&number.to_be_bytes()]);
    Ok(number)
}
