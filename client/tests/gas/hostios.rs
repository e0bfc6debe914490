//! The gas of a transaction by hostio, as `stylusTracer` reports it.

use std::collections::BTreeMap;

use alloy::primitives::B256;
use serde::{Deserialize, Serialize};

use crate::env::GasEnv;

/// Ink of one unit of gas.
const INK_PER_GAS: u64 = 10_000;

/// One hostio, or a frame that EVM code opened.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HostioStep {
    /// Its name.
    name: String,
    /// The ink before it.
    start_ink: u64,
    /// The ink after it.
    end_ink: u64,
    /// The steps of the frame that it opened.
    #[serde(default)]
    steps: Vec<Self>,
}

/// The gas and the number of calls of each hostio, and the gas between hostios.
#[derive(Debug, Default)]
pub(crate) struct HostioGas {
    /// Ink and count by name.
    calls: BTreeMap<String, (u64, u64)>,
}

impl HostioGas {
    /// The hostios of a transaction.
    pub(crate) async fn of_transaction(env: &GasEnv, transaction: B256) -> Self {
        let mut hostios = Self::default();
        hostios.add(&env.trace(transaction).await);
        hostios
    }

    /// Adds a frame and the frames that it opened. Returns the ink of all of it.
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
