//! What is compared: views, credits and balances, on the chain and in the model.

use std::collections::BTreeSet;

use alloy::primitives::{Address, Bytes, FixedBytes, U256};
use alloy::sol_types::{SolCall, SolInterface};
use muster_client::protocol::abi::IWorkAgreement::{
    IWorkAgreementErrors, applicationCall, clientCall, endCall, openCallsCall, priceCall,
    progressCall, redundancyCall, reportedCall, sharesCall, stateCall, termsCall, testersCall,
    workersCall as partiesCall,
};
use muster_client::protocol::abi::IWorkerDispatcher::{
    IWorkerDispatcherCalls, IWorkerDispatcherErrors, IWorkerDispatcherEvents as DispatcherEvents,
    agreementCall, bookCall, createdAtCall, creditCall, epochCall, isAgreementCall, keyOfCall,
    listedWorkersCall, quote_0Call, quote_1Call, quote_2Call, reputationCall, settingsCall,
    testerAtCall, testerCountCall, tickCall, workerCall, workerCountCall, workersCall,
};
use muster_client::protocol::abi::Worker;
use muster_client::protocol::model::{ModelCall, ModelEvent, ModelRevert};

use crate::chain::{Query, QueryResult};
use crate::deployed::is_solidity;
use crate::env::DifferentialEnv;
use crate::rng::SeededRng;
use crate::steps::{agreement_call, dispatcher_call};

/// Something to compare.
#[derive(Clone, Debug)]
pub(crate) enum Observable {
    /// The output of a call.
    View(ModelCall),
    /// The balance of an account.
    Balance(Address),
}

/// A view of the dispatcher to compare.
fn dispatcher_view<C: SolCall>(call: &C) -> Observable {
    Observable::View(dispatcher_call(call))
}

/// The revert data of a model's error. The market in Solidity reverts without data on unexpected
/// value.
pub(crate) fn revert_data(refusal: &ModelRevert) -> Bytes {
    match refusal {
        ModelRevert::Dispatcher(IWorkerDispatcherErrors::NotPayable(_))
        | ModelRevert::Agreement(IWorkAgreementErrors::NotPayable(_))
            if is_solidity() =>
        {
            Bytes::new()
        }
        ModelRevert::Dispatcher(error) => error.abi_encode().into(),
        ModelRevert::Agreement(error) => error.abi_encode().into(),
    }
}

impl DifferentialEnv {
    /// The receiver of a call, and its calldata.
    pub(crate) fn encode(&self, call: &ModelCall) -> (Address, Bytes) {
        match call {
            ModelCall::Dispatcher(call) => (self.dispatcher, call.abi_encode().into()),
            ModelCall::Agreement(to, call) => (*to, call.abi_encode().into()),
        }
    }

    /// The query for an observable.
    pub(crate) fn query(&self, observable: &Observable) -> Query {
        match observable {
            Observable::View(call) => {
                let (to, data) = self.encode(call);
                Query::Call(to, data)
            }
            Observable::Balance(account) => Query::Balance(*account),
        }
    }

    /// The model's result.
    pub(crate) fn expected(&mut self, observable: &Observable) -> QueryResult {
        match observable {
            Observable::View(call) => {
                let answer = self.model.call(Address::ZERO, 0, call);
                let answer = answer.map(|done| Bytes::from(done.output));
                QueryResult::Call(answer.map_err(|refusal| revert_data(&refusal)))
            }
            Observable::Balance(account) => {
                QueryResult::Balance(U256::from(self.model.balance(*account)))
            }
        }
    }

