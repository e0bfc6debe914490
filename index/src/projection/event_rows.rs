//! Rows that are written once: events as they are, what they are about, and what is kept over time.

use std::collections::BTreeSet;

use alloy::primitives::{Address, B256, IntoLogData};
use muster_client::protocol::abi::IWorkAgreement::{IWorkAgreementEvents as Agreement, Reported};
use muster_client::protocol::abi::IWorkerDispatcher::{
    CheckedIn, IWorkerDispatcherEvents as Dispatcher,
};
use muster_client::protocol::abi::WorkerResult;
use muster_client::protocol::layout::Terms;
use muster_client::{EventRecord, MarketEvent, Payment};

use super::apply::Applying;
use crate::database::values;
use crate::day::day_of;
use crate::error::IndexError;

impl Applying<'_> {
    /// Adds an event as the chain has it, and what it is about.
    pub(super) fn insert_event(&mut self, record: &EventRecord) -> Result<(), IndexError> {
        let (contract, log) = match &record.event {
            MarketEvent::Dispatcher(event) => (None, event.to_log_data()),
            MarketEvent::Agreement(agreement, event) => (Some(*agreement), event.to_log_data()),
        };
        let topics: Vec<u8> = log.topics().iter().flat_map(|topic| topic.0).collect();
        let sql = "INSERT INTO events (market, block, log_index, transaction_hash, contract, name, topics, data) \
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let place = self.place;
        let (block, index, hash) = (place.block.number, place.log_index, place.transaction);
        let name = event_name(&record.event, log.topics().first());
        // The dispatcher's address is that of the market: it is not repeated.
        let contract = contract.unwrap_or_default();
        let data = log.data.as_ref();
        let row = values![self.market, block, index, hash, contract, name, topics, data];
        self.database.execute(sql, &row)?;
        let sql =
            "INSERT INTO subjects (market, subject, block, log_index) VALUES (?1, ?2, ?3, ?4)";
        for subject in subjects(&record.event) {
            self.database.execute(sql, &values![self.market, subject, block, index])?;
        }
        Ok(())
    }

    /// Adds an entry of a statement; `position` counts those of the same event.
    pub(super) fn insert_entry(
        &mut self,
        position: u32,
        payment: &Payment,
    ) -> Result<(), IndexError> {
        let sql = "INSERT INTO entries (market, account, block, log_index, position, time, kind, amount, agreement, transaction_hash) \
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        let place = self.place;
        let row = values![
            self.market,
            payment.account,
            place.block.number,
            place.log_index,
            position,
            place.block.time,
            payment.kind.name(),
            payment.amount,
            payment.agreement,
            place.transaction,
        ];
        self.database.execute(sql, &row)?;
        Ok(())
    }

    /// Adds the workers of an agreement that was just bought.
    pub(super) fn insert_seats(
        &mut self,
        agreement: Address,
        terms: &Terms,
    ) -> Result<(), IndexError> {
        let sql = "INSERT INTO seats (market, agreement, position, account, application, price, day, number, block) \
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING";
        let (block, header) = (self.place.block, &terms.header);
        let day = day_of(block.time);
        for (position, worker) in (0_u8..).zip(terms.workers()) {
            let row = values![
                self.market,
                agreement,
                position,
                worker.account,
                header.application,
                worker.price,
                day,
                header.number,
                block.number,
            ];
            self.database.execute(sql, &row)?;
        }
        Ok(())
    }

    /// Adds what a worker got and lost.
    pub(super) fn insert_result(
        &mut self,
        agreement: Address,
        result: &WorkerResult,
    ) -> Result<(), IndexError> {
        let sql = "INSERT INTO results (market, agreement, account, pay, slash, fees, accepted, resigned, ticks, known, uptime, block) \
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT DO NOTHING";
        let row = values![
            self.market,
            agreement,
            result.account,
            result.pay,
            result.slash,
            result.fees,
            result.accepted,
            result.resigned,
            result.ticks,
            result.known,
            result.uptime,
            self.place.block.number,
        ];
        self.database.execute(sql, &row)?;
        Ok(())
    }

    /// Adds a report. Returns whether it was not there.
    pub(super) fn insert_report(
        &mut self,
        agreement: Address,
        report: &Reported,
    ) -> Result<bool, IndexError> {
        let sql = "INSERT INTO reports (market, agreement, place, tester, findings, block) \
            VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
        let (block, findings) = (self.place.block.number, report.findings.as_ref());
        let row = values![self.market, agreement, report.place, report.tester, findings, block];
        Ok(self.database.execute(sql, &row)? != 0)
    }

    /// Adds a place of a list of testers. Returns whether it was not there.
    pub(super) fn insert_place(&mut self, event: &CheckedIn) -> Result<bool, IndexError> {
        let sql = "INSERT INTO places (market, epoch, place, tester, block) \
            VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
        let block = self.place.block.number;
        let row = values![self.market, event.epoch, event.place, event.tester, block];
        Ok(self.database.execute(sql, &row)? != 0)
    }

    /// Adds a price that a worker has from now on.
    pub(super) fn insert_price(&mut self, account: Address, price: u128) -> Result<(), IndexError> {
        let sql = "INSERT INTO prices (market, account, block, log_index, time, price) \
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let (block, index) = (self.place.block, self.place.log_index);
        let row = values![self.market, account, block.number, index, block.time, price];
        self.database.execute(sql, &row)?;
        Ok(())
    }

    /// Adds a score that a worker has from now on.
    pub(super) fn insert_score(&mut self, account: Address, score: u16) -> Result<(), IndexError> {
        let sql = "INSERT INTO scores (market, account, block, log_index, time, score) \
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let (block, index) = (self.place.block, self.place.log_index);
        let row = values![self.market, account, block.number, index, block.time, score];
        self.database.execute(sql, &row)?;
        Ok(())
    }
}

