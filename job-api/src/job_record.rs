//! What is kept of each job: a file that is replaced as a whole, so that whoever kills the process leaves the old or the
//! new one.

use muster_compute::Digest;
use serde::{Deserialize, Serialize};
use std::{
    fs,
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;

/// What is kept of a job. Its document is a blob, named by the job's id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(crate) enum JobRecord {
    /// It waits or runs.
    Waiting {
        /// Jobs with lower numbers were posted before.
        number: u64,
    },
    /// It has a result.
    Done {
        /// The blob of the canonical result.
        result: Digest,
        /// The owner's signature.
        signature: String,
        /// The blob of standard error.
        stderr: Option<Digest>,
        /// Processor time.
        cpu_ms: u64,
        /// Why the program trapped.
        #[serde(default)]
        trap: Option<String>,
    },
    /// It has none, for a reason that lies in this machine.
    Unfinished {
        /// The reason.
        reason: String,
    },
    /// It was cancelled.
    Cancelled,
}

/// The records of an agreement.
#[derive(Debug)]
pub(crate) struct JobRecords {
    /// Where they lie, each named by its job's id.
    folder: PathBuf,
}

impl JobRecords {
    /// Opens the records in a folder, and makes it if needed. Returns the jobs that wait as well, by their numbers.
    pub(crate) fn open(folder: &Path) -> io::Result<(Self, Vec<(u64, Digest)>)> {
        fs::create_dir_all(folder)?;
        let records = Self { folder: folder.to_owned() };
        let mut waiting = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
                // A record that was being written when the process ended.
                fs::remove_file(entry.path())?;
                continue;
            };
            if let Some(JobRecord::Waiting { number }) = records.read(&id)? {
                waiting.push((number, id));
            }
        }
        waiting.sort_unstable();
        Ok((records, waiting))
    }

    /// The record of a job. One that a loss of power has damaged is none.
    pub(crate) fn read(&self, id: &Digest) -> io::Result<Option<JobRecord>> {
        match fs::read(self.path(id)) {
            Ok(record) => Ok(serde_json::from_slice(&record).ok()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Replaces the record of a job.
    pub(crate) fn write(&self, id: &Digest, record: &JobRecord) -> io::Result<()> {
        let mut file = NamedTempFile::new_in(&self.folder)?;
        file.write_all(&serde_json::to_vec(record)?)?;
        file.persist(self.path(id)).map_err(|error| error.error)?;
        Ok(())
    }

    /// Where a record lies.
    fn path(&self, id: &Digest) -> PathBuf {
        self.folder.join(id.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_found_again_in_the_order_in_which_it_was_posted() {
        let folder = tempfile::tempdir().unwrap();
        let (records, waiting) = JobRecords::open(folder.path()).unwrap();
        assert_eq!(waiting, []);
        let [first, second, third, fourth] = [b"1", b"2", b"3", b"4"].map(|id| Digest::of(id));
        records.write(&first, &JobRecord::Waiting { number: 8 }).unwrap();
        records.write(&second, &JobRecord::Waiting { number: 7 }).unwrap();
        records.write(&third, &JobRecord::Cancelled).unwrap();
        fs::write(records.path(&fourth), b"half").unwrap();
        fs::write(folder.path().join(".tmp"), b"half").unwrap();
        let (records, waiting) = JobRecords::open(folder.path()).unwrap();
        assert_eq!(waiting, [(7, second), (8, first)]);
        assert_eq!(records.read(&third).unwrap(), Some(JobRecord::Cancelled));
        assert_eq!(records.read(&fourth).unwrap(), None);
        assert!(!folder.path().join(".tmp").exists());
    }
}
