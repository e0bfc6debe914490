//! Compiled modules in a private folder, each with a MAC: native code that was damaged or brought from elsewhere is
//! never run.

use crate::{Digest, StartError};
use hmac::{Hmac, KeyInit, Mac};
use std::{
    collections::HashMap,
    fs::{self, DirBuilder, File, Metadata},
    io::{self, ErrorKind, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::SystemTime,
};
use tempfile::NamedTempFile;

/// HMAC with SHA-256.
type HmacSha256 = Hmac<sha2::Sha256>;

/// What a file was when its MAC was compared: device, inode, length, times of modification and change. A file that is
/// still the same is not read again.
type Identity = (u64, u64, u64, i64, i64, i64, i64);

/// Compiled modules for one engine.
#[derive(Debug)]
pub(crate) struct Cache {
    /// Where they lie.
    folder: PathBuf,
    /// Bytes that they may take.
    limit: u64,
    /// The key of the MACs, padded with zeros as HMAC does it.
    key: [u8; 64],
    /// The engine that the code is for.
    engine: Digest,
    /// Files whose MAC was right.
    verified: Mutex<HashMap<PathBuf, Identity>>,
}

impl Cache {
    /// Opens a cache, and makes its folder and key if needed.
    pub(crate) fn open(folder: &Path, limit: u64, engine: Digest) -> Result<Self, StartError> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let metadata = fs::metadata(folder)?;
        let owner = rustix::process::geteuid().as_raw();
        if metadata.uid() != owner || metadata.permissions().mode() & 0o022 != 0 {
            return Err(StartError::CacheNotPrivate);
        }
        let folder = fs::canonicalize(folder)?;
        let mut padded = [0; 64];
        for (to, from) in padded.iter_mut().zip(key(&folder.join("key"))?) {
            *to = from;
        }
        Ok(Self { folder, limit, key: padded, engine, verified: Mutex::default() })
    }

    /// The code of a module, if it is here and whole. What is not whole is removed.
    pub(crate) fn get(&self, module: &Digest) -> io::Result<Option<File>> {
        let (path, mac_path) = self.paths(module);
        let mut file = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let identity = identity(&file.metadata()?);
        if self.is_verified(&path, identity) || self.has_mac(module, &mut file, &mac_path)? {
            self.verified().insert(path, identity);
            touch(&mac_path);
            return Ok(Some(file));
        }
        self.remove(&path, &mac_path)?;
        Ok(None)
    }

    /// Begins the code of a module.
    pub(crate) fn writer(&self, module: &Digest) -> io::Result<CacheWriter<'_>> {
        let file = NamedTempFile::new_in(&self.folder)?;
        Ok(CacheWriter { cache: self, module: *module, file, mac: self.mac(module), size: 0 })
    }

    /// Where code and its MAC lie.
    fn paths(&self, module: &Digest) -> (PathBuf, PathBuf) {
        let engine = self.engine.to_string();
        let name = format!("{module}-{}", engine.get(..16).unwrap_or_default());
        (self.folder.join(format!("{name}.code")), self.folder.join(format!("{name}.mac")))
    }

    /// Begins a MAC: it covers the engine, the module and the code.
    fn mac(&self, module: &Digest) -> HmacSha256 {
        let mut mac = HmacSha256::new(&self.key.into());
        mac.update(self.engine.as_bytes());
        mac.update(module.as_bytes());
        mac
    }

    /// Whether a file is one whose MAC was right.
    fn is_verified(&self, path: &Path, identity: Identity) -> bool {
        self.verified().get(path) == Some(&identity)
    }

    /// Files whose MAC was right.
    fn verified(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, Identity>> {
        self.verified.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the MAC of some code is right; in constant time.
    fn has_mac(&self, module: &Digest, file: &mut File, mac_path: &Path) -> io::Result<bool> {
        let Ok(expected) = fs::read(mac_path) else { return Ok(false) };
        let mut mac = self.mac(module);
        let mut buffer = vec![0; 256 << 10];
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                read => mac.update(buffer.get(..read).unwrap_or_default()),
            }
        }
        file.rewind()?;
        Ok(mac.verify_slice(&expected).is_ok())
    }

    /// Removes code and its MAC.
    fn remove(&self, path: &Path, mac_path: &Path) -> io::Result<()> {
        self.verified().remove(path);
        for path in [path, mac_path] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Removes what was not used for longest, until the rest fits.
    fn evict(&self) -> io::Result<()> {
        let mut entries: Vec<(SystemTime, u64, PathBuf, PathBuf)> = Vec::new();
        let mut total: u64 = 0;
        for entry in fs::read_dir(&self.folder)? {
            let mac_path = entry?.path();
            let path = mac_path.with_extension("code");
            if mac_path.extension().is_some_and(|extension| extension == "mac")
                && let (Ok(mac), Ok(code)) = (fs::metadata(&mac_path), fs::metadata(&path))
            {
                total = total.saturating_add(code.len());
                entries.push((mac.modified()?, code.len(), path, mac_path));
            }
        }
        entries.sort();
        for (_, size, path, mac_path) in entries {
            if total <= self.limit {
                break;
            }
            self.remove(&path, &mac_path)?;
            total = total.saturating_sub(size);
        }
        Ok(())
    }
}