    /// The observables that a call may have changed.
    pub(crate) fn affected(
        &self,
        from: Address,
        call: &ModelCall,
        events: &[ModelEvent],
    ) -> Vec<Observable> {
        let mut accounts = BTreeSet::from([from]);
        let mut agreements = BTreeSet::new();
        for event in events {
            match event {
                ModelEvent::Dispatcher(DispatcherEvents::AgreementSettled(settled)) => {
                    accounts.insert(settled.client);
                    accounts.extend(settled.workers.iter().map(|worker| worker.account));
                    accounts.extend(settled.testers.iter().map(|tester| tester.account));
                }
                ModelEvent::Dispatcher(DispatcherEvents::AbsentReleased(released)) => {
                    accounts.insert(released.client);
                    accounts.extend(released.workers.iter().map(|worker| worker.account));
                }
                ModelEvent::Dispatcher(DispatcherEvents::ContractBought(bought)) => {
                    agreements.insert(bought.agreement);
                    accounts.extend(&bought.workers);
                }
                ModelEvent::Dispatcher(DispatcherEvents::Listed(listed)) => {
                    accounts.insert(listed.worker);
                }
                ModelEvent::Dispatcher(_) => {}
                ModelEvent::Agreement(agreement, _) => _ = agreements.insert(*agreement),
            }
        }
        let mut observables = vec![Observable::Balance(self.dispatcher), Observable::Balance(from)];
        for account in accounts {
            observables.push(dispatcher_view(&creditCall { account }));
            observables.push(dispatcher_view(&workerCall { account }));
        }
        for agreement in agreements {
            observables.push(Observable::Balance(agreement));
            observables.push(Observable::View(agreement_call(agreement, &stateCall {})));
            observables.push(Observable::View(agreement_call(agreement, &progressCall {})));
            observables.push(Observable::View(agreement_call(agreement, &endCall {})));
            observables.push(Observable::View(agreement_call(agreement, &openCallsCall {})));
        }
        match call {
            ModelCall::Dispatcher(IWorkerDispatcherCalls::withdraw(withdraw)) => {
                observables.push(Observable::Balance(withdraw.to));
            }
            ModelCall::Dispatcher(_) => {
                observables.push(dispatcher_view(&bookCall { application: FixedBytes::ZERO }));
            }
            ModelCall::Agreement(..) => {}
        }
        observables
    }

    /// All observables.
    pub(crate) fn all_observables(&self, rng: &mut SeededRng) -> Vec<Observable> {
        let count = self.model.count();
        let mut observables = vec![
            dispatcher_view(&workerCountCall {}),
            dispatcher_view(&settingsCall {}),
            dispatcher_view(&agreementCall {}),
            dispatcher_view(&createdAtCall {}),
            dispatcher_view(&tickCall {}),
            dispatcher_view(&epochCall {}),
            dispatcher_view(&isAgreementCall { account: self.dispatcher }),
            Observable::Balance(self.dispatcher),
        ];
        let pages = (0..=count + 1).step_by(16);
        observables.extend(pages.map(|from| dispatcher_view(&workersCall { from, count: 17 })));
        for application in
            [[0; 8], *b"factor\0\0", muster_client::protocol::TESTER_APPLICATION, *b"nothing\0"]
        {
            let application = application.into();
            observables.push(dispatcher_view(&bookCall { application }));
            for (from, count) in [(0, 17), (self.random_number(rng), 5)] {
                observables.push(dispatcher_view(&listedWorkersCall { application, from, count }));
            }
        }
        let epoch = self.model.epoch();
        for epoch in epoch.saturating_sub(1)..=epoch + 1 {
            observables.push(dispatcher_view(&testerCountCall { epoch }));
            let places = 0..=self.model.tester_count(epoch);
            observables.extend(places.map(|place| dispatcher_view(&testerAtCall { epoch, place })));
        }
        for account in self.actors.iter().copied().chain([self.operator, self.reentrant_contract]) {
            observables.push(Observable::Balance(account));
            observables.push(dispatcher_view(&creditCall { account }));
            observables.push(dispatcher_view(&reputationCall { account }));
            observables.push(dispatcher_view(&keyOfCall { account }));
        }
        for _ in 0..5 {
            let order = self.random_order(rng);
            let (redundancy, length) = (order.redundancy, order.length);
            let mut workers = self.model.book(order.application).to_vec();
            workers.sort_unstable();
            workers.truncate(redundancy.saturating_to());
            observables.push(dispatcher_view(&quote_0Call { redundancy, length }));
            observables.push(dispatcher_view(&quote_1Call { order }));
            observables.push(dispatcher_view(&quote_2Call { order, workers }));
        }
        observables.extend(self.model.agreements().map(Observable::Balance));
        observables.extend(
            self.open_agreements
                .iter()
                .flat_map(|agreement| self.agreement_observables(*agreement)),
        );
        observables
    }

