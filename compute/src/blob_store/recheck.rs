//! Whether blobs are still what they were when the machine was last switched off.

use super::quota::BLOB_COST;
use crate::Digest;
use sha2::Digest as _;
use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::Path,
};
use tempfile::NamedTempFile;

/// Removes what is not what its name says, and half blobs, if the machine was started anew since this was last done.
/// A loss of power may have taken the ends of what was not synced.
pub(super) fn recheck(store: &Path) -> io::Result<()> {
    let boot = fs::read("/proc/sys/kernel/random/boot_id")?;
    let last = store.join("boot");
    if fs::read(&last).is_ok_and(|last| last == boot) {
        return Ok(());
    }
    for folder in fs::read_dir(store)? {
        let folder = folder?.path();
        if folder.is_dir() {
            recheck_folder(&folder)?;
        }
    }
    let mut file = NamedTempFile::new_in(store)?;
    file.write_all(&boot)?;
    file.persist(last)?;
    Ok(())
}

/// What everything in a store counts.
pub(super) fn count(store: &Path) -> io::Result<u64> {
    let mut total: u64 = 0;
    for folder in fs::read_dir(store)? {
        let folder = folder?.path();
        if folder.is_dir() {
            for file in fs::read_dir(folder)? {
                total = total.saturating_add(file?.metadata()?.len()).saturating_add(BLOB_COST);
            }
        }
    }
    Ok(total)
}

/// Removes files that are not named by their digest.
fn recheck_folder(folder: &Path) -> io::Result<()> {
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        let digest = digest(&mut File::open(&path)?)?;
        let is_named = |name: &str| name == digest.to_string();
        if !path.file_name().and_then(|name| name.to_str()).is_some_and(is_named) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// The digest of a file.
fn digest(file: &mut File) -> io::Result<Digest> {
    let mut hasher = sha2::Sha256::new();
    let mut buffer = vec![0; 256 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(Digest::from_bytes(hasher.finalize().into())),
            read => hasher.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BlobStore;

    #[test]
    fn damaged_blobs_go_when_the_machine_was_started_anew() {
        let folder = tempfile::tempdir().unwrap();
        let store = BlobStore::open(folder.path()).unwrap();
        let (good, bad) = (store.put(b"good").unwrap(), store.put(b"bad").unwrap());
        fs::remove_file(store.path(&bad)).unwrap();
        fs::write(store.path(&bad), b"").unwrap();
        fs::write(folder.path().join("incoming/half"), b"h").unwrap();

        // The same boot: everything is as it was left.
        let store = BlobStore::open(folder.path()).unwrap();
        assert_eq!(store.size(&bad).unwrap(), Some(0));
        assert!(folder.path().join("incoming/half").exists());

        fs::write(folder.path().join("boot"), b"another").unwrap();
        let store = BlobStore::open(folder.path()).unwrap();
        assert_eq!(store.size(&bad).unwrap(), None);
        assert_eq!(store.size(&good).unwrap(), Some(4));
        assert!(!folder.path().join("incoming/half").exists());
    }
}
