//! The chain in a file: read at the start, written again soon after every change and at the end.
//!
//! A file is never changed. A new one is written beside it, brought to the disk, and renamed: whoever
//! is killed at any moment leaves the one or the other whole. A lock beside the file keeps a second
//! chain away from it.

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
    rpc::NodeContext,
};

/// How long after a change the chain is written.
const SAVE_DELAY: Duration = Duration::from_millis(500);

/// How many times as long as writing took nothing is written.
const SAVE_DELAY_FACTOR: u32 = 9;

/// What is wrong with the file that keeps the chain.
#[derive(Debug, thiserror::Error)]
#[error("{}: {cause}", path.display())]
pub struct StateError {
    /// The file.
    path: PathBuf,
    /// What is wrong.
    #[source]
    cause: StateErrorKind,
}

/// What can be wrong with a file that keeps a chain.
#[derive(Debug, thiserror::Error)]
enum StateErrorKind {
    /// It cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Another chain has it.
    #[error("another dev chain keeps its state there")]
    InUse,
    /// It is something else, or damaged.
    #[error(transparent)]
    Dump(#[from] DumpError),
    /// The chain is gone.
    #[error(transparent)]
    Stopped(#[from] ChainStopped),
}

/// A file that keeps a chain, for this process alone.
#[derive(Debug)]
pub(crate) struct StateFile {
    /// Where it is.
    path: PathBuf,
    /// Held as long as this is.
    _lock: File,
}

impl StateFile {
    /// Takes a file for this process. It need not exist.
    ///
    /// # Errors
    /// If another chain has it, or if nothing can be written beside it.
    pub(crate) fn open(path: PathBuf) -> Result<Self, StateError> {
        match lock(&path) {
            Ok(lock) => Ok(Self { path, _lock: lock }),
            Err(cause) => Err(StateError { path, cause }),
        }
    }

    /// The chain in it; `None` if there is no file yet.
    ///
    /// # Errors
    /// If it cannot be read, is something else, or is damaged.
    pub(crate) fn read(&self) -> Result<Option<Chain>, StateError> {
        let dump = match fs::read(&self.path) {
            Ok(image) => image,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.error(error)),
        };
        Chain::from_dump(&dump).map(Some).map_err(|error| self.error(error))
    }

    /// Writes a chain.
    ///
    /// # Errors
    /// If it cannot be written; what was there before is there still.
    pub(crate) fn write(&self, dump: &[u8]) -> Result<(), StateError> {
        write_atomically(&self.path, dump).map_err(|error| self.error(error))
    }

    /// An error of this file.
    fn error(&self, cause: impl Into<StateErrorKind>) -> StateError {
        StateError { path: self.path.clone(), cause: cause.into() }
    }
}

/// Writes a chain whenever it has changed.
#[derive(Debug)]
pub(crate) struct StateSaver {
    /// The work; it ends with writing for the last time.
    task: JoinHandle<Result<(), StateError>>,
    /// Ends the work, also when dropped.
    shutdown: oneshot::Sender<()>,
}

impl StateSaver {
    /// Begins to keep a chain, whose changes are counted in `changes`, and writes it at once.
    ///
    /// # Errors
    /// If it cannot be written.
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

    /// Writes for the last time and ends.
    ///
    /// # Errors
    /// If that failed.
    pub(crate) async fn finish(self) -> Result<(), StateError> {
        drop(self.shutdown);
        // The task only ends by itself, unless the whole runtime does.
        self.task.await.unwrap_or(Ok(()))
    }
}

/// Writes a chain whenever the count of its changes is no longer `saved`, until the end.
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
                Err(error) if running => tracing::error!("the state is not saved: {error}"),
                Err(error) => return Err(error),
            }
        }
        if !running {
            return Ok(());
        }
        delay = SAVE_DELAY.max(begin.elapsed().saturating_mul(SAVE_DELAY_FACTOR));
    }
}

/// Writes a chain as it is now; the count of its changes.
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

/// Puts a new file with these bytes in the place of an old one.
fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = sibling(path, "new");
    let mut file = File::create(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    // The new name has to reach the disk as well.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// The file beside another one with one more ending.
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
        let folder = std::env::temp_dir().join(format!("devnode-keep-{}", std::process::id()));
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
