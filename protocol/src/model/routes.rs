//! From calls to rules: which calls take wei, which arrays are too long, and how answers are encoded.

use std::vec::Vec;

use alloy_sol_types::SolCall;

use super::order::Want;
use super::views::{price, workers};
use super::{Address, Model, Refusal, deny, no};
use crate::MAX_REDUNDANCY;
use crate::abi::IWorkAgreement::{self as agreement, IWorkAgreementCalls};
use crate::abi::IWorkerDispatcher::{self as dispatcher, IWorkerDispatcherCalls};

/// Encodes what a call answers.
fn answer<C: SolCall>(value: &C::Return) -> Vec<u8> {
    C::abi_encode_returns(value)
}

/// Refuses an array for the dispatcher of more than eight values, whose length is the call's word number `word`.
fn few<T>(values: &[T], word: u32) -> Result<(), Refusal> {
    if values.len() > MAX_REDUNDANCY { no(dispatcher::MalformedCall { word }) } else { Ok(()) }
}

/// [`few`], for an agreement.
fn few_here<T>(values: &[T], word: u32) -> Result<(), Refusal> {
    if values.len() > MAX_REDUNDANCY { deny(agreement::MalformedCall { word }) } else { Ok(()) }
}

impl Model {
    /// Does what `from` asks of the dispatcher, and encodes the answer.
    pub(super) fn dispatch(
        &mut self,
        from: Address,
        value: u128,
        call: &IWorkerDispatcherCalls,
    ) -> Result<Vec<u8>, Refusal> {
        use IWorkerDispatcherCalls as C;
        use dispatcher as d;
        match call {
            C::registerWorker(c) => {
                let number = self.register_worker(from, value, c)?;
                return Ok(answer::<d::registerWorkerCall>(&number));
            }
            C::registerTester(c) => {
                let number = self.register_tester(from, value, c.key)?;
                return Ok(answer::<d::registerTesterCall>(&number));
            }
            C::stake(c) => return self.stake(from, value, c.hint).map(|()| Vec::new()),
            C::buyContract_0(c) => {
                let bought = self.sell(from, value, Want::Usual(c.redundancy, c.length));
                return Ok(answer::<d::buyContract_0Call>(&bought));
            }
            C::buyContract_1(c) => {
                let bought = self.sell(from, value, Want::Cheapest(&c.order));
                return Ok(answer::<d::buyContract_1Call>(&bought));
            }
            C::hire(c) => {
                few(&c.workers, 10)?;
                let bought = self.sell(from, value, Want::Hire(&c.order, &c.workers));
                return Ok(answer::<d::hireCall>(&bought));
            }
            // An agreement's own call is part of its settlement; this is somebody else's.
            C::conclude(_) => return no(d::NotAnAgreement { caller: from }),
            _ if value > 0 => return no(d::NotPayable { value }),
            C::updateWorker(c) => self.update(from, c)?,
            C::setPrice(c) => self.set_price(from, c.price, c.hint)?,
            C::setKey(c) => self.set_key(from, c.key)?,
            C::setAvailable(c) => self.set_available(from, c.available, c.hint)?,
            C::unstake(c) => self.unstake(from, c.amount)?,
            C::list(c) => self.list(c.worker, c.hint)?,
            C::checkIn(_) => self.check_in(from)?,
            C::withdraw(c) => {
                let amount = self.withdraw(from, c.to)?;
                return Ok(answer::<d::withdrawCall>(&amount));
            }
            view => return self.read(view),
        }
        Ok(Vec::new())
    }

