//! The expected result of every call by every caller, from a row of the table.

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::sol_types::SolCall;
use muster_client::protocol::abi::IWorkAgreement::{
    AlreadyAccepted, AlreadyReported, AlreadyResigned, CannotShorten, NotAWorker, NotAccepted,
    NotTheClient, NotTheTester, NothingToRelease, PlaceOutOfRange, TooEarlyToRelease,
    TooLateToAccept, WindowUnknown, WrongState, acceptCall, cancelCall, releaseCall,
    reportBatchCall, reportCall, resignCall, settleCall, sharesCall, testersCall,
};
use muster_client::protocol::abi::State;
use muster_client::{Market, PostedReport, RevertReason, encode_batch, encode_entries};

use crate::harness::expected::agreement_error;
use crate::harness::receipts::probed;
use crate::states::StateScenario;
use crate::states::table::Expected::{self, Absent, Again, Done, Early, Late, Wrong};
use crate::states::table::Phase;

/// Whether one of these markets is an account's.
fn is_account_of(who: &Market, account: Address) -> bool {
    who.account().unwrap() == account
}

impl StateScenario {
    /// Every call that changes something, and one that is out of range, with the caller's expected
    /// result: in this tick, with this last tick to accept and this end.
    pub(crate) fn expected_results(
        &self,
        caller: Address,
        phase: &Phase,
        (tick, last, end): (u64, u64, u64),
    ) -> Vec<(Vec<u8>, Result<(), RevertReason>)> {
        let state = phase.state;
        let result = |expected, again| match expected {
            Done => Ok(()),
            Wrong => agreement_error(WrongState { state }),
            Late => agreement_error(TooLateToAccept { tick, last }),
            Early => agreement_error(TooEarlyToRelease { tick, last }),
            Again => again,
            Absent => agreement_error(NotAccepted { worker: caller }),
        };
        let chosen = self.workers.iter().take(3).position(|worker| is_account_of(worker, caller));
        let worker = |expected: [Expected; 3], again| match chosen {
            Some(index) => result(expected[index], again),
            None => agreement_error(NotAWorker { caller }),
        };
        let accepted = worker(phase.accept, agreement_error(AlreadyAccepted { worker: caller }));
        let resigned = worker(phase.resign, agreement_error(AlreadyResigned { worker: caller }));
        let cancelled = if is_account_of(&self.client, caller) {
            result(phase.cancel, agreement_error(CannotShorten { end }))
        } else {
            agreement_error(NotTheClient { caller })
        };
        let mut acts = vec![
            (acceptCall {}.abi_encode(), accepted),
            (resignCall {}.abi_encode(), resigned),
            (cancelCall {}.abi_encode(), cancelled),
            (settleCall { hints: vec![] }.abi_encode(), result(phase.settle, Ok(()))),
            (
                releaseCall { hints: vec![] }.abi_encode(),
                result(phase.release, agreement_error(NothingToRelease {})),
            ),
        ];
        // A batch whose only report is skipped succeeds.
        let zero = B256::ZERO;
        let skipped =
            PostedReport { place: 9, salt: zero, r: zero, vs: zero, entries: Bytes::new() };
        let batch = reportBatchCall { reports: encode_batch(&[skipped]) };
        acts.push((batch.abi_encode(), result(phase.report[1], Ok(()))));
        let holders = self.testers.iter().map(Some).chain([None, None]);
        for (place, holder) in (0..).zip(holders) {
            let [speaks, silent] = phase.report;
            let own = if place == 0 { speaks } else { silent };
            let reported = match holder {
                None if state == State::Reporting => {
                    agreement_error(PlaceOutOfRange { place, pool: 3 })
                }
                Some(holder) if matches!(own, Done) && !is_account_of(holder, caller) => {
                    agreement_error(NotTheTester { place, caller })
                }
                _ => result(own, agreement_error(AlreadyReported { place })),
            };
            let report = reportCall { place, salt: zero, entries: encode_entries(&probed(0, "0")) };
            acts.push((report.abi_encode(), reported));
        }
        let window = U256::from(4);
        for beyond in
            [testersCall { window }.abi_encode(), sharesCall { index: 0, window }.abi_encode()]
        {
            acts.push((beyond, agreement_error(WindowUnknown { window, windows: 4 })));
        }
        acts
    }
}