/// Code that is being written. If it is dropped, nothing is left.
pub(crate) struct CacheWriter<'a> {
    /// Where it will be kept.
    cache: &'a Cache,
    /// Whose code it is.
    module: Digest,
    /// What came so far.
    file: NamedTempFile,
    /// Its MAC so far.
    mac: HmacSha256,
    /// Its length so far.
    size: u64,
}

impl CacheWriter<'_> {
    /// Appends code.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.size = self.size.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        self.mac.update(bytes);
        self.file.write_all(bytes)
    }

    /// Keeps the code, and opens it. What is larger than the whole cache can be used once and is not kept.
    pub(crate) fn finish(self) -> io::Result<File> {
        let Self { cache, module, file, mac, size } = self;
        let code = File::open(file.path())?;
        if size > cache.limit {
            return Ok(code);
        }
        let (path, mac_path) = cache.paths(&module);
        let mut mac_file = NamedTempFile::new_in(&cache.folder)?;
        mac_file.write_all(&mac.finalize().into_bytes())?;
        file.as_file().set_permissions(fs::Permissions::from_mode(0o400))?;
        file.persist(&path).map_err(|error| error.error)?;
        mac_file.persist(mac_path).map_err(|error| error.error)?;
        cache.verified().insert(path, identity(&code.metadata()?));
        cache.evict()?;
        Ok(code)
    }
}

/// Reads the key of a cache, or makes it.
fn key(path: &Path) -> io::Result<[u8; 32]> {
    if let Ok(key) = fs::read(path)
        && let Ok(key) = key.try_into()
    {
        return Ok(key);
    }
    let mut key = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut key)?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    // Made with mode 0600, and never seen half written.
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(&key)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(key),
        // Another process was quicker, or there is a damaged one.
        Err(error) => match fs::read(path)?.try_into() {
            Ok(key) => Ok(key),
            Err(_) => error.file.persist(path).map(|_| key).map_err(|error| error.error),
        },
    }
}

/// What a file is now.
fn identity(file: &Metadata) -> Identity {
    let modified = (file.mtime(), file.mtime_nsec());
    let changed = (file.ctime(), file.ctime_nsec());
    (file.dev(), file.ino(), file.len(), modified.0, modified.1, changed.0, changed.1)
}

/// Says that code was used just now. That this fails is no reason not to use it.
fn touch(mac_path: &Path) {
    if let Ok(file) = File::open(mac_path) {
        drop(file.set_modified(SystemTime::now()));
    }
}
