//! The hostio for logs.

use alloy_primitives::B256;

use super::{
    hostio::{Escape, Hostio, HostioResult},
    price,
};

/// Maximum topics of a log.
const MAX_TOPICS: u32 = 4;

/// Bytes of a topic.
const TOPIC_LEN: u32 = 32;

/// Gas of a log, and again of each topic.
const TOPIC_GAS: u64 = 375;

/// Gas of a byte of data.
const BYTE_GAS: u64 = 8;

/// Records a log of `len` bytes at `data`: first `topics` topics of 32 bytes, then the data.
pub(super) fn emit_log(
    hostio: &mut Hostio<'_, '_>,
    data: u32,
    len: u32,
    topics: u32,
) -> HostioResult {
    hostio.charge(price::HOSTIO_INK + price::EVM_API_INK)?;
    if topics > MAX_TOPICS {
        return Err(Escape::Failure);
    }
    let head = topics.saturating_mul(TOPIC_LEN);
    let rest = len.checked_sub(head).ok_or(Escape::Failure)?;
    hostio.charge(price::read_ink(len))?;
    let for_topics = u64::from(topics).saturating_add(1).saturating_mul(TOPIC_GAS);
    hostio.charge_gas(for_topics.saturating_add(u64::from(rest).saturating_mul(BYTE_GAS)))?;

    let all = hostio.read_bytes(data, len)?;
    if hostio.evm_api().evm_data().read_only {
        return Err(Escape::Failure);
    }
    hostio.trace_args(&[&topics.to_be_bytes(), &all]);
    let head = usize::try_from(head).map_err(|_| Escape::Failure)?;
    let topics: Vec<B256> = all.chunks_exact(32).map(B256::from_slice).collect();
    let topics = topics.get(..head.div_ceil(32)).ok_or(Escape::Failure)?;
    hostio.evm_api().log(topics, all.slice(head..));
    Ok(())
}
