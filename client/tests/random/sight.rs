//! What is compared: views, credits and balances, as the chain has them and as the model has them.

use std::collections::BTreeSet;

use alloy::primitives::{Address, Bytes, FixedBytes, U256};
use alloy::sol_types::{SolCall, SolInterface};
use muster_client::protocol::abi::IWorkAgreement::{
    IWorkAgreementErrors, applicationCall, clientCall, endCall, priceCall, progressCall,
    redundancyCall, reportedCall, stateCall, termsCall, testersCall, workersCall as partiesCall,
};
use muster_client::protocol::abi::IWorkerDispatcher::{
    IWorkerDispatcherCalls, IWorkerDispatcherErrors, IWorkerDispatcherEvents as Said,
    agreementCall, bookCall, creditCall, epochCall, isAgreementCall, keyOfCall, quote_0Call,
    quote_1Call, quote_2Call, reputationCall, settingsCall, testerAtCall, testerCountCall,
    tickCall, workerCall, workerCountCall, workersCall,
};
use muster_client::protocol::abi::Worker;
use muster_client::protocol::model::{ModelCall, ModelEvent, ModelRevert};

use crate::chain::{Look, Seen};
use crate::deployed::is_twin;
use crate::dice::Dice;
use crate::steps::{contract, market};
use crate::world::World;

/// Something to compare.
#[derive(Clone, Debug)]
pub(crate) enum Sight {
    /// What a call answers.
    View(ModelCall),
    /// What an account holds.
    Balance(Address),
}

/// A call to the dispatcher as something to compare.
fn view<C: SolCall>(call: &C) -> Sight {
    Sight::View(market(call))
}

/// The data of a refusal. The twin refuses wei that nobody asked for without a word.
pub(crate) fn data(refusal: &ModelRevert) -> Bytes {
    match refusal {
        ModelRevert::Dispatcher(IWorkerDispatcherErrors::NotPayable(_))
        | ModelRevert::Agreement(IWorkAgreementErrors::NotPayable(_))
            if is_twin() =>
        {
            Bytes::new()
        }
        ModelRevert::Dispatcher(error) => error.abi_encode().into(),
        ModelRevert::Agreement(error) => error.abi_encode().into(),
    }
}

impl World {
    /// Where a call goes, and its calldata.
    pub(crate) fn encode(&self, call: &ModelCall) -> (Address, Bytes) {
        match call {
            ModelCall::Dispatcher(call) => (self.dispatcher, call.abi_encode().into()),
            ModelCall::Agreement(to, call) => (*to, call.abi_encode().into()),
        }
    }

    /// How a sight is looked at.
    pub(crate) fn look(&self, sight: &Sight) -> Look {
        match sight {
            Sight::View(call) => {
                let (to, data) = self.encode(call);
                Look::Answer(to, data)
            }
            Sight::Balance(account) => Look::Balance(*account),
        }
    }

    /// What must be seen.
    pub(crate) fn expect(&mut self, sight: &Sight) -> Seen {
        match sight {
            Sight::View(call) => {
                let answer = self.model.call(Address::ZERO, 0, call);
                let answer = answer.map(|done| Bytes::from(done.output));
                Seen::Answer(answer.map_err(|refusal| data(&refusal)))
            }
            Sight::Balance(account) => Seen::Balance(U256::from(self.model.balance(*account))),
        }
    }

    /// What a call may have touched.
    pub(crate) fn touched(
        &self,
        from: Address,
        call: &ModelCall,
        events: &[ModelEvent],
    ) -> Vec<Sight> {
        let mut accounts = BTreeSet::from([from]);
        let mut agreements = BTreeSet::new();
        for event in events {
            match event {
                ModelEvent::Dispatcher(Said::AgreementSettled(settled)) => {
                    accounts.insert(settled.client);
                    accounts.extend(settled.workers.iter().map(|worker| worker.account));
                    accounts.extend(settled.testers.iter().map(|tester| tester.account));
                }
                ModelEvent::Dispatcher(Said::ContractBought(bought)) => {
                    agreements.insert(bought.agreement);
                    accounts.extend(&bought.workers);
                }
                ModelEvent::Dispatcher(Said::Listed(listed)) => _ = accounts.insert(listed.worker),
                ModelEvent::Dispatcher(_) => {}
                ModelEvent::Agreement(agreement, _) => _ = agreements.insert(*agreement),
            }
        }
        let mut sights = vec![Sight::Balance(self.dispatcher), Sight::Balance(from)];
        for account in accounts {
            sights.push(view(&creditCall { account }));
            sights.push(view(&workerCall { account }));
        }
        for agreement in agreements {
            sights.push(Sight::Balance(agreement));
            sights.push(Sight::View(contract(agreement, &stateCall {})));
            sights.push(Sight::View(contract(agreement, &progressCall {})));
            sights.push(Sight::View(contract(agreement, &endCall {})));
        }
        match call {
            ModelCall::Dispatcher(IWorkerDispatcherCalls::withdraw(withdraw)) => {
                sights.push(Sight::Balance(withdraw.to));
            }
            ModelCall::Dispatcher(_) => {
                sights.push(view(&bookCall { application: FixedBytes::ZERO }))
            }
            ModelCall::Agreement(..) => {}
        }
        sights
    }

