//! Where the gas of a transaction goes: its programs' host calls, as `stylusTracer` tells them.

use std::collections::BTreeMap;

use alloy::primitives::B256;
use serde::{Deserialize, Serialize};

use crate::env::GasEnv;

/// Ink of one unit of gas.
const INK_PER_GAS: u64 = 10_000;

/// One host call, or a frame that EVM code opened.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HostioStep {
    /// Its name.
    name: String,
    /// Ink before.
    start_ink: u64,
    /// Ink after.
    end_ink: u64,
    /// What happened in the frame that it opened.
    #[serde(default)]
    steps: Vec<Self>,
}

/// Gas by host call, with how often it was made, and between host calls.
#[derive(Debug, Default)]
pub(crate) struct HostioGas {
    /// Ink and count by name.
    calls: BTreeMap<String, (u64, u64)>,
}

impl HostioGas {
    /// Those of a transaction.
    pub(crate) async fn of_transaction(env: &GasEnv, transaction: B256) -> Self {
        let mut hostios = Self::default();
        hostios.add(&env.trace(transaction).await);
        hostios
    }

    /// Adds a frame and what it opened; returns the ink of all of it.
    fn add(&mut self, steps: &[HostioStep]) -> u64 {
        // Frames of EVM code have no ink of their own.
        let own: Vec<_> = steps.iter().filter(|step| !step.name.starts_with("evm_")).collect();
        let mut all =
            own.windows(2).map(|pair| pair[0].end_ink.saturating_sub(pair[1].start_ink)).sum();
        self.count("between host calls", all);
        for step in steps {
            let inside = self.add(&step.steps);
            let own = (step.start_ink - step.end_ink).saturating_sub(inside);
            self.count(&step.name, own);
            all += own + inside;
        }
        all
    }

    /// Adds ink under a name.
    fn count(&mut self, name: &str, ink: u64) {
        let entry = self.calls.entry(name.to_owned()).or_default();
        *entry = (entry.0 + ink, entry.1 + 1);
    }

    /// Gas and number of calls by name, the most expensive first.
    pub(crate) fn rows(&self) -> Vec<(&str, u64, u64)> {
        let mut rows: Vec<_> = self
            .calls
            .iter()
            .map(|(name, (ink, count))| (&**name, ink / INK_PER_GAS, *count))
            .collect();
        rows.sort_unstable_by_key(|(name, gas, _)| (u64::MAX - gas, *name));
        rows
    }
}
