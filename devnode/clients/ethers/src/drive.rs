//! The steps for a counter of either kind.

use std::{sync::Arc, time::Duration};

use ethers::{
    contract::{ContractCall, Event},
    providers::{Middleware, StreamExt},
    types::{Address, H256, TransactionReceipt, U256},
};
use tokio::time::timeout;

use crate::{
    bindings::{AddedFilter, Counter, TooMuch},
    chain::{Chain, Client, decoded, fee, only, receipt, refusal},
    steps::{Outcome, Steps, same},
};

/// The counter.
struct Driven<'a> {
    /// The chain.
    chain: &'a Chain,
    /// The contract.
    counter: Counter<Client>,
    /// Initial value.
    start: U256,
}

/// Drives the counter at `address`, whose value is `start`.
pub(crate) async fn drive(
    steps: &mut Steps,
    chain: &Chain,
    kind: &str,
    address: Address,
    start: U256,
) -> Option<()> {
    let counter = Counter::new(address, Arc::clone(&chain.client));
    let driven = Driven { chain, counter, start };
    let title = |what: &str| format!("{kind}: {what}");
    steps.run(&title("calls"), driven.stands_at(start)).await;
    let transaction = driven.transact();
    let receipt =
        steps.run(&title("sends a transaction and pays for the gas used"), transaction).await?;
    let event = driven.decode_event(&receipt);
    steps.run(&title("decodes the event of the receipt and of a log query"), event).await;
    steps.run(&title("decodes the error of a call that reverts"), driven.decode_error()).await;
    let failure = driven.fail();
    steps.run(&title("a transaction that reverts costs gas and changes nothing"), failure).await;
    steps.run(&title("reads past state"), driven.look_back(&receipt)).await;
    steps.run(&title("receives new events by a filter"), driven.hear()).await
}

impl Driven<'_> {
    /// Checks the value.
    async fn stands_at(&self, number: U256) -> Outcome {
        same(self.counter.number().call().await?, number)
    }

    /// The value after the first transaction.
    fn next(&self) -> U256 {
        self.start + 2
    }

    /// A call that adds.
    fn add(&self, amount: u64) -> ContractCall<Client, U256> {
        self.counter.add(amount.into())
    }

    /// Events of this counter; by default ethers returns those of all contracts.
    fn events(&self) -> Event<Arc<Client>, Client, AddedFilter> {
        self.counter.added_filter().address(self.counter.address().into())
    }

    /// Adds two.
    async fn transact(&self) -> Outcome<TransactionReceipt> {
        let before = self.chain.balance().await?;
        let add = self.add(2);
        same(add.call().await?, self.next())?;
        let estimate = add.estimate_gas().await?;
        let receipt = receipt(add.send().await?).await?;
        self.stands_at(self.next()).await?;
        same(receipt.gas_used.map(|used| used <= estimate), Some(true))?;
        same(self.chain.balance().await?, before - fee(&receipt)?)?;
        Ok(receipt)
    }

    /// Finds the event of that transaction.
    async fn decode_event(&self, receipt: &TransactionReceipt) -> Outcome {
        let by = self.chain.account();
        let expected = AddedFilter { by, amount: 2.into(), total: self.next() };
        same(decoded(receipt)?, vec![expected.clone()])?;
        let search = self.events().from_block(0).topic1(H256::from(by));
        let (event, place) = only(search.query_with_meta().await?)?;
        same((event, place.transaction_hash), (expected, receipt.transaction_hash))
    }

    /// Two calls that revert.
    async fn decode_error(&self) -> Outcome {
        let refused = |amount: u64| TooMuch { amount: amount.into(), limit: 100.into() };
        same(refusal(self.add(1000).call().await)?, refused(1000))?;
        same(refusal(self.add(101).estimate_gas().await)?, refused(101))
    }

    /// Sends a transaction that reverts.
    async fn fail(&self) -> Outcome {
        let before = self.chain.balance().await?;
        let add = self.add(1000).gas(100_000);
        let failure = add.send().await?.await?.ok_or("the transaction is gone")?;
        same((failure.status, failure.logs.len()), (Some(0.into()), 0))?;
        same(self.chain.balance().await?, before - fee(&failure)?)?;
        self.stands_at(self.next()).await
    }

    /// Compares the transaction's block with the one before.
    async fn look_back(&self, receipt: &TransactionReceipt) -> Outcome {
        let client = &self.chain.client;
        let height = receipt.block_number.ok_or("no block in the receipt")?;
        same(self.counter.number().block(height - 1).call().await?, self.start)?;
        let slot = client.get_storage_at(self.counter.address(), H256::zero(), Some(height.into()));
        same(U256::from_big_endian(slot.await?.as_bytes()), self.next())?;
        let block = client.get_block_with_txs(height).await?.ok_or("no block")?;
        let told =
            client.get_transaction(receipt.transaction_hash).await?.ok_or("no transaction")?;
        same(block.hash, receipt.block_hash)?;
        same(
            (told.recover_from()?, told.hash()),
            (self.chain.account(), receipt.transaction_hash),
        )?;
        same(block.transactions, vec![told])
    }

    /// Receives the event of an addition through a subscription.
    async fn hear(&self) -> Outcome {
        let total = self.counter.number().call().await? + 1;
        let events = self.events();
        let mut news = events.stream().await?;
        receipt(self.add(1).send().await?).await?;
        let event =
            timeout(Duration::from_secs(10), news.next()).await?.ok_or("no more news")??;
        same(event, AddedFilter { by: self.chain.account(), amount: 1.into(), total })
    }
}