    /// What can be read of the dispatcher, encoded.
    fn read(&self, call: &IWorkerDispatcherCalls) -> Result<Vec<u8>, Refusal> {
        use IWorkerDispatcherCalls as C;
        use dispatcher as d;
        Ok(match call {
            C::worker(c) => answer::<d::workerCall>(&self.worker_view(c.account)?),
            C::workers(c) => answer::<d::workersCall>(&self.page(c.from, c.count)),
            C::book(c) => answer::<d::bookCall>(&self.book_view(c.application)),
            C::quote_0(c) => answer::<d::quote_0Call>(&self.quote_usual(c.redundancy, c.length)),
            C::quote_1(c) => answer::<d::quote_1Call>(&self.quote_for(&c.order, None)),
            C::quote_2(c) => {
                few(&c.workers, 10)?;
                answer::<d::quote_2Call>(&self.quote_for(&c.order, Some(&c.workers)))
            }
            C::reputation(c) => answer::<d::reputationCall>(&self.reputation_view(c.account)?),
            C::credit(c) => answer::<d::creditCall>(&self.credit(c.account)),
            C::settings(_) => answer::<d::settingsCall>(&self.settings),
            C::agreement(_) => answer::<d::agreementCall>(&self.implementation),
            C::isAgreement(c) => {
                answer::<d::isAgreementCall>(&self.agreements.contains_key(&c.account))
            }
            C::tick(_) => answer::<d::tickCall>(&self.tick()),
            C::epoch(_) => answer::<d::epochCall>(&self.epoch()),
            C::testerCount(c) => answer::<d::testerCountCall>(&self.places(c.epoch)),
            C::testerAt(c) => {
                let tester = self.tester_at(c.epoch, c.place).unwrap_or_default();
                answer::<d::testerAtCall>(&tester)
            }
            C::keyOf(c) => answer::<d::keyOfCall>(&self.key_of(c.account)),
            // The last of them: everything that is no view was done before.
            _ => answer::<d::workerCountCall>(&self.count()),
        })
    }

    /// Does what `from` asks of what stands at `to`, as an agreement, and encodes the answer.
    pub(super) fn perform(
        &mut self,
        to: Address,
        from: Address,
        value: u128,
        call: &IWorkAgreementCalls,
    ) -> Result<Vec<u8>, Refusal> {
        use IWorkAgreementCalls as C;
        if value > 0 {
            return deny(agreement::NotPayable { value });
        }
        match call {
            C::accept(_) => self.accept(to, from)?,
            C::cancel(_) => self.cancel(to, from)?,
            C::resign(_) => self.resign(to, from)?,
            C::report(c) => {
                few_here(&c.entries, 3)?;
                self.report(to, from, c)?;
            }
            C::settle(c) => {
                few_here(&c.hints, 1)?;
                self.settle(to, from, &c.hints)?;
            }
            view => return self.show(to, from, view),
        }
        Ok(Vec::new())
    }

    /// What can be read of an agreement, encoded.
    fn show(
        &self,
        to: Address,
        from: Address,
        call: &IWorkAgreementCalls,
    ) -> Result<Vec<u8>, Refusal> {
        use IWorkAgreementCalls as C;
        use agreement as a;
        let this = self.agreement(to, from)?;
        let head = &this.terms.head;
        Ok(match call {
            C::client(_) => answer::<a::clientCall>(&head.client),
            C::workers(_) => answer::<a::workersCall>(&workers(this)),
            C::testers(c) => answer::<a::testersCall>(&self.seated(this, c.window)?),
            C::price(_) => answer::<a::priceCall>(&price(this)),
            C::redundancy(_) => answer::<a::redundancyCall>(&head.redundancy),
            C::application(_) => answer::<a::applicationCall>(&head.application),
            C::end(_) => answer::<a::endCall>(&this.end().unwrap_or(0)),
            C::terms(_) => answer::<a::termsCall>(&super::purchase::encoded(&this.terms).into()),
            C::progress(_) => answer::<a::progressCall>(&this.progress()),
            C::reported(c) => answer::<a::reportedCall>(&this.seen(c.place, c.index).into()),
            // The last of them: everything that is no view was done before.
            _ => answer::<a::stateCall>(&this.state(self.tick())),
        })
    }
}
