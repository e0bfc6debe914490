//! The folders of agreements' jobs: one for each agreement, deleted when it is over.

use std::collections::HashSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use alloy::primitives::Address;
use tokio::task::spawn_blocking;

/// The folders of an account's agreements.
#[derive(Clone, Debug)]
pub(super) struct JobFolders(PathBuf);

impl JobFolders {
    /// The folders of an account below this one.
    pub(super) fn new(folder: &Path, account: Address) -> Self {
        Self(folder.join(account.to_string()))
    }

    /// The folder of an agreement.
    pub(super) fn of(&self, agreement: Address) -> PathBuf {
        self.0.join(agreement.to_string())
    }

    /// Deletes the folder of an agreement. One that cannot be deleted is logged.
    pub(super) async fn delete(&self, agreement: Address) {
        let folder = self.of(agreement);
        let path = folder.clone();
        let deleted = spawn_blocking(move || match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        });
        if let Err(error) = deleted.await.map_err(io::Error::other).flatten() {
            tracing::warn!(%agreement, path = %path.display(), %error, "folder of jobs not deleted");
        }
    }

    /// Deletes the folders of all agreements but these: what was left when an earlier process ended.
    pub(super) async fn delete_others(&self, open: &[Address]) {
        let open: HashSet<_> = open.iter().copied().collect();
        let names = fs::read_dir(&self.0).into_iter().flatten().flatten();
        let found: Vec<Address> = names
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|agreement| !open.contains(agreement))
            .collect();
        for agreement in found {
            self.delete(agreement).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_folders_of_open_agreements_stay() {
        let folder = tempfile::tempdir().unwrap();
        let folders = JobFolders::new(folder.path(), Address::repeat_byte(1));
        folders.delete_others(&[]).await;
        let [open, over, done] = [2, 3, 4].map(Address::repeat_byte);
        let foreign = folder.path().join(Address::repeat_byte(1).to_string()).join("notes");
        for path in [&folders.of(open), &folders.of(over), &folders.of(done), &foreign] {
            fs::create_dir_all(path.join("jobs")).unwrap();
        }
        folders.delete(done).await;
        folders.delete(done).await;
        folders.delete_others(&[open]).await;
        let exist = [folders.of(open), folders.of(over), folders.of(done), foreign];
        assert_eq!(exist.map(|path| path.exists()), [true, false, false, true]);
    }
}
