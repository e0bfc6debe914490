//! The market's history: what its contracts said, as typed items in the order in which it happened.

use std::collections::{HashMap, hash_map::Entry};

use alloy::primitives::{Address, B256};
use alloy::sol_types::{SolEvent, SolEventInterface};
use muster_protocol::abi::IWorkAgreement::{IWorkAgreementEvents, Reported};
use muster_protocol::abi::IWorkerDispatcher::{
    AgreementSettled, Burned, ContractBought, IWorkerDispatcherEvents, isAgreementCall,
};

use crate::agreement::Agreement;
use crate::backend::{Log, LogFilter};
use crate::error::MarketError;
use crate::market::Market;

/// Something that happened on the market.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRecord {
    /// What happened.
    pub event: MarketEvent,
    /// The block it happened in.
    pub block: u64,
    /// Place among the events of that block.
    pub log_index: u64,
    /// The transaction it happened in.
    pub transaction: B256,
}

/// What one of the market's contracts said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarketEvent {
    /// The dispatcher.
    Dispatcher(IWorkerDispatcherEvents),
    /// An agreement, at this address.
    Agreement(Address, IWorkAgreementEvents),
}

impl Market {
    /// What happened in these blocks, first and last included.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn history(&self, from: u64, to: u64) -> Result<Vec<EventRecord>, MarketError> {
        self.history_with_cache(from, to, &mut HashMap::new()).await
    }

    /// The same, where it is known of these accounts whether they are agreements of this market.
    pub(crate) async fn history_with_cache(
        &self,
        from: u64,
        to: u64,
        known_agreements: &mut HashMap<Address, bool>,
    ) -> Result<Vec<EventRecord>, MarketError> {
        let address = Some(self.dispatcher());
        let ours = LogFilter { from, to, address, ..LogFilter::default() };
        let ours = self.node().logs(&ours).await?;
        let bought = ours.iter().filter_map(|log| ContractBought::decode_log_data(&log.data).ok());
        known_agreements.extend(bought.map(|event| (event.agreement, true)));
        // Agreements have addresses of their own: everybody's events of these types, then only those of
        // agreements that this market made.
        let kinds = IWorkAgreementEvents::SELECTORS.iter().copied().map(B256::new).collect();
        let theirs =
            LogFilter { from, to, topics: [kinds, vec![], vec![]], ..LogFilter::default() };
        let theirs = self.node().logs(&theirs).await?;
        for log in &theirs {
            if let Entry::Vacant(place) = known_agreements.entry(log.address) {
                let call = isAgreementCall { account: log.address };
                place.insert(self.read(&call).await?);
            }
        }
        let theirs =
            theirs.into_iter().filter(|log| known_agreements.get(&log.address) == Some(&true));
        Ok(self.decode_records(ours.into_iter().chain(theirs)))
    }

    /// What happened to one agreement in these blocks.
    pub(crate) async fn agreement_history(
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
        let (own, about) = (self.node().logs(&own).await?, self.node().logs(&about).await?);
        Ok(self.decode_records(own.into_iter().chain(about)))
    }

    /// Logs of the market's contracts, read and in order.
    fn decode_records(&self, logs: impl Iterator<Item = Log>) -> Vec<EventRecord> {
        let mut history: Vec<_> = logs.filter_map(|log| self.decode_record(&log)).collect();
        history.sort_by_key(|item| (item.block, item.log_index));
        history
    }

    /// All agreements that were bought, oldest first.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn agreements(&self) -> Result<Vec<Address>, MarketError> {
        self.agreements_until(self.node().head().await?.number).await
    }

    /// What was bought in these blocks, first and last included, oldest first.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn purchases(&self, from: u64, to: u64) -> Result<Vec<ContractBought>, MarketError> {
        let filter = LogFilter {
            from,
            to,
            address: Some(self.dispatcher()),
            topics: [vec![ContractBought::SIGNATURE_HASH], vec![], vec![]],
        };
        let logs = self.node().logs(&filter).await?;
        Ok(logs.iter().filter_map(|log| ContractBought::decode_log_data(&log.data).ok()).collect())
    }

    /// All agreements that were bought up to a block, oldest first.
    async fn agreements_until(&self, to: u64) -> Result<Vec<Address>, MarketError> {
        Ok(self.purchases(0, to).await?.into_iter().map(|bought| bought.agreement).collect())
    }

    /// What a log of one of the market's contracts says; `None` if it is nothing we know.
    fn decode_record(&self, log: &Log) -> Option<EventRecord> {
        let (topics, data) = (log.data.topics(), &log.data.data);
        let event = if log.address == self.dispatcher() {
            MarketEvent::Dispatcher(IWorkerDispatcherEvents::decode_raw_log(topics, data).ok()?)
        } else {
            MarketEvent::Agreement(
                log.address,
                IWorkAgreementEvents::decode_raw_log(topics, data).ok()?,
            )
        };
        let Log { block, log_index: index, transaction, .. } = *log;
        Some(EventRecord { event, block, log_index: index, transaction })
    }
}

impl Agreement {
    /// What its testers reported, in the order in which they did.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn reports(&self) -> Result<Vec<Reported>, MarketError> {
        let filter = LogFilter {
            from: self.terms().header.block,
            to: self.market().node().head().await?.number,
            address: Some(self.address()),
            topics: [vec![Reported::SIGNATURE_HASH], vec![], vec![]],
        };
        let logs = self.market().node().logs(&filter).await?;
        Ok(logs.iter().filter_map(|log| Reported::decode_log_data(&log.data).ok()).collect())
    }

    /// What it paid when it ended; `None` if it has not ended.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn settlement(&self) -> Result<Option<AgreementSettled>, MarketError> {
        let filter = LogFilter {
            from: self.terms().header.block,
            to: self.market().node().head().await?.number,
            address: Some(self.market().dispatcher()),
            topics: [
                vec![AgreementSettled::SIGNATURE_HASH],
                vec![self.address().into_word()],
                vec![],
            ],
        };
        let logs = self.market().node().logs(&filter).await?;
        Ok(logs.iter().find_map(|log| AgreementSettled::decode_log_data(&log.data).ok()))
    }
}