/// The event's name in the interface.
fn event_name(event: &MarketEvent, topic: Option<&B256>) -> &'static str {
    let (selectors, names) = match event {
        MarketEvent::Dispatcher(_) => (Dispatcher::SELECTORS, Dispatcher::VARIANT_NAMES),
        MarketEvent::Agreement(..) => (Agreement::SELECTORS, Agreement::VARIANT_NAMES),
    };
    let found = topic.and_then(|topic| selectors.iter().position(|selector| *selector == topic.0));
    found.and_then(|found| names.get(found)).copied().unwrap_or_default()
}

/// The accounts and agreements that an event is about.
fn subjects(event: &MarketEvent) -> BTreeSet<Address> {
    let results = |agreement, client, workers: &[WorkerResult]| {
        let accounts = workers.iter().map(|worker| worker.account);
        accounts.chain([agreement, client]).collect::<Vec<_>>()
    };
    let all = match event {
        MarketEvent::Dispatcher(event) => match event {
            Dispatcher::WorkerRegistered(e) => vec![e.worker],
            Dispatcher::WorkerUpdated(e) => vec![e.worker],
            Dispatcher::KeyChanged(e) => vec![e.worker],
            Dispatcher::AvailabilityChanged(e) => vec![e.worker],
            Dispatcher::Listed(e) => vec![e.worker],
            Dispatcher::Unlisted(e) => vec![e.worker],
            Dispatcher::StakeChanged(e) => vec![e.worker],
            Dispatcher::CheckedIn(e) => vec![e.tester],
            Dispatcher::ContractBought(e) => {
                e.workers.iter().copied().chain([e.agreement, e.client]).collect()
            }
            Dispatcher::PurchaseRefused(e) => vec![e.client],
            Dispatcher::AgreementSettled(e) => {
                let testers = e.testers.iter().map(|tester| tester.account);
                results(e.agreement, e.client, &e.workers).into_iter().chain(testers).collect()
            }
            Dispatcher::AbsentReleased(e) => results(e.agreement, e.client, &e.workers),
            Dispatcher::Burned(e) => vec![e.agreement],
            Dispatcher::ReputationChanged(e) => vec![e.worker],
            Dispatcher::Credited(e) => vec![e.account],
            Dispatcher::Withdrawn(e) => vec![e.account, e.to],
        },
        MarketEvent::Agreement(agreement, event) => match event {
            Agreement::Accepted(e) => vec![*agreement, e.worker],
            Agreement::Reported(e) => vec![*agreement, e.tester],
            Agreement::Resigned(e) => vec![*agreement, e.worker],
            Agreement::Started(_)
            | Agreement::Cancelled(_)
            | Agreement::Released(_)
            | Agreement::ReportSkipped(_)
            | Agreement::Closed(_) => vec![*agreement],
        },
    };
    all.into_iter().collect()
}
