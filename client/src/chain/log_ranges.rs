//! Logs of many blocks from nodes that answer for few: what a node refuses is asked for in halves, and ranges grow again.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::backend::{Log, LogFilter};
use crate::error::{BackendError, NodeError};

/// After so many answers in a row, a range is tried that is twice as long.
const ANSWERS_TO_GROW: u32 = 8;

/// How many blocks a node answers for at once, as far as is known.
#[derive(Debug)]
pub(super) struct LogRanges {
    /// The number of blocks of the next request.
    blocks: AtomicU64,
}

impl Default for LogRanges {
    fn default() -> Self {
        Self { blocks: AtomicU64::new(u64::MAX) }
    }
}

impl LogRanges {
    /// The logs that match, in the order of the chain, in as many requests as the node wants.
    ///
    /// # Errors
    /// That of a request which is no matter of its range, or is refused for a single block.
    pub(super) async fn read<F: Future<Output = Result<Vec<Log>, BackendError>>>(
        &self,
        filter: &LogFilter,
        request: impl Fn(LogFilter) -> F,
    ) -> Result<Vec<Log>, BackendError> {
        let mut blocks = self.blocks.load(Ordering::Relaxed);
        let (mut logs, mut from, mut answers) = (Vec::new(), filter.from, 0_u32);
        while from <= filter.to {
            let to = from.saturating_add(blocks.saturating_sub(1)).min(filter.to);
            match request(LogFilter { from, to, ..filter.clone() }).await {
                Ok(found) => {
                    logs.extend(found);
                    let Some(next) = to.checked_add(1) else { break };
                    from = next;
                    answers = answers.saturating_add(1);
                    if answers >= ANSWERS_TO_GROW {
                        (blocks, answers) = (blocks.saturating_mul(2), 0);
                    }
                }
                Err(error) if to > from && may_be_range(&error) => {
                    let refused = to.saturating_sub(from).saturating_add(1);
                    (blocks, answers) = (refused.div_euclid(2), 0);
                }
                Err(error) => return Err(error),
            }
            self.blocks.store(blocks, Ordering::Relaxed);
        }
        Ok(logs)
    }
}

/// Whether a shorter range may be answered. Each provider says so in other words and under other codes, or as an HTTP status;
/// what a node says of too many requests, and what no node says, is something else.
const fn may_be_range(error: &BackendError) -> bool {
    matches!(error, BackendError::Node(NodeError::Rpc { .. } | NodeError::NotANode { .. }))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use alloy::primitives::{Address, B256, LogData};

    use super::*;

    /// A node that has a log in every third block.
    #[derive(Default)]
    struct TestNode {
        /// The most blocks of a request.
        blocks: Option<u64>,
        /// The most logs of an answer.
        results: Option<usize>,
        /// What it says of more.
        refusal: Option<fn() -> NodeError>,
        /// The ranges that it was asked for.
        asked: RefCell<Vec<(u64, u64)>>,
    }

    fn rpc(code: i64, message: &str) -> NodeError {
        NodeError::Rpc { code, message: message.into() }
    }

    fn log(block: u64) -> Log {
        Log {
            address: Address::ZERO,
            data: LogData::default(),
            block,
            log_index: 0,
            transaction: B256::ZERO,
        }
    }

    impl TestNode {
        fn answer(&self, filter: &LogFilter) -> Result<Vec<Log>, BackendError> {
            self.asked.borrow_mut().push((filter.from, filter.to));
            let logs: Vec<_> =
                (filter.from..=filter.to).filter(|n| n.is_multiple_of(3)).map(log).collect();
            let blocks = u64::try_from((filter.from..=filter.to).count()).unwrap();
            if self.blocks.is_some_and(|most| blocks > most)
                || self.results.is_some_and(|most| logs.len() > most)
            {
                return Err(BackendError::Node(self.refusal.unwrap()()));
            }
            Ok(logs)
        }

        async fn read(&self, ranges: &LogRanges, to: u64) -> Result<Vec<u64>, BackendError> {
            let filter = LogFilter { from: 10, to, ..LogFilter::default() };
            let logs = ranges.read(&filter, async |filter| self.answer(&filter)).await?;
            Ok(logs.iter().map(|log| log.block).collect())
        }
    }

    fn expected(to: u64) -> Vec<u64> {
        (10..=to).filter(|n| n.is_multiple_of(3)).collect()
    }

    #[tokio::test]
    async fn a_node_without_limits_is_asked_once() {
        let node = TestNode::default();
        assert_eq!(node.read(&LogRanges::default(), 50_000).await.unwrap(), expected(50_000));
        assert_eq!(*node.asked.borrow(), [(10, 50_000)]);
        assert_eq!(node.read(&LogRanges::default(), 9).await.unwrap(), [0_u64; 0]);
        assert_eq!(node.asked.borrow().len(), 1, "nothing is asked for no block");
    }

    #[tokio::test]
    async fn whatever_words_a_provider_has_for_its_limit_all_logs_come_in_order() {
        let refusals: [fn() -> NodeError; 7] = [
            || rpc(-32_005, "query returned more than 10000 results"),
            || rpc(-32_602, "eth_getLogs is limited to a 10,000 range"),
            || rpc(-32_600, "You can make eth_getLogs requests with up to a 10 block range."),
            || rpc(-32_000, "exceed maximum block range: 500"),
            || rpc(-32_005, "limit exceeded"),
            || rpc(-32_614, "range too large"),
            || NodeError::NotANode {
                url: "".into(),
                source: "HTTP error 413 with body: request entity too large".into(),
            },
        ];
        for refusal in refusals {
            for (blocks, results) in
                [(Some(10), None), (Some(500), None), (Some(1), None), (None, Some(100))]
            {
                let node =
                    TestNode { blocks, results, refusal: Some(refusal), ..TestNode::default() };
                let ranges = LogRanges::default();
                assert_eq!(node.read(&ranges, 20_000).await.unwrap(), expected(20_000));
                let fewest = 19_991_u64.div_euclid(blocks.unwrap_or(300));
                let requests = u64::try_from(node.asked.borrow().len()).unwrap();
                assert!(
                    requests < fewest.saturating_mul(3).saturating_add(40),
                    "{requests} requests for {fewest} ranges"
                );
                // What was learned is used by the next question.
                let before = node.asked.borrow().len();
                node.read(&ranges, 30_000).await.unwrap();
                let (from, to) = node.asked.borrow()[before];
                assert!(to.abs_diff(from) <= blocks.unwrap_or(300).saturating_mul(2));
            }
        }
    }

    #[tokio::test]
    async fn what_is_no_matter_of_the_range_is_not_asked_again() {
        let failures: [fn() -> NodeError; 2] = [
            || NodeError::RateLimited { message: "".into(), retry_after: None },
            || NodeError::Unreachable { url: "".into(), source: "connection refused".into() },
        ];
        for failure in failures {
            let node = TestNode { blocks: Some(1), refusal: Some(failure), ..TestNode::default() };
            assert!(node.read(&LogRanges::default(), 20_000).await.is_err());
            assert_eq!(node.asked.borrow().len(), 1);
        }
        let refusal: fn() -> NodeError = || rpc(-32_000, "no");
        let node = TestNode { blocks: Some(0), refusal: Some(refusal), ..TestNode::default() };
        assert!(node.read(&LogRanges::default(), 1_000).await.is_err(), "not a single block");
        assert!(node.asked.borrow().len() < 15);
    }
}
