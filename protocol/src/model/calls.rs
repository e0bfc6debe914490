//! Dispatches calls: checks value and array lengths, and encodes return values.

use std::vec::Vec;

use alloy_sol_types::SolCall;

use super::order::OrderRequest;
use super::{Address, Model, ModelRevert, agreement_revert, dispatcher_revert};
use crate::MAX_REDUNDANCY;
use crate::abi::IWorkAgreement::{self as agreement, IWorkAgreementCalls};
use crate::abi::IWorkerDispatcher::{self as dispatcher, IWorkerDispatcherCalls};

/// Encodes the return value of a call.
fn encode_return<C: SolCall>(value: &C::Return) -> Vec<u8> {
    C::abi_encode_returns(value)
}

/// Reverts a call to the dispatcher with an array of more than eight values; its length is word number `word`.
fn check_dispatcher_array<T>(values: &[T], word: u32) -> Result<(), ModelRevert> {
    if values.len() > MAX_REDUNDANCY {
        dispatcher_revert(dispatcher::MalformedCall { word })
    } else {
        Ok(())
    }
}

/// As [`check_dispatcher_array`], for an agreement.
fn check_agreement_array<T>(values: &[T], word: u32) -> Result<(), ModelRevert> {
    if values.len() > MAX_REDUNDANCY {
        agreement_revert(agreement::MalformedCall { word })
    } else {
        Ok(())
    }
}

impl Model {
    /// Executes a call to the dispatcher.
    pub(super) fn call_dispatcher(
        &mut self,
        from: Address,
        value: u128,
        call: &IWorkerDispatcherCalls,
    ) -> Result<Vec<u8>, ModelRevert> {
        use IWorkerDispatcherCalls as C;
        use dispatcher as d;
        match call {
            C::registerWorker(c) => {
                let number = self.register_worker(from, value, c)?;
                return Ok(encode_return::<d::registerWorkerCall>(&number));
            }
            C::registerTester(c) => {
                let number = self.register_tester(from, value, c.key)?;
                return Ok(encode_return::<d::registerTesterCall>(&number));
            }
            C::stake(c) => return self.stake(from, value, c.hint).map(|()| Vec::new()),
            C::buyContract_0(c) => {
                let bought =
                    self.purchase(from, value, OrderRequest::Default(c.redundancy, c.length));
                return Ok(encode_return::<d::buyContract_0Call>(&bought));
            }
            C::buyContract_1(c) => {
                let bought = self.purchase(from, value, OrderRequest::Cheapest(&c.order));
                return Ok(encode_return::<d::buyContract_1Call>(&bought));
            }
            C::hire(c) => {
                check_dispatcher_array(&c.workers, 10)?;
                let bought = self.purchase(from, value, OrderRequest::Hire(&c.order, &c.workers));
                return Ok(encode_return::<d::hireCall>(&bought));
            }
            // The model settles without this call, so the caller is not an agreement.
            C::conclude(_) => return dispatcher_revert(d::NotAnAgreement { caller: from }),
            _ if value > 0 => return dispatcher_revert(d::NotPayable { value }),
            C::updateWorker(c) => self.update(from, c)?,
            C::setPrice(c) => self.set_price(from, c.price, c.hint)?,
            C::setKey(c) => self.set_key(from, c.key)?,
            C::setAvailable(c) => self.set_available(from, c.available, c.hint)?,
            C::unstake(c) => self.unstake(from, c.amount)?,
            C::list(c) => self.list(c.worker, c.hint)?,
            C::checkIn(_) => self.check_in(from)?,
            C::withdraw(c) => {
                let amount = self.withdraw(from, c.to)?;
                return Ok(encode_return::<d::withdrawCall>(&amount));
            }
            view => return self.view_dispatcher(view),
        }
        Ok(Vec::new())
    }

