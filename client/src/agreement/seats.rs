//! The seats of an agreement: which testers are drawn for which window.

use alloy::primitives::{Address, B256, U256, keccak256};
use muster_protocol::abi::IWorkAgreement::{testersCall, testersReturn};
use muster_protocol::draw;
use muster_protocol::layout::Terms;

use super::Agreement;
use crate::error::MarketError;

/// A tester that holds a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tester {
    /// The account.
    pub account: Address,
    /// The key for messages to it: x-only, on secp256k1.
    pub key: B256,
}

impl Tester {
    /// The testers of a window, from the contract's answer.
    pub(super) fn list(answer: testersReturn) -> Vec<Self> {
        let pairs = answer.accounts.into_iter().zip(answer.keys);
        pairs.map(|(account, key)| Self { account, key }).collect()
    }
}

impl Agreement {
    /// The testers of a window in the order of its seats; none before the first accept.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// for tester in agreement.testers(0).await? {
    ///     println!("{}", tester.account);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Refused`] with `WindowUnknown`; [`MarketError::Node`].
    pub async fn testers(&self, window: u8) -> Result<Vec<Tester>, MarketError> {
        Ok(Tester::list(self.read(&testersCall { window: U256::from(window) }).await?))
    }

    /// The place of an account in the list from which this agreement draws its testers.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// let place = agreement.place(agreement.market().account()?).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::NotListed`] if it has none, or one that is too late for this agreement;
    /// [`MarketError::Node`].
    pub async fn place(&self, account: Address) -> Result<u32, MarketError> {
        let (epoch, pool) = (self.terms().header.epoch, self.terms().header.pool);
        let place = self.market().place(account, epoch).await?.filter(|place| *place < pool);
        place.ok_or(MarketError::NotListed { account, epoch })
    }

    /// The windows in which an account holds a seat, bit k for window k; 0 before the first accept.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// let seats = agreement.seats(agreement.market().account()?).await?;
    /// println!("{} windows to test", seats.count_ones());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Agreement::place`].
    pub async fn seats(&self, account: Address) -> Result<u32, MarketError> {
        let place = self.place(account).await?;
        let progress = self.progress().await?;
        let started = progress.start() != 0;
        Ok(if started { seats(self.terms(), &progress.seed, place) } else { 0 })
    }
}

/// The windows in which `place` holds a seat, bit k for window k, in an agreement with these terms and this
/// seed.
#[must_use]
pub fn seats(terms: &Terms, seed: &[u8; 16], place: u32) -> u32 {
    (0..u32::from(terms.header.windows))
        .filter(|window| window_seats(terms, seed, *window).contains(&place))
        .filter_map(|window| 1_u32.checked_shl(window))
        .fold(0, |seats, bit| seats | bit)
}

/// Whether a place holds a seat in a window, by the windows that [`seats`] gives for it.
#[must_use]
pub fn holds_seat(seats: u32, window: u8) -> bool {
    seats.checked_shr(window.into()).is_some_and(|bits| bits & 1 == 1)
}

/// The places that hold the seats of a window, in the order of seats; none if the agreement is not tested.
#[must_use]
pub fn window_seats(terms: &Terms, seed: &[u8; 16], window: u32) -> Vec<u32> {
    let (testers, pool) = (terms.header.testers, terms.header.pool);
    draw::draw_seats(seed, window, testers, pool, |bytes| keccak256(bytes).0)
        .map(|seats| seats.places().collect())
        .unwrap_or_default()
}
