//! Testers: checking in, places in lists, and the seats that a place draws in an agreement.

use alloy::primitives::{Address, B256, keccak256};
use alloy::sol_types::{SolEvent, SolValue};
use muster_protocol::abi::IWorkerDispatcher::{
    CheckedIn, checkInCall, testerAtCall, testerCountCall,
};
use muster_protocol::draw;
use muster_protocol::layout::Terms;

use crate::backend::{LogFilter, Receipt};
use crate::error::MarketError;
use crate::market::Market;

/// A tester and the key for messages to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tester {
    /// The account.
    pub account: Address,
    /// X-only secp256k1 key.
    pub key: B256,
}

/// A check-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckIn {
    /// Epochs that this account is listed for now, with its place in each list.
    pub places: Vec<(u32, u32)>,
    /// The transaction.
    pub receipt: Receipt,
}

impl Market {
    /// Puts this account into the next epoch's list of testers, and into this one's while it is short.
    ///
    /// # Errors
    /// [`MarketError::Refused`] with `AlreadyCheckedIn`, `NotRegistered`, `WrongApplication` or
    /// `StakeTooLow`; otherwise as for every call that sends.
    pub async fn check_in(&self) -> Result<CheckIn, MarketError> {
        let receipt = self.write(&checkInCall {}, 0).await?;
        let events = receipt.events::<CheckedIn>(self.dispatcher());
        let places: Vec<_> = events.map(|event| (event.epoch, event.place)).collect();
        if places.is_empty() {
            return Err(MarketError::EventMissing("CheckedIn"));
        }
        Ok(CheckIn { places, receipt })
    }

    /// How many places an epoch's list has.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn tester_count(&self, epoch: u32) -> Result<u32, MarketError> {
        self.read(&testerCountCall { epoch }).await
    }

    /// Who has a place of an epoch's list; `None` if nobody has.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn tester_at(&self, epoch: u32, place: u32) -> Result<Option<Address>, MarketError> {
        let account = self.read(&testerAtCall { epoch, place }).await?;
        Ok((!account.is_zero()).then_some(account))
    }

    /// The place of an account in an epoch's list; `None` if it has none.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn place(&self, account: Address, epoch: u32) -> Result<Option<u32>, MarketError> {
        let filter = LogFilter {
            from: 0,
            to: self.node().head().await?.number,
            address: Some(self.dispatcher()),
            topics: [
                vec![CheckedIn::SIGNATURE_HASH],
                vec![account.into_word()],
                vec![B256::from_slice(&epoch.abi_encode())],
            ],
        };
        let logs = self.node().logs(&filter).await?;
        let events = logs.iter().filter_map(|log| CheckedIn::decode_log_data(&log.data).ok());
        Ok(events.last().map(|event| event.place))
    }
}

/// The windows in which `place` holds a seat, bit k for window k, in an agreement with these terms and
/// this seed.
#[must_use]
pub fn seats(terms: &Terms, seed: &[u8; 16], place: u32) -> u32 {
    (0..u32::from(terms.header.windows))
        .filter(|window| window_seats(terms, seed, *window).contains(&place))
        .filter_map(|window| 1_u32.checked_shl(window))
        .fold(0, |seats, bit| seats | bit)
}

/// The places that hold the seats of a window, in order of seats; none if the agreement is not tested.
#[must_use]
pub fn window_seats(terms: &Terms, seed: &[u8; 16], window: u32) -> Vec<u32> {
    let (testers, pool) = (terms.header.testers, terms.header.pool);
    draw::draw_seats(seed, window, testers, pool, |bytes| keccak256(bytes).0)
        .map(|seats| seats.places().collect())
        .unwrap_or_default()
}
