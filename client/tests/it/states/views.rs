//! The views in the table: every caller gets the same answers, and the open calls are those that succeed.

use std::collections::BTreeSet;

use alloy::primitives::U256;
use alloy::sol_types::SolCall;
use muster_client::protocol::abi::IWorkAgreement::{
    applicationCall, clientCall, endCall, openCallsCall, openCallsReturn, priceCall, progressCall,
    redundancyCall, reportedCall, sharesCall, stateCall, termsCall, testersCall, workersCall,
};

use crate::states::StateScenario;
use crate::states::table::Expected::{self, Done};
use crate::states::table::Phase;

/// Every view, with arguments in range.
pub(crate) fn views() -> Vec<Vec<u8>> {
    let mut calls = vec![
        clientCall {}.abi_encode(),
        workersCall {}.abi_encode(),
        priceCall {}.abi_encode(),
        redundancyCall {}.abi_encode(),
        applicationCall {}.abi_encode(),
        endCall {}.abi_encode(),
        termsCall {}.abi_encode(),
        stateCall {}.abi_encode(),
        progressCall {}.abi_encode(),
        openCallsCall {}.abi_encode(),
        reportedCall { place: 0 }.abi_encode(),
    ];
    for window in (0..4).map(U256::from) {
        calls.push(testersCall { window }.abi_encode());
        calls.push(sharesCall { index: 2, window }.abi_encode());
    }
    calls
}

impl StateScenario {
    /// Every caller gets the same answer of every view.
    pub(crate) async fn check_views(&self) {
        for view in views() {
            let mut answers = BTreeSet::new();
            for caller in &self.callers {
                let to = self.purchase.agreement;
                let answer = self.env.rpc.call(*caller, to, view.clone().into(), 0).await;
                answers.insert(answer.unwrap());
            }
            assert_eq!(answers.len(), 1, "the answers differ");
        }
    }

    /// The calls that are said to be open are those that succeed in this row of the table, and the ticks
    /// that open and close them are right.
    pub(crate) async fn check_open_calls(&self, phase: &Phase, (end, last): (u64, u64)) {
        let to = self.purchase.agreement;
        let answer = self.env.call(self.callers[0], to, &openCallsCall {}, 0).await.unwrap();
        let succeeds = |results: &[Expected]| results.iter().any(|result| matches!(result, Done));
        let calls = [
            succeeds(&phase.accept),
            succeeds(&[phase.cancel]),
            succeeds(&phase.resign),
            succeeds(&[phase.release]),
            succeeds(&phase.report),
            succeeds(&[phase.settle]),
        ];
        let open = (0..).zip(calls).map(|(bit, open)| u8::from(open) << bit).sum();
        let window = u64::from(self.env.settings.reportWindow);
        let due = if end == 0 { last + 1 } else { end + window };
        let tick = self.env.next_tick().await;
        let expected = openCallsReturn { tick, open, lastAccept: last, end, due };
        assert_eq!(answer, expected, "{:?} in {tick}", phase.state);
    }
}
