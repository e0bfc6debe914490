//! Evidence to publish: files in a folder, each checked before anybody sees it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use alloy::primitives::{Address, B256};
use muster_compute::Digest;
use muster_daemons::client::{Evidence, wrong_workers};
use muster_index::query::{Account, Hash};
use muster_index_api::PublishedEvidence;

use crate::error::{CliError, JobCommandError};

/// The evidence in the files of a folder whose names end in `.json`, by name.
///
/// # Errors
/// [`CliError::Read`], [`JobCommandError::NotEvidence`].
pub(super) fn published_evidence(folder: &Path) -> Result<Vec<PublishedEvidence>, CliError> {
    let failed = |source| CliError::Read { path: folder.into(), source };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.retain(|path| path.extension() == Some(OsStr::new("json")));
    paths.sort();
    paths.into_iter().map(read_evidence).collect()
}

/// The evidence in a file, if all its signatures hold.
fn read_evidence(path: PathBuf) -> Result<PublishedEvidence, CliError> {
    let document = match fs::read_to_string(&path) {
        Ok(document) => document,
        Err(source) => return Err(CliError::Read { path, source }),
    };
    let invalid = |source| JobCommandError::NotEvidence { path, source };
    let read = serde_json::from_str::<Evidence>(&document).map_err(Into::into);
    let checked = read.and_then(|evidence| {
        let (job, signed) = evidence.check()?;
        Ok((evidence, job, signed))
    });
    let (evidence, job, signed) = checked.map_err(invalid)?;
    let hash = |digest: &Digest| Hash(B256::new(*digest.as_bytes()));
    let accounts = |all: &mut dyn Iterator<Item = Address>| {
        let mut all: Vec<_> = all.map(Account).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    Ok(PublishedEvidence {
        id: hash(&Digest::of(document.as_bytes())),
        chain_id: evidence.chain,
        job: hash(&job.id()),
        agreements: accounts(&mut evidence.statements.iter().map(|statement| statement.agreement)),
        workers: accounts(&mut signed.keys().copied()),
        wrong: accounts(&mut wrong_workers(&signed, None).into_iter()),
        document,
    })
}
