//! What a tester saw, line by line, and the report that it adds up to.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use alloy::primitives::Address;
use client::terms::abi::Entry;
use serde::{Deserialize, Serialize};

use crate::error::CliError;

/// One look at one worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sight {
    /// The chain.
    pub(crate) chain: u64,
    /// The agreement.
    pub(crate) agreement: Address,
    /// Place of the worker in the agreement.
    pub(crate) worker: u8,
    /// The window.
    pub(crate) window: u8,
    /// Whether it served.
    pub(crate) served: bool,
    /// Unix seconds.
    pub(crate) at: u64,
}

/// Adds lines to a journal, which is made if there is none.
pub(crate) fn append(path: &Path, sights: &[Sight]) -> Result<(), CliError> {
    let write = || {
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        for sight in sights {
            let mut line = serde_json::to_vec(sight)?;
            line.push(b'\n');
            file.write_all(&line)?;
        }
        file.sync_data()
    };
    write().map_err(|source| CliError::Write { path: path.into(), source })
}

/// All lines of a journal about one agreement.
pub(crate) fn read(path: &Path, chain: u64, agreement: Address) -> Result<Vec<Sight>, CliError> {
    let text =
        fs::read_to_string(path).map_err(|source| CliError::Read { path: path.into(), source })?;
    let mut sights = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let sight: Sight = serde_json::from_str(text).map_err(|_| CliError::BadFile {
            path: path.into(),
            line,
            expected: "expected a line that `muster tester probe` wrote",
        })?;
        if sight.chain == chain && sight.agreement == agreement {
            sights.push(sight);
        }
    }
    Ok(sights)
}

/// What a journal says of each worker: a window was checked if it was looked at, and served if every
/// look found it served.
pub(crate) fn entries(sights: &[Sight]) -> Vec<Entry> {
    let mut workers = BTreeMap::<u8, (u32, u32)>::new();
    for sight in sights {
        let (checked, failed) = workers.entry(sight.worker).or_default();
        let bit = 1_u32.checked_shl(sight.window.into()).unwrap_or_default();
        *checked |= bit;
        if !sight.served {
            *failed |= bit;
        }
    }
    workers
        .into_iter()
        .map(|(index, (checked, failed))| Entry { index, checked, served: checked & !failed })
        .collect()
}

#[cfg(test)]
mod tests {
    use alloy::primitives::Address;
    use client::terms::abi::Entry;

    use super::{Sight, entries};

    /// A look at a worker in a window.
    fn sight(worker: u8, window: u8, served: bool) -> Sight {
        Sight { chain: 1, agreement: Address::ZERO, worker, window, served, at: 0 }
    }

    #[test]
    fn one_failure_fails_a_window_and_workers_come_in_order() {
        let journal = [
            sight(3, 0, true),
            sight(1, 0, true),
            sight(1, 2, true),
            sight(1, 2, false),
            sight(1, 2, true),
        ];
        let expected = [
            Entry { index: 1, checked: 0b101, served: 0b001 },
            Entry { index: 3, checked: 0b001, served: 0b001 },
        ];
        assert_eq!(entries(&journal), expected);
        assert_eq!(entries(&[]), []);
    }
}
