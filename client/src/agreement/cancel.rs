//! Cancelling.

use muster_protocol::abi::IWorkAgreement::{Cancelled, cancelCall};
use muster_protocol::layout::Terms;
use muster_protocol::lifecycle::length_after_cancel;
use muster_protocol::money;

use super::{Agreement, Progress};
use crate::backend::Receipt;
use crate::error::MarketError;

/// A cancellation that was just made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancellation {
    /// How many windows remain to be paid, from the first on.
    pub windows: u8,
    /// The tick in which the agreement ends now.
    pub end: u64,
    /// The transaction's receipt.
    pub receipt: Receipt,
}

/// What a cancellation would change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CancelPreview {
    /// How many windows would remain to be paid, from the first on.
    pub windows: u8,
    /// The tick in which the agreement would end.
    pub end: u64,
    /// The tick in which it ends otherwise.
    pub planned_end: u64,
    /// The most, in wei, that the client still pays in all: price and fees of every worker that is not settled, until then.
    pub most: u128,
}

impl CancelPreview {
    /// The consequences of a cancellation in tick `tick`; `None` if the agreement is not running then, or does not become
    /// shorter.
    #[must_use]
    pub fn new(terms: &Terms, progress: &Progress, tick: u64) -> Option<Self> {
        let (header, mut course) = (&terms.header, progress.course);
        let planned = course.times(terms);
        let elapsed = tick.checked_sub(course.start).filter(|_| course.start != 0)?;
        let elapsed = u32::try_from(elapsed).ok().filter(|elapsed| *elapsed < planned.length)?;
        let length = length_after_cancel(header, elapsed);
        if length >= planned.length {
            return None;
        }
        course.planned = length;
        let windows = course.windows(terms);
        let present = (0..).zip(terms.workers()).filter(|(index, _)| !progress.is_released(*index));
        let costs = present.map(|(_, worker)| {
            money::escrow(worker.price, length, worker.fee, windows, header.testers)
        });
        let most = costs.map(Option::unwrap_or_default).fold(0, u128::saturating_add);
        Some(Self { windows, end: course.times(terms).end(), planned_end: planned.end(), most })
    }
}

impl Agreement {
    /// Ends it early, as the client: after the current window and one more, but not before the shortest
    /// length that the market sells and a quarter of the windows and one more; without testers, after notice.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// let cancellation = agreement.cancel().await?;
    /// println!("it ends in tick {}", cancellation.end);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [every transaction](crate::Market#transactions), with `NotTheClient`, `WrongState` or
    /// `CannotShorten` among the reasons.
    pub async fn cancel(&self) -> Result<Cancellation, MarketError> {
        let receipt = self.write(&cancelCall {}).await?;
        let event = receipt.event::<Cancelled>(self.address());
        let Cancelled { windows, end } = event.ok_or(MarketError::EventMissing("Cancelled"))?;
        Ok(Cancellation { windows, end, receipt })
    }
}
