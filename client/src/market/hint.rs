//! Hints: the position of a worker in its book, which is sorted by price.
//!
//! The dispatcher walks only a few steps from a hint. The client reads the whole book, so its hints are
//! right however long the book is.

use std::collections::HashMap;

use alloy::primitives::{Address, FixedBytes};
use muster_protocol::abi::Worker;

use super::Market;
use crate::error::MarketError;

impl Market {
    /// The number of the worker behind which `account` belongs in the book of `application` at this price:
    /// the last one that is not more expensive, `account` itself left out; 0 is the front.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// let application = muster_client::Application::default();
    /// let hint = market.hint(application.0, market.account()?, 1_000).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn hint(
        &self,
        application: FixedBytes<8>,
        account: Address,
        price: u128,
    ) -> Result<u32, MarketError> {
        let book = self.book(application).await?;
        if book.head == 0 {
            return Ok(0);
        }
        let workers = self.workers().await?;
        Ok(find_hint(&workers, book.head, account, price))
    }

    /// The hints for these accounts at their current prices.
    pub(crate) async fn hints(
        &self,
        application: FixedBytes<8>,
        accounts: impl Iterator<Item = Address>,
    ) -> Result<Vec<u32>, MarketError> {
        let head = self.book(application).await?.head;
        let workers = if head == 0 { Vec::new() } else { self.workers().await? };
        let prices: HashMap<_, _> =
            workers.iter().map(|worker| (worker.account, worker.price)).collect();
        let hint = |account| {
            let price = prices.get(&account).copied().unwrap_or_default();
            find_hint(&workers, head, account, price)
        };
        Ok(accounts.map(hint).collect())
    }

    /// As [`Market::hint_for`], for this account.
    pub(super) async fn own_hint(&self, price: Option<u128>) -> Result<u32, MarketError> {
        self.hint_for(self.account()?, price).await
    }

    /// The hint for a registered account, at this price or at the one it has.
    pub(super) async fn hint_for(
        &self,
        account: Address,
        price: Option<u128>,
    ) -> Result<u32, MarketError> {
        let worker = self.worker(account).await?;
        self.hint(worker.application, account, price.unwrap_or(worker.price)).await
    }
}

/// Walks the book from `head`. If workers moved while the pages were read, the walk may end early; the hint
/// is then a few steps off, which the dispatcher corrects.
fn find_hint(workers: &[Worker], head: u32, account: Address, price: u128) -> u32 {
    let by_number: HashMap<u32, &Worker> = workers.iter().map(|w| (w.number, w)).collect();
    let mut next = by_number.get(&head);
    let mut behind = 0;
    for _ in workers {
        let Some(worker) = next.filter(|worker| worker.price <= price) else { break };
        if worker.account != account {
            behind = worker.number;
        }
        next = by_number.get(&worker.next);
    }
    behind
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{Address, Bytes, FixedBytes};
    use alloy::sol_types::SolCall;
    use muster_protocol::abi::IWorkerDispatcher::{
        bookCall, bookReturn, settingsCall, workerCountCall, workersCall,
    };
    use muster_protocol::abi::{Clock, Worker};
    use muster_protocol::settings;

    use super::find_hint;
    use crate::backend::mock::MockBackend;
    use crate::market::Market;

    /// A listed worker whose account is its number.
    fn worker(number: u32, price: u128, next: u32) -> Worker {
        Worker {
            account: Address::left_padding_from(&number.to_be_bytes()),
            number,
            price,
            maxLength: 100,
            promised: 9_000,
            capacity: 1,
            available: true,
            listed: true,
            next,
            ..Worker::default()
        }
    }

    /// 3 (price 5) → 1 (price 7) → 4 (price 7) → 2 (price 9).
    fn book() -> Vec<Worker> {
        vec![worker(1, 7, 4), worker(2, 9, 0), worker(3, 5, 1), worker(4, 7, 2)]
    }

    /// The output of a dispatcher with 100 workers of prices 1 to 100, listed in reverse order of their
    /// numbers.
    fn dispatcher(data: &Bytes) -> Bytes {
        if let Ok(call) = workersCall::abi_decode(data) {
            let page = (call.from..=100).take(usize::try_from(call.count.min(16)).unwrap());
            let page = page.map(|number| {
                worker(number, 101_u32.abs_diff(number).into(), number.saturating_sub(1))
            });
            return workersCall::abi_encode_returns(&page.collect()).into();
        }
        if workerCountCall::abi_decode(data).is_ok() {
            return workerCountCall::abi_encode_returns(&100).into();
        }
        if bookCall::abi_decode(data).is_ok() {
            let book = bookReturn { head: 100, listed: 100, registered: 100 };
            return bookCall::abi_encode_returns(&book).into();
        }
        assert!(settingsCall::abi_decode(data).is_ok(), "{data}");
        settingsCall::abi_encode_returns(&settings::dev(Clock::Second)).into()
    }

    #[tokio::test]
    async fn hints_cover_a_book_of_many_pages() {
        let (node, _) = MockBackend::new(|call, _| Ok(dispatcher(&call.data))).node();
        let market = Market::open(node, Address::ZERO).await.unwrap();
        for (price, behind) in [(0, 0), (1, 100), (40, 61), (100, 1), (5_000, 1)] {
            let hint = market.hint(FixedBytes::ZERO, Address::ZERO, price).await.unwrap();
            assert_eq!(hint, behind, "price {price}");
        }
    }

    #[test]
    fn the_hint_is_the_last_worker_at_most_as_expensive() {
        let outsider = Address::repeat_byte(0xff);
        let behind = |price| find_hint(&book(), 3, outsider, price);
        assert_eq!([4, 5, 6, 7, 8, 9, 10].map(behind), [0, 3, 3, 4, 4, 2, 2]);
    }

    #[test]
    fn the_hint_is_never_the_worker_itself() {
        let workers = book();
        let behind = |number: u32, price| {
            let account = Address::left_padding_from(&number.to_be_bytes());
            find_hint(&workers, 3, account, price)
        };
        assert_eq!(behind(3, 5), 0);
        assert_eq!(behind(4, 7), 1);
        assert_eq!(behind(2, 20), 4);
    }

    #[test]
    fn a_cyclic_book_ends_the_search() {
        let cycle = [worker(1, 1, 2), worker(2, 1, 1)];
        assert_eq!(find_hint(&cycle, 1, Address::ZERO, 1), 2);
    }

    #[test]
    fn an_unknown_head_gives_the_hint_zero() {
        assert_eq!(find_hint(&book(), 9, Address::ZERO, 100), 0);
    }
}
