//! What a tester saw, line by line, the session in which it looked, and the report that it adds up to.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use alloy::primitives::{Address, B256};
use client::terms::abi::Entry;
use client::{ServiceReceipt, Session, failed_entry};
use serde::{Deserialize, Serialize};

use crate::error::CliError;

/// Whose doing lines are about; a file may hold more than one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Job {
    /// The chain.
    pub(crate) chain: u64,
    /// The agreement.
    pub(crate) agreement: Address,
    /// Who tests.
    pub(crate) tester: Address,
}

/// One look at one worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sight {
    /// Place of the worker in the agreement.
    pub(crate) worker: u8,
    /// The window.
    pub(crate) window: u8,
    /// The receipt that came with the right answer; nothing if the worker failed.
    pub(crate) receipt: Option<ServiceReceipt>,
    /// Unix seconds.
    pub(crate) at: u64,
}

/// What a line says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Note {
    /// The session was opened with this salt.
    Session(B256),
    /// Somebody was looked at.
    Sight(Sight),
}

/// A line.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Line {
    /// What it is about.
    #[serde(flatten)]
    job: Job,
    /// What it says.
    note: Note,
}

/// The lines of a file about one job.
#[derive(Debug)]
pub(crate) struct Journal {
    /// The file.
    path: PathBuf,
    /// What the lines are about.
    job: Job,
    /// In which all looks are.
    pub(crate) session: Session,
    /// All looks, oldest first.
    sights: Vec<Sight>,
}

impl Journal {
    /// The journal of a job; a new one, with a session that nobody can guess, if there is none.
    pub(crate) fn open(path: &Path, job: Job) -> Result<Self, CliError> {
        if let Some(journal) = Self::read(path, job)? {
            return Ok(journal);
        }
        let session = Session::random();
        let journal = Self { path: path.into(), job, session, sights: Vec::new() };
        journal.append(&[Note::Session(session.salt)])?;
        Ok(journal)
    }

    /// The journal of a job; `None` if there is none.
    pub(crate) fn read(path: &Path, job: Job) -> Result<Option<Self>, CliError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(CliError::Read { path: path.into(), source }),
        };
        let (mut salt, mut sights) = (None, Vec::new());
        for (number, text) in (1..).zip(text.lines()) {
            let line: Line = serde_json::from_str(text).map_err(|_| CliError::BadFile {
                path: path.into(),
                line: number,
                expected: "expected a line that `muster tester probe` wrote",
            })?;
            match line.note {
                _ if line.job != job => {}
                Note::Session(first) => salt = salt.or(Some(first)),
                Note::Sight(sight) => sights.push(sight),
            }
        }
        let journal =
            salt.map(|salt| Self { path: path.into(), job, session: Session { salt }, sights });
        Ok(journal)
    }

    /// Adds what was seen.
    pub(crate) fn add(&self, sights: Vec<Sight>) -> Result<(), CliError> {
        self.append(&sights.into_iter().map(Note::Sight).collect::<Vec<_>>())
    }

    /// What it says of each worker.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        entries(&self.sights)
    }

    /// Writes lines.
    fn append(&self, notes: &[Note]) -> Result<(), CliError> {
        let write = || -> io::Result<()> {
            let mut file = OpenOptions::new().create(true).append(true).open(&self.path)?;
            for note in notes {
                let line = Line { job: self.job, note: note.clone() };
                let mut line = serde_json::to_vec(&line)?;
                line.push(b'\n');
                file.write_all(&line)?;
            }
            file.sync_data()
        };
        write().map_err(|source| CliError::Write { path: self.path.clone(), source })
    }
}

/// What looks say of each worker. A window was served if a look at it got a receipt, and failed if none
/// did. A report takes one receipt: the one that covers most windows, all of which were seen to be
/// served; other windows that were served are left out, since neither can be said of them.
fn entries(sights: &[Sight]) -> Vec<Entry> {
    let mut workers = BTreeMap::<u8, Vec<&Sight>>::new();
    for sight in sights {
        workers.entry(sight.worker).or_default().push(sight);
    }
    let entry = |(index, sights): (u8, Vec<&Sight>)| {
        let windows = |sights: &mut dyn Iterator<Item = &&Sight>| {
            sights
                .filter_map(|s| 1_u32.checked_shl(s.window.into()))
                .fold(0, |bits, bit| bits | bit)
        };
        let looked = windows(&mut sights.iter());
        let served = windows(&mut sights.iter().filter(|sight| sight.receipt.is_some()));
        let failed = looked & !served;
        let receipts = sights.iter().filter_map(|sight| sight.receipt);
        let seen = receipts.filter(|receipt| receipt.served & !served == 0);
        match seen.max_by_key(|receipt| receipt.served.count_ones()) {
            Some(receipt) => Some(receipt.entry(index, failed)),
            None => (failed != 0).then(|| failed_entry(index, failed)),
        }
    };
    workers.into_iter().filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use alloy::primitives::B256;
    use client::{ServiceReceipt, failed_entry};

    use super::{Sight, entries};

    /// A receipt for these windows, told apart by its number.
    fn receipt(served: u32, number: u8) -> ServiceReceipt {
        ServiceReceipt { served, r: B256::with_last_byte(number), vs: B256::ZERO }
    }

    /// A look at a worker in a window, with a receipt for these windows; 0 is none.
    fn sight(worker: u8, window: u8, served: u32) -> Sight {
        let receipt = (served != 0).then(|| receipt(served, 0));
        Sight { worker, window, receipt, at: 0 }
    }

    #[test]
    fn receipts_grow_and_the_last_one_says_it_all() {
        let journal = [
            sight(3, 0, 0),
            sight(1, 0, 0b001),
            sight(1, 1, 0),
            sight(1, 2, 0b101),
            sight(1, 3, 0),
        ];
        let expected = [receipt(0b101, 0).entry(1, 0b1010), failed_entry(3, 0b1)];
        assert_eq!(entries(&journal), expected);
        assert_eq!(entries(&[]), []);
    }

    #[test]
    fn one_receipt_is_enough_for_a_window_that_was_looked_at_twice() {
        let journal = [sight(0, 0, 0), sight(0, 0, 0b1), sight(0, 0, 0)];
        assert_eq!(entries(&journal), [receipt(0b1, 0).entry(0, 0)]);
    }

    #[test]
    fn a_receipt_for_windows_that_were_not_served_is_not_used() {
        let journal = [sight(0, 0, 0b001), sight(0, 1, 0), sight(0, 2, 0b111)];
        assert_eq!(entries(&journal), [receipt(0b001, 0).entry(0, 0b010)]);
        assert_eq!(entries(&[sight(0, 0, 0b11)]), []);
    }

    #[test]
    fn of_receipts_that_cover_as_much_the_newest_is_used() {
        let look = |window, served, number| Sight {
            receipt: Some(receipt(served, number)),
            ..sight(0, window, 1)
        };
        // A worker that forgot the session begins again.
        let journal = [look(0, 0b01, 1), look(1, 0b10, 2)];
        assert_eq!(entries(&journal), [receipt(0b10, 2).entry(0, 0)]);
    }
}