    /// All observables of an agreement.
    pub(crate) fn agreement_observables(&self, of: Address) -> Vec<Observable> {
        let head = self.model.terms(of).unwrap().header;
        let mut observables = vec![
            dispatcher_view(&isAgreementCall { account: of }),
            Observable::View(agreement_call(of, &clientCall {})),
            Observable::View(agreement_call(of, &partiesCall {})),
            Observable::View(agreement_call(of, &priceCall {})),
            Observable::View(agreement_call(of, &redundancyCall {})),
            Observable::View(agreement_call(of, &applicationCall {})),
            Observable::View(agreement_call(of, &endCall {})),
            Observable::View(agreement_call(of, &termsCall {})),
            Observable::View(agreement_call(of, &stateCall {})),
            Observable::View(agreement_call(of, &progressCall {})),
            Observable::View(agreement_call(of, &openCallsCall {})),
        ];
        for window in 0..=head.windows.min(4) {
            let window = U256::from(window);
            observables.push(Observable::View(agreement_call(of, &testersCall { window })));
        }
        let last = testersCall { window: U256::from(head.windows) };
        observables.push(Observable::View(agreement_call(of, &last)));
        for window in (0..=head.windows).map(U256::from) {
            let shares = (0..=head.redundancy).map(|index| sharesCall { index, window });
            observables.extend(shares.map(|call| Observable::View(agreement_call(of, &call))));
        }
        for place in 0..=head.pool {
            observables.push(Observable::View(agreement_call(of, &reportedCall { place })));
        }
        observables
    }
}

/// Whether the result is the expected one. A score may differ by two.
pub(crate) fn is_equal(
    observable: &Observable,
    expected: &QueryResult,
    seen: &QueryResult,
) -> bool {
    let (
        Observable::View(ModelCall::Dispatcher(call)),
        QueryResult::Call(Ok(expected)),
        QueryResult::Call(Ok(seen)),
    ) = (observable, expected, seen)
    else {
        return expected == seen;
    };
    let close = |expected: u16, seen: u16| expected.abs_diff(seen) <= 2;
    let alike = |expected: Worker, seen: Worker| {
        close(expected.score, seen.score) && Worker { score: seen.score, ..expected } == seen
    };
    expected == seen
        || match call {
            IWorkerDispatcherCalls::worker(_) => {
                let worker = |bytes| workerCall::abi_decode_returns(bytes).unwrap();
                alike(worker(expected), worker(seen))
            }
            IWorkerDispatcherCalls::workers(_) => {
                let page = |bytes| workersCall::abi_decode_returns(bytes).unwrap();
                let (expected, seen) = (page(expected), page(seen));
                expected.len() == seen.len()
                    && expected.into_iter().zip(seen).all(|(expected, seen)| alike(expected, seen))
            }
            IWorkerDispatcherCalls::listedWorkers(_) => {
                let page = |bytes| listedWorkersCall::abi_decode_returns(bytes).unwrap();
                let (expected, seen) = (page(expected), page(seen));
                expected.len() == seen.len()
                    && expected.into_iter().zip(seen).all(|(expected, seen)| alike(expected, seen))
            }
            IWorkerDispatcherCalls::reputation(_) => {
                let row = |bytes| reputationCall::abi_decode_returns(bytes).unwrap();
                let (mut expected, seen) = (row(expected), row(seen));
                close(expected.score, seen.score) && {
                    expected.score = seen.score;
                    expected == seen
                }
            }
            _ => false,
        }
}
