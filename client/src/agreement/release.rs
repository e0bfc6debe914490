//! Releasing workers, and the calls that are open.

use muster_protocol::abi::IWorkAgreement::{Released, openCallsCall, openCallsReturn, releaseCall};
use muster_protocol::course::has;

use super::Agreement;
use crate::backend::Receipt;
use crate::error::MarketError;

/// A release that was just made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The workers that were settled as absent: bit k stands for worker k.
    pub absent: u8,
    /// The workers whose slots are free again.
    pub freed: u8,
    /// The transaction's receipt.
    pub receipt: Receipt,
}

/// The calls of an agreement that are open in a tick, and the ticks that open and close them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenCalls {
    /// The tick.
    pub tick: u64,
    /// The open calls as bits, in the order of [`OpenCalls::NAMES`].
    pub open: u8,
    /// The last tick to accept.
    pub last_accept: u64,
    /// The first tick after the agreement; 0 before the first accept.
    pub end: u64,
    /// The first tick to settle.
    pub due: u64,
}

impl OpenCalls {
    /// The calls, in the order of their bits.
    pub const NAMES: [&str; 6] = ["accept", "cancel", "resign", "release", "report", "settle"];

    /// The names of the open calls.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        let open = self.open;
        (0..).zip(Self::NAMES).filter(move |(bit, _)| has(open, *bit)).map(|(_, name)| name)
    }
}

impl Agreement {
    /// Settles the workers that did not accept, after the time to accept; after the end, also frees the slots
    /// of all workers. Any account may.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// let release = agreement.release().await?;
    /// println!("{} workers were absent", release.absent.count_ones());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [every transaction](crate::Market#transactions), with `WrongState`, `TooEarlyToRelease` or
    /// `NothingToRelease` among the reasons.
    pub async fn release(&self) -> Result<Release, MarketError> {
        let receipt = self.write(&releaseCall { hints: self.hints().await? }).await?;
        let event = receipt.event::<Released>(self.address());
        let Released { absent, freed } = event.ok_or(MarketError::EventMissing("Released"))?;
        Ok(Release { absent, freed, receipt })
    }

    /// The calls that the next transaction can make.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// for name in agreement.open_calls().await?.names() {
    ///     println!("{name}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn open_calls(&self) -> Result<OpenCalls, MarketError> {
        let answer = self.market().node().read_pending(self.contract(), &openCallsCall {}).await?;
        let openCallsReturn { tick, open, lastAccept, end, due } = answer;
        Ok(OpenCalls { tick, open, last_accept: lastAccept, end, due })
    }
}