    /// Evaluates a view of the dispatcher.
    fn view_dispatcher(&self, call: &IWorkerDispatcherCalls) -> Result<Vec<u8>, ModelRevert> {
        use IWorkerDispatcherCalls as C;
        use dispatcher as d;
        Ok(match call {
            C::worker(c) => encode_return::<d::workerCall>(&self.worker_view(c.account)?),
            C::workers(c) => encode_return::<d::workersCall>(&self.worker_page(c.from, c.count)),
            C::book(c) => encode_return::<d::bookCall>(&self.book_view(c.application)),
            C::listedWorkers(c) => {
                let page = self.listed_page(c.application, c.from, c.count);
                encode_return::<d::listedWorkersCall>(&page)
            }
            C::quote_0(c) => {
                encode_return::<d::quote_0Call>(&self.quote_default(c.redundancy, c.length))
            }
            C::quote_1(c) => encode_return::<d::quote_1Call>(&self.quote_for(&c.order, None)),
            C::quote_2(c) => {
                check_dispatcher_array(&c.workers, 10)?;
                encode_return::<d::quote_2Call>(&self.quote_for(&c.order, Some(&c.workers)))
            }
            C::reputation(c) => {
                encode_return::<d::reputationCall>(&self.reputation_view(c.account)?)
            }
            C::credit(c) => encode_return::<d::creditCall>(&self.credit(c.account)),
            C::settings(_) => encode_return::<d::settingsCall>(&self.settings),
            C::agreement(_) => encode_return::<d::agreementCall>(&self.implementation),
            C::isAgreement(c) => {
                encode_return::<d::isAgreementCall>(&self.agreements.contains_key(&c.account))
            }
            C::createdAt(_) => encode_return::<d::createdAtCall>(&self.created_at),
            C::tick(_) => encode_return::<d::tickCall>(&self.tick()),
            C::epoch(_) => encode_return::<d::epochCall>(&self.epoch()),
            C::testerCount(c) => encode_return::<d::testerCountCall>(&self.tester_count(c.epoch)),
            C::testerAt(c) => {
                let tester = self.tester_at(c.epoch, c.place).unwrap_or_default();
                encode_return::<d::testerAtCall>(&tester)
            }
            C::keyOf(c) => encode_return::<d::keyOfCall>(&self.key_of(c.account)),
            // The last view; all transactions were handled before.
            _ => encode_return::<d::workerCountCall>(&self.count()),
        })
    }

    /// Executes a call to the agreement at `to`.
    pub(super) fn call_agreement(
        &mut self,
        to: Address,
        from: Address,
        value: u128,
        call: &IWorkAgreementCalls,
    ) -> Result<Vec<u8>, ModelRevert> {
        use IWorkAgreementCalls as C;
        if value > 0 {
            return agreement_revert(agreement::NotPayable { value });
        }
        match call {
            C::accept(_) => self.accept(to, from)?,
            C::cancel(_) => self.cancel(to, from)?,
            C::resign(_) => self.resign(to, from)?,
            C::release(c) => {
                check_agreement_array(&c.hints, 1)?;
                self.release(to, from, &c.hints)?;
            }
            C::report(c) => self.report(to, from, c)?,
            C::reportBatch(c) => self.report_batch(to, from, &c.reports)?,
            C::settle(c) => {
                check_agreement_array(&c.hints, 1)?;
                self.settle(to, from, &c.hints)?;
            }
            view => return self.view_agreement(to, from, view),
        }
        Ok(Vec::new())
    }

    /// Evaluates a view of an agreement.
    fn view_agreement(
        &self,
        to: Address,
        from: Address,
        call: &IWorkAgreementCalls,
    ) -> Result<Vec<u8>, ModelRevert> {
        use IWorkAgreementCalls as C;
        use agreement as a;
        let this = self.agreement(to, from)?;
        let header = &this.terms.header;
        Ok(match call {
            C::client(_) => encode_return::<a::clientCall>(&header.client),
            C::workers(_) => encode_return::<a::workersCall>(&this.worker_accounts()),
            C::testers(c) => encode_return::<a::testersCall>(&self.seated_testers(this, c.window)?),
            C::price(_) => encode_return::<a::priceCall>(&this.price()),
            C::redundancy(_) => encode_return::<a::redundancyCall>(&header.redundancy),
            C::application(_) => encode_return::<a::applicationCall>(&header.application),
            C::end(_) => encode_return::<a::endCall>(&this.end().unwrap_or(0)),
            C::terms(_) => {
                encode_return::<a::termsCall>(&super::purchase::encode_terms(&this.terms).into())
            }
            C::progress(_) => encode_return::<a::progressCall>(&this.progress()),
            C::openCalls(_) => encode_return::<a::openCallsCall>(&self.open_calls(this)),
            C::shares(c) => encode_return::<a::sharesCall>(&this.shares(c.index, c.window)?),
            C::reported(c) => {
                encode_return::<a::reportedCall>(&this.reports.contains_key(&c.place))
            }
            // The last view; all transactions were handled before.
            _ => encode_return::<a::stateCall>(&this.state(self.tick())),
        })
    }
}
