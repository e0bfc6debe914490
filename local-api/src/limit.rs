//! How much a token may spend.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::wei::Wei;

/// The seconds of a day.
const DAY: u64 = 86_400;

/// The time to which a limit applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// For ever.
    #[default]
    Lifetime,
    /// A day in UTC.
    Day,
}

/// How much a token may spend. What comes back from agreements is not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpendingLimit {
    /// The most wei of all purchases together.
    pub most: u128,
    /// In which time.
    pub period: Period,
}

/// What a token has spent in the period of its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Spending {
    /// The most of all purchases together.
    pub limit: Wei,
    /// In which time.
    pub period: Period,
    /// What was paid.
    pub spent: Wei,
    /// What purchases that are under way may cost at most.
    pub reserved: Wei,
}

impl Spending {
    /// What may still be spent.
    #[must_use]
    pub const fn left(&self) -> u128 {
        self.limit.0.saturating_sub(self.spent.0).saturating_sub(self.reserved.0)
    }
}

/// The day in UTC of a Unix second, counted from 1970.
pub(crate) fn day_of(second: u64) -> u32 {
    u32::try_from(second.div_euclid(DAY)).unwrap_or(u32::MAX)
}
