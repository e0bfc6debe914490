//! Resigning.

use muster_protocol::abi::IWorkAgreement::{Resigned, resignCall};
use muster_protocol::layout::Terms;
use muster_protocol::money;

use super::{Agreement, Progress};
use crate::backend::Receipt;
use crate::error::MarketError;

/// A resignation that was just made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resignation {
    /// The tick until which the worker is judged.
    pub tick: u64,
    /// The transaction's receipt.
    pub receipt: Receipt,
}

/// What a resignation would cost the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResignPreview {
    /// The wei of its bond that it would lose in any case.
    pub penalty: u128,
    /// Its bond, in wei: the most that it can lose, if testers found that it served less than it promised.
    pub bond: u128,
    /// The most, in wei, that it would be paid: for the windows that it finished.
    pub most: u128,
    /// The most, in wei, that it is paid if it stays.
    pub most_if_it_stays: u128,
}

impl ResignPreview {
    /// The consequences of a resignation of worker `index` in tick `tick`; `None` if it did not accept, has resigned, or the
    /// agreement is not running then.
    #[must_use]
    pub fn new(terms: &Terms, progress: &Progress, index: u8, tick: u64) -> Option<Self> {
        let (worker, mut course) = (terms.worker(index)?, progress.course);
        let elapsed = tick.checked_sub(course.start).filter(|_| course.start != 0)?;
        let elapsed = u32::try_from(elapsed).ok()?;
        let takes_part = course.has_accepted(index) && !course.has_resigned(index);
        if !takes_part || elapsed >= course.length(terms) {
            return None;
        }
        let most_if_it_stays = money::cost(worker.price, course.judged_length(terms, index));
        course.resigned |= 1_u8.checked_shl(index.into())?;
        *course.left.get_mut(usize::from(index))? = elapsed;
        let finished = (0..course.windows(terms)).filter_map(|window| {
            let whole = course.window_ticks(terms, window);
            (course.judged_ticks(terms, index, window) == whole).then_some(whole.end)
        });
        Some(Self {
            penalty: money::tenth(worker.bond),
            bond: worker.bond,
            most: money::cost(worker.price, finished.max().unwrap_or(0)),
            most_if_it_stays,
        })
    }
}

impl Agreement {
    /// Leaves it, as a worker that accepted. The worker is judged until now, is paid for finished
    /// windows, and loses a tenth of its bond.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// agreement.resign().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [every transaction](crate::Market#transactions), with `NotAWorker`, `NotAccepted`,
    /// `AlreadyResigned` or `WrongState` among the reasons.
    pub async fn resign(&self) -> Result<Resignation, MarketError> {
        let receipt = self.write(&resignCall {}).await?;
        let event = receipt.event::<Resigned>(self.address());
        let tick = event.ok_or(MarketError::EventMissing("Resigned"))?.tick;
        Ok(Resignation { tick, receipt })
    }
}
