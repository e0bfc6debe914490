//! Whether a message comes from the tester that holds a seat of one of the client's agreements.

use alloy::primitives::Address;

use crate::chain_view::{AgreementInfo, ChainView};
use crate::error::BoxError;
use crate::mailbox::Delivery;
use crate::message::{Message, RefusalReason};

/// The planned end of the agreement, in Unix seconds, if the sender may have what a seat of the window gives; or why it may
/// not. A later window counts too, so that testers need not ask in the moment in which a window begins.
pub(crate) async fn seat_entitlement(
    chain: &(dyn ChainView + 'static),
    client: Address,
    delivery: &Delivery,
    (window, place): (u8, u32),
) -> Result<Result<u64, RefusalReason>, BoxError> {
    let Message { chain_id, agreement, .. } = delivery.message;
    if chain_id != chain.chain_id() {
        return Ok(Err(RefusalReason::OtherChain));
    }
    let info = chain.agreement(agreement).await?;
    let Some(AgreementInfo { window: current, planned_end, .. }) =
        info.filter(|info| info.client == client)
    else {
        return Ok(Err(RefusalReason::NotMine));
    };
    let Some(current) = current else { return Ok(Err(RefusalReason::NotRunning)) };
    if window < current {
        return Ok(Err(RefusalReason::OtherWindow));
    }
    let holds_seat = chain.holds_seat(delivery.sender, agreement, window, place).await?;
    Ok(if holds_seat { Ok(planned_end) } else { Err(RefusalReason::NoSeat) })
}
