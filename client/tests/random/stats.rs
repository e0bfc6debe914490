//! How often what happened, so that a reader sees what a run was worth.

use std::collections::BTreeMap;
use std::fmt::{Debug, Display, Formatter, Result as FmtResult};

use muster_client::protocol::abi::IWorkerDispatcher::IWorkerDispatcherEvents as DispatcherEvents;
use muster_client::protocol::model::{ModelEvent, ModelOutcome, ModelRevert};

/// Counts by name.
#[derive(Debug, Default)]
pub(crate) struct Stats(BTreeMap<String, u64>);

impl Stats {
    /// Counts so many more.
    fn add(&mut self, name: &str, times: u64) {
        *self.0.entry(name.to_owned()).or_default() += times;
    }

    /// Counts what another one has counted.
    pub(crate) fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|(name, times)| self.add(name, *times));
    }

    /// Counts what a call did.
    pub(crate) fn count(&mut self, outcome: &Result<ModelOutcome, ModelRevert>) {
        match outcome {
            Ok(done) => done.events.iter().for_each(|event| self.count_event(event)),
            Err(ModelRevert::Dispatcher(error)) => {
                self.add(&format!("refused: {}", variant_name(error)), 1)
            }
            Err(ModelRevert::Agreement(error)) => {
                self.add(&format!("agreement refused: {}", variant_name(error)), 1);
            }
        }
    }

    /// Counts an event, and what it says of purchases and verdicts.
    fn count_event(&mut self, event: &ModelEvent) {
        match event {
            ModelEvent::Dispatcher(DispatcherEvents::PurchaseRefused(refused)) => {
                self.add(&format!("not sold: {:?}", refused.reason), 1);
            }
            ModelEvent::Dispatcher(DispatcherEvents::AgreementSettled(settled)) => {
                for worker in &settled.workers {
                    self.add("windows served", worker.served.into());
                    self.add("windows failed", worker.failed.into());
                    self.add("workers slashed", (worker.slash > 0).into());
                }
                self.add("AgreementSettled", 1);
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

/// The name of an event or a refusal.
fn variant_name(what: &impl Debug) -> String {
    let words = format!("{what:?}");
    words.split('(').next().unwrap_or_default().to_owned()
}
