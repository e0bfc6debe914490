//! Past events, in the order of the chain.

use std::collections::{HashMap, hash_map::Entry};

use alloy::primitives::{Address, B256};
use alloy::sol_types::SolEvent;
use muster_protocol::abi::IWorkAgreement::IWorkAgreementEvents;
use muster_protocol::abi::IWorkerDispatcher::{
    AgreementSettled, Burned, ContractBought, isAgreementCall,
};

use super::record::EventRecord;
use crate::backend::{Log, LogFilter};
use crate::error::MarketError;
use crate::market::Market;

impl Market {
    /// All events of the market in these blocks, first and last included, in the order of the chain.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// let head = market.node().head().await?;
    /// for record in market.history(head.number - 100, head.number).await? {
    ///     println!("block {}: {:?}", record.block, record.event);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn history(&self, from: u64, to: u64) -> Result<Vec<EventRecord>, MarketError> {
        self.history_with_cache(from, to, &mut HashMap::new()).await
    }

    /// As [`Market::history`], for a reader that has seen all earlier events: `is_known` says whether an account is an
    /// agreement that was bought before block `from`, so that no contract is asked.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// let from = market.created_at().await?;
    /// let head = market.node().head().await?.number;
    /// let all = market.history_after(from, head, |_| Ok::<_, muster_client::MarketError>(false)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`], or that of `is_known`.
    pub async fn history_after<E: From<MarketError>>(
        &self,
        from: u64,
        to: u64,
        mut is_known: impl FnMut(Address) -> Result<bool, E>,
    ) -> Result<Vec<EventRecord>, E> {
        let (of_dispatcher, of_agreements) = self.all_logs(from, to).await?;
        let bought = of_dispatcher.iter().filter_map(decode::<ContractBought>);
        let mut known: HashMap<_, _> = bought.map(|event| (event.agreement, true)).collect();
        for log in &of_agreements {
            if let Entry::Vacant(entry) = known.entry(log.address) {
                entry.insert(is_known(log.address)?);
            }
        }
        Ok(self.genuine_records(of_dispatcher, of_agreements, &known))
    }

    /// As [`Market::history`], with a cache of which accounts are agreements of this market.
    pub(super) async fn history_with_cache(
        &self,
        from: u64,
        to: u64,
        known_agreements: &mut HashMap<Address, bool>,
    ) -> Result<Vec<EventRecord>, MarketError> {
        let (of_dispatcher, of_agreements) = self.all_logs(from, to).await?;
        let bought = of_dispatcher.iter().filter_map(decode::<ContractBought>);
        known_agreements.extend(bought.map(|event| (event.agreement, true)));
        for log in &of_agreements {
            if let Entry::Vacant(entry) = known_agreements.entry(log.address) {
                let call = isAgreementCall { account: log.address };
                entry.insert(self.read(&call).await?);
            }
        }
        Ok(self.genuine_records(of_dispatcher, of_agreements, known_agreements))
    }

    /// The logs of the dispatcher in these blocks, and those of all contracts that have the types of an agreement's events:
    /// every agreement has an address of its own.
    async fn all_logs(&self, from: u64, to: u64) -> Result<(Vec<Log>, Vec<Log>), MarketError> {
        let (from, address) = (self.first_block(from).await?, Some(self.dispatcher()));
        let of_dispatcher = LogFilter { from, to, address, ..LogFilter::default() };
        let of_dispatcher = self.node().chain().logs(&of_dispatcher).await?;
        let kinds = IWorkAgreementEvents::SELECTORS.iter().copied().map(B256::new).collect();
        let topics = [kinds, vec![], vec![]];
        let of_agreements = LogFilter { from, to, topics, ..LogFilter::default() };
        Ok((of_dispatcher, self.node().chain().logs(&of_agreements).await?))
    }

    /// The records of the dispatcher's logs, and of those of agreements that this market created.
    fn genuine_records(
        &self,
        of_dispatcher: Vec<Log>,
        of_agreements: Vec<Log>,
        known_agreements: &HashMap<Address, bool>,
    ) -> Vec<EventRecord> {
        let genuine = of_agreements
            .into_iter()
            .filter(|log| known_agreements.get(&log.address) == Some(&true));
        self.decode_records(of_dispatcher.into_iter().chain(genuine))
    }

    /// All events about one agreement in these blocks.
    pub(super) async fn agreement_history(
        &self,
        agreement: Address,
        from: u64,
        to: u64,
    ) -> Result<Vec<EventRecord>, MarketError> {
        let address = Some(agreement);
        let own = LogFilter { from, to, address, ..LogFilter::default() };
        let kinds = vec![
            ContractBought::SIGNATURE_HASH,
            AgreementSettled::SIGNATURE_HASH,
            Burned::SIGNATURE_HASH,
        ];
        let topics = [kinds, vec![agreement.into_word()], vec![]];
        let about = LogFilter { from, to, address: Some(self.dispatcher()), topics };
        let chain = self.node().chain();
        let (own, about) = (chain.logs(&own).await?, chain.logs(&about).await?);
        Ok(self.decode_records(own.into_iter().chain(about)))
    }

    /// The first block from `from` on that can have an event of the market.
    async fn first_block(&self, from: u64) -> Result<u64, MarketError> {
        Ok(self.created_at().await?.max(from))
    }

    /// Logs of the market's contracts, decoded and in the order of the chain.
    fn decode_records(&self, logs: impl Iterator<Item = Log>) -> Vec<EventRecord> {
        let dispatcher = self.dispatcher();
        let mut history: Vec<_> =
            logs.filter_map(|log| EventRecord::decode(&log, dispatcher)).collect();
        history.sort_by_key(|item| (item.block, item.log_index));
        history
    }

    /// All agreements that were bought, oldest first.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// for address in market.agreements().await? {
    ///     println!("{:?}", market.agreement(address).await?.state().await?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn agreements(&self) -> Result<Vec<Address>, MarketError> {
        let head = self.node().head().await?.number;
        Ok(self.purchases(0, head).await?.into_iter().map(|bought| bought.agreement).collect())
    }

    /// All purchases in these blocks, first and last included, oldest first.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// let head = market.node().head().await?;
    /// let spent: u128 = market.purchases(0, head.number).await?.iter().map(|bought| bought.escrow).sum();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn purchases(&self, from: u64, to: u64) -> Result<Vec<ContractBought>, MarketError> {
        let filter = LogFilter {
            from: self.first_block(from).await?,
            to,
            address: Some(self.dispatcher()),
            topics: [vec![ContractBought::SIGNATURE_HASH], vec![], vec![]],
        };
        let logs = self.node().chain().logs(&filter).await?;
        Ok(logs.iter().filter_map(decode).collect())
    }
}

/// A log as an event of this type; `None` if it is of another.
fn decode<E: SolEvent>(log: &Log) -> Option<E> {
    E::decode_log_data(&log.data).ok()
}
