//! Looking at many agreements at once: as few requests as the answers fit into, however many agreements there are.

use alloy::primitives::{Address, U256};
use alloy::sol_types::SolCall;
use futures::future::{join_all, try_join_all};
use muster_protocol::abi::IWorkAgreement::{
    progressCall, reportedCall, stateCall, termsCall, testersCall,
};
use muster_protocol::abi::IWorkerDispatcher::isAgreementCall;
use muster_protocol::abi::State;
use muster_protocol::layout::{MAX_TERMS, Terms};

use super::seats::Tester;
use super::{Agreement, Progress};
use crate::chain::{Call, Outcome};
use crate::error::{Contract, MarketError};
use crate::market::Market;

/// The bytes of a word in what a contract returns.
const WORD: usize = 32;

/// The bytes of what `progress` returns, the longest answer of a snapshot.
const PROGRESS: usize = 8 * WORD;

/// What one look at an agreement shows, all of it on the same block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Who took part until when.
    pub progress: Progress,
    /// Whether it is over: everybody has been paid, or nobody accepted it.
    pub is_settled: bool,
    /// Whether the report of the place that was asked about is on the chain; `false` without a place.
    pub has_reported: bool,
}

impl Market {
    /// Agreements of this market with their terms: for each address in turn what [`Market::agreement`] returns.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market, addresses: Vec<alloy::primitives::Address>)
    /// #     -> Result<(), muster_client::MarketError> {
    /// for agreement in market.agreements_at(&addresses).await? {
    ///     println!("{} ticks", agreement?.terms().header.length);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`]. In each result those of [`Market::agreement`].
    pub async fn agreements_at(
        &self,
        addresses: &[Address],
    ) -> Result<Vec<Result<Agreement, MarketError>>, MarketError> {
        let dispatcher = Contract::Dispatcher(self.dispatcher());
        let questions = addresses.iter().flat_map(|address| {
            let is_agreement = isAgreementCall { account: *address }.abi_encode();
            let terms = (Contract::Agreement(*address), termsCall {}.abi_encode().into());
            [(dispatcher, is_agreement.into()), terms]
        });
        let questions: Vec<_> = questions.collect();
        let longest = MAX_TERMS.saturating_add(3 * WORD);
        let outcomes = self.node().chain().call_many(&questions, longest).await?;
        let pairs = addresses.iter().zip(outcomes.as_chunks().0);
        Ok(join_all(pairs.map(|(address, pair)| self.read_terms(*address, pair))).await)
    }

    /// An agreement, by whether it is one and its terms.
    async fn read_terms(
        &self,
        address: Address,
        [is_agreement, terms]: &[Outcome; 2],
    ) -> Result<Agreement, MarketError> {
        let chain = self.node().chain();
        let dispatcher = Contract::Dispatcher(self.dispatcher());
        if !chain.decode_outcome::<isAgreementCall>(dispatcher, is_agreement).await? {
            return Err(MarketError::NotAnAgreement(address));
        }
        let bytes = chain.decode_outcome::<termsCall>(Contract::Agreement(address), terms).await?;
        let terms = Terms::decode(&bytes).ok_or(MarketError::InterfaceMismatch {
            contract: address,
            call: termsCall::SIGNATURE,
        })?;
        Ok(Agreement { market: self.clone(), address, terms })
    }

    /// Looks at agreements, each with the tester's place whose report is asked about, if any. What is shown of all of them is
    /// mostly of one block, that of one agreement always.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market, agreement: muster_client::Agreement)
    /// #     -> Result<(), muster_client::MarketError> {
    /// for snapshot in market.snapshots(&[(&agreement, Some(2))]).await? {
    ///     println!("the tester at place 2 reported: {}", snapshot?.has_reported);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`]. In each result [`MarketError::NoContract`] if a reorg has taken the agreement back.
    pub async fn snapshots(
        &self,
        agreements: &[(&Agreement, Option<u32>)],
    ) -> Result<Vec<Result<Snapshot, MarketError>>, MarketError> {
        let questions = agreements.iter().flat_map(|(agreement, place)| {
            let reported = reportedCall { place: place.unwrap_or_default() };
            [progressCall {}.abi_encode(), stateCall {}.abi_encode(), reported.abi_encode()]
                .map(|data| (agreement.contract(), data.into()))
        });
        let questions: Vec<_> = questions.collect();
        let outcomes = self.node().chain().call_many(&questions, PROGRESS).await?;
        let triples = agreements.iter().zip(outcomes.as_chunks().0);
        Ok(join_all(triples.map(|(of, triple)| Snapshot::read(of, triple))).await)
    }
}

impl Snapshot {
    /// What the three answers of an agreement say.
    async fn read(
        (agreement, place): &(&Agreement, Option<u32>),
        [progress, state, reported]: &[Outcome; 3],
    ) -> Result<Self, MarketError> {
        let (chain, contract) = (agreement.market.node().chain(), agreement.contract());
        let progress = chain.decode_outcome::<progressCall>(contract, progress).await?.into();
        let state = chain.decode_outcome::<stateCall>(contract, state).await?;
        let has_reported = chain.decode_outcome::<reportedCall>(contract, reported).await?;
        let is_settled = matches!(state, State::Settled | State::Void);
        Ok(Self { progress, is_settled, has_reported: place.is_some() && has_reported })
    }
}

impl Agreement {
    /// Which of these testers' places have reported, in their order.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// let reported = agreement.which_reported(&[0, 1, 2]).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn which_reported(&self, places: &[u32]) -> Result<Vec<bool>, MarketError> {
        self.read_many(places.iter().map(|place| reportedCall { place: *place }), WORD).await
    }

    /// The testers of several windows, of each in the order of its seats; none before the first accept.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// let of_first_two = agreement.testers_of(&[0, 1]).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Agreement::testers`].
    pub async fn testers_of(&self, windows: &[u8]) -> Result<Vec<Vec<Tester>>, MarketError> {
        let calls = windows.iter().map(|window| testersCall { window: U256::from(*window) });
        // An account and a key for each seat, the length of both lists and their places.
        let seats = usize::from(self.terms().header.testers);
        let longest = seats.saturating_mul(2).saturating_add(4).saturating_mul(WORD);
        let answers = self.read_many(calls, longest).await?;
        Ok(answers.into_iter().map(Tester::list).collect())
    }

    /// Calls the agreement several times on one block.
    async fn read_many<C: SolCall>(
        &self,
        calls: impl Iterator<Item = C>,
        longest: usize,
    ) -> Result<Vec<C::Return>, MarketError> {
        let (chain, contract) = (self.market.node().chain(), self.contract());
        let questions: Vec<Call> = calls.map(|call| (contract, call.abi_encode().into())).collect();
        let outcomes = chain.call_many(&questions, longest).await?;
        let answers = outcomes.iter().map(|outcome| chain.decode_outcome::<C>(contract, outcome));
        try_join_all(answers).await
    }
}
