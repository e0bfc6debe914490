//! Statistics of a run: which calls, errors and events it had.

use std::collections::BTreeMap;
use std::fmt::{Debug, Display, Formatter, Result as FmtResult};

use muster_client::protocol::abi::IWorkAgreement::{
    IWorkAgreementErrors, IWorkAgreementEvents as AgreementEvents,
};
use muster_client::protocol::abi::IWorkerDispatcher::IWorkerDispatcherEvents as DispatcherEvents;
use muster_client::protocol::model::{ModelEvent, ModelOutcome, ModelRevert};

/// Counts by name.
#[derive(Debug, Default)]
pub(crate) struct Stats(BTreeMap<String, u64>);

impl Stats {
    /// Adds to a count.
    fn add(&mut self, name: &str, times: u64) {
        *self.0.entry(name.to_owned()).or_default() += times;
    }

    /// Adds the counts of another run.
    pub(crate) fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|(name, times)| self.add(name, *times));
    }

    /// Counts the outcome of a call.
    pub(crate) fn count(&mut self, outcome: &Result<ModelOutcome, ModelRevert>) {
        match outcome {
            Ok(done) => done.events.iter().for_each(|event| self.count_event(event)),
            Err(ModelRevert::Dispatcher(error)) => {
                self.add(&format!("refused: {}", variant_name(error)), 1);
            }
            Err(ModelRevert::Agreement(error)) => {
                self.add(&format!("agreement refused: {}", variant_name(error)), 1);
            }
        }
    }

    /// Counts an event, and the reasons and shares in it.
    fn count_event(&mut self, event: &ModelEvent) {
        match event {
            ModelEvent::Dispatcher(DispatcherEvents::PurchaseRefused(refused)) => {
                self.add(&format!("not sold: {:?}", refused.reason), 1);
            }
            ModelEvent::Dispatcher(DispatcherEvents::AgreementSettled(settled)) => {
                for worker in &settled.workers {
                    self.add("windows known", worker.known.into());
                    let partly = (1..10_000).contains(&worker.uptime);
                    self.add("workers that served a part", partly.into());
                    self.add("workers slashed", (worker.slash > 0).into());
                    self.add(
                        "workers slashed that accepted",
                        (worker.accepted && worker.slash > 0).into(),
                    );
                }
                self.add("AgreementSettled", 1);
            }
            ModelEvent::Agreement(_, AgreementEvents::ReportSkipped(skipped)) => {
                let error = IWorkAgreementErrors::name_by_selector(skipped.reason.0);
                self.add(&format!("skipped: {}", error.unwrap_or("?")), 1);
            }
            ModelEvent::Dispatcher(event) => self.add(&variant_name(event), 1),
            ModelEvent::Agreement(_, event) => self.add(&variant_name(event), 1),
        }
    }
}

impl Display for Stats {
    fn fmt(&self, out: &mut Formatter<'_>) -> FmtResult {
        self.0.iter().try_for_each(|(name, times)| writeln!(out, "{times:>8}  {name}"))
    }
}

/// The name of an event or an error.
fn variant_name(what: &impl Debug) -> String {
    let words = format!("{what:?}");
    words.split('(').next().unwrap_or_default().to_owned()
}