    /// Everything that there is to see.
    pub(crate) fn everything(&self, dice: &mut Dice) -> Vec<Sight> {
        let count = self.model.count();
        let mut sights = vec![
            view(&workerCountCall {}),
            view(&settingsCall {}),
            view(&agreementCall {}),
            view(&tickCall {}),
            view(&epochCall {}),
            view(&isAgreementCall { account: self.dispatcher }),
            Sight::Balance(self.dispatcher),
        ];
        let pages = (0..=count + 1).step_by(16);
        sights.extend(pages.map(|from| view(&workersCall { from, count: 17 })));
        for application in
            [[0; 8], *b"factor\0\0", muster_client::protocol::TESTER_APPLICATION, *b"nothing\0"]
        {
            sights.push(view(&bookCall { application: application.into() }));
        }
        let epoch = self.model.epoch();
        for epoch in epoch.saturating_sub(1)..=epoch + 1 {
            sights.push(view(&testerCountCall { epoch }));
            let places = 0..=self.model.tester_count(epoch);
            sights.extend(places.map(|place| view(&testerAtCall { epoch, place })));
        }
        for account in self.actors.iter().copied().chain([self.operator, self.intruder]) {
            sights.push(Sight::Balance(account));
            sights.push(view(&creditCall { account }));
            sights.push(view(&reputationCall { account }));
            sights.push(view(&keyOfCall { account }));
        }
        for _ in 0..5 {
            let order = self.order(dice);
            let (redundancy, length) = (order.redundancy, order.length);
            let mut workers = self.model.book(order.application).to_vec();
            workers.sort_unstable();
            workers.truncate(redundancy.saturating_to());
            sights.push(view(&quote_0Call { redundancy, length }));
            sights.push(view(&quote_1Call { order }));
            sights.push(view(&quote_2Call { order, workers }));
        }
        sights.extend(self.model.agreements().map(Sight::Balance));
        sights.extend(self.open.iter().flat_map(|agreement| self.inside(*agreement)));
        sights
    }

    /// Everything that there is to see of an agreement.
    pub(crate) fn inside(&self, of: Address) -> Vec<Sight> {
        let head = self.model.terms(of).unwrap().header;
        let mut sights = vec![
            view(&isAgreementCall { account: of }),
            Sight::View(contract(of, &clientCall {})),
            Sight::View(contract(of, &partiesCall {})),
            Sight::View(contract(of, &priceCall {})),
            Sight::View(contract(of, &redundancyCall {})),
            Sight::View(contract(of, &applicationCall {})),
            Sight::View(contract(of, &endCall {})),
            Sight::View(contract(of, &termsCall {})),
            Sight::View(contract(of, &stateCall {})),
            Sight::View(contract(of, &progressCall {})),
        ];
        for window in 0..=head.windows.min(4) {
            let window = U256::from(window);
            sights.push(Sight::View(contract(of, &testersCall { window })));
        }
        let last = testersCall { window: U256::from(head.windows) };
        sights.push(Sight::View(contract(of, &last)));
        for place in 0..head.pool {
            let worker = |index| reportedCall { place, index };
            let workers = (0..=head.redundancy).map(worker);
            sights.extend(workers.map(|call| Sight::View(contract(of, &call))));
        }
        sights
    }
}

/// Whether what was seen is what was expected. A score may be off by two.
pub(crate) fn same(sight: &Sight, expected: &Seen, seen: &Seen) -> bool {
    let (
        Sight::View(ModelCall::Dispatcher(call)),
        Seen::Answer(Ok(expected)),
        Seen::Answer(Ok(seen)),
    ) = (sight, expected, seen)
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
