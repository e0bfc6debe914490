//! The chain in a file: read at the start, and saved soon after every change and at the end.
//!
//! A file is never modified in place. A new one is written beside it, synced to disk and renamed,
//! so a crash at any moment leaves a complete file. A lock file beside it keeps a second chain out.

use std::{
    ffi::OsStr,
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{oneshot, watch},
    task::{self, JoinHandle},
    time::{self, Instant},
};

use crate::{
    chain::{Chain, ChainStopped, ChainThread, DumpError},
    fork::ForkOptions,
    rpc::NodeContext,
};

/// Delay between a change and the next save.
const SAVE_DELAY: Duration = Duration::from_millis(500);

/// The pause after a save is at least this many times as long as the save took.
const SAVE_DELAY_FACTOR: u32 = 9;

/// Why the state file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {cause}", path.display())]
pub struct StateError {
    /// The state file.
    path: PathBuf,
    /// The reason.
    #[source]
    cause: StateErrorKind,
}

/// The reasons.
#[derive(Debug, thiserror::Error)]
enum StateErrorKind {
    /// The file cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Another chain holds the lock.
    #[error("in use by another dev chain")]
    InUse,
    /// The content is not a dump, or is corrupted.
    #[error(transparent)]
    Dump(#[from] DumpError),
    /// The chain's thread has ended.
    #[error(transparent)]
    Stopped(#[from] ChainStopped),
}

/// A state file, locked for this process.
#[derive(Debug)]
pub(crate) struct StateFile {
    /// Path of the file.
    path: PathBuf,
    /// Held until the value is dropped.
    _lock: File,
}

impl StateFile {
    /// Locks a state file. The file itself need not exist.
    ///
    /// # Errors
    /// If another chain holds the lock, or if the folder is not writable.
    pub(crate) fn open(path: PathBuf) -> Result<Self, StateError> {
        match lock(&path) {
            Ok(lock) => Ok(Self { path, _lock: lock }),
            Err(cause) => Err(StateError { path, cause }),
        }
    }

    /// Reads the chain, which may continue a fork; `None` if the file does not exist.
    ///
    /// # Errors
    /// If the file cannot be read, is not a dump of this fork or of none, or is corrupted.
    pub(crate) fn read(&self, fork: &ForkOptions) -> Result<Option<Chain>, StateError> {
        let dump = match fs::read(&self.path) {
            Ok(dump) => dump,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.error(error)),
        };
        let chain = Chain::from_dump(&dump, fork).map_err(|error| self.error(error))?;
        if fork.is_fork() && chain.forked().is_none() {
            return Err(self.error(DumpError::NotOfFork));
        }
        Ok(Some(chain))
    }

    /// Replaces the content with a dump.
    ///
    /// # Errors
    /// If the dump cannot be written; the old content stays.
    pub(crate) fn write(&self, dump: &[u8]) -> Result<(), StateError> {
        write_atomically(&self.path, dump).map_err(|error| self.error(error))
    }

    /// Wraps an error with the path.
    fn error(&self, cause: impl Into<StateErrorKind>) -> StateError {
        StateError { path: self.path.clone(), cause: cause.into() }
    }
}

/// Saves a chain whenever it has changed.
#[derive(Debug)]
pub(crate) struct StateSaver {
    /// The background task; it returns after the last save.
    task: JoinHandle<Result<(), StateError>>,
    /// Stops the task, also when dropped.
    shutdown: oneshot::Sender<()>,
}

impl StateSaver {
    /// Saves the chain once and starts to save it after every change that `changes` counts.
    ///
    /// # Errors
    /// If the first save fails.
    pub(crate) async fn start(
        file: StateFile,
        chain_thread: ChainThread<NodeContext>,
        changes: watch::Receiver<u64>,
    ) -> Result<Self, StateError> {
        let file = Arc::new(file);
        let saved = save(&file, &chain_thread).await?;
        let (shutdown, shutdown_rx) = oneshot::channel();
        Ok(Self {
            task: tokio::spawn(save_on_change(file, chain_thread, changes, saved, shutdown_rx)),
            shutdown,
        })
    }

    /// Saves for the last time and stops.
    ///
    /// # Errors
    /// If the last save fails.
    pub(crate) async fn finish(self) -> Result<(), StateError> {
        drop(self.shutdown);
        // The task ends only by itself, unless the whole runtime shuts down.
        self.task.await.unwrap_or(Ok(()))
    }
}

/// Saves the chain whenever the count of its changes differs from `saved`, until shutdown.
async fn save_on_change(
    file: Arc<StateFile>,
    chain_thread: ChainThread<NodeContext>,
    mut changes: watch::Receiver<u64>,
    mut saved: u64,
    mut shutdown_rx: oneshot::Receiver<()>,
) -> Result<(), StateError> {
    let mut delay = SAVE_DELAY;
    loop {
        let due = async {
            let alive = changes.wait_for(|&count| count != saved).await.is_ok();
            time::sleep(delay).await;
            alive
        };
        let running = tokio::select! {
            alive = due => alive,
            _ = &mut shutdown_rx => false,
        };
        let begin = Instant::now();
        if *changes.borrow() != saved {
            match save(&file, &chain_thread).await {
                Ok(count) => saved = count,
                Err(error) if running => tracing::error!(%error, "chain state not saved"),
                Err(error) => return Err(error),
            }
        }
        if !running {
            return Ok(());
        }
        delay = SAVE_DELAY.max(begin.elapsed().saturating_mul(SAVE_DELAY_FACTOR));
    }
}

/// Saves the chain as it is now and returns the count of its changes.
async fn save(
    file: &Arc<StateFile>,
    chain_thread: &ChainThread<NodeContext>,
) -> Result<u64, StateError> {
    let snapshot =
        chain_thread.run(|node| (*node.chain.changes().borrow(), node.chain.dump())).await;
    let (count, dump) = snapshot.map_err(|error| file.error(error))?;
    let writer = Arc::clone(file);
    let written = task::spawn_blocking(move || writer.write(&dump)).await;
    written.map_err(|error| file.error(io::Error::other(error)))??;
    Ok(count)
}

/// Takes the lock beside a file.
fn lock(path: &Path) -> Result<File, StateErrorKind> {
    let lock = File::create(sibling(path, "lock"))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StateErrorKind::InUse),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Replaces a file atomically.
fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = sibling(path, "new");
    let mut file = File::create(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    // The rename itself has to reach the disk as well.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// The path beside `path` with one more extension.
fn sibling(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().map(OsStr::to_owned).unwrap_or_default();
    name.push(".");
    name.push(ending);
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole() {
        let folder =
            std::env::temp_dir().join(format!("devnode-persistence-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("chain");
        for bytes in [&b"first"[..], b"", b"second and longer"] {
            write_atomically(&path, bytes).unwrap();
            assert_eq!(fs::read(&path).unwrap(), bytes);
        }
        fs::remove_dir_all(&folder).unwrap();
        assert!(write_atomically(&path, b"nowhere").is_err());
    }
}
