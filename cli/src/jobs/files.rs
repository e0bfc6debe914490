//! From a result to files of this machine.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use muster_compute::{BlobStore, Digest, JobPath, JobResult, Output};

use crate::error::CliError;
use crate::program_file::{ProgramFileError, file_name, split_program_path, with_suffix};

/// An output of a program, and where it goes on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OutputPlace {
    /// Where the program leaves it.
    pub(crate) output: Output,
    /// Where it goes.
    pub(crate) host: PathBuf,
}

impl OutputPlace {
    /// The place of a file, or of a folder if the text ends with a slash. The program leaves it where `:/PATH` says, else
    /// under its name below /out.
    ///
    /// # Errors
    /// [`ProgramFileError`].
    pub(crate) fn new(text: &str) -> Result<Self, ProgramFileError> {
        if let Some((host, inside)) = split_program_path(text) {
            return Ok(Self { output: Output::new(inside)?, host: host.into() });
        }
        let host = PathBuf::from(text);
        let slash = if text.ends_with('/') { "/" } else { "" };
        let output = Output::new(&format!("/out/{}{slash}", file_name(&host)?))?;
        Ok(Self { output, host })
    }

    /// Where a file that the program left goes, if it is of this output.
    fn host_path(&self, path: &JobPath) -> Option<PathBuf> {
        let own: Vec<_> = self.output.path().names().collect();
        let names: Vec<_> = path.names().collect();
        let below = names.strip_prefix(own.as_slice())?;
        // Names in a job's path are no `.`, `..` or slash.
        Some(below.iter().fold(self.host.clone(), |host, name| host.join(name)))
    }
}

/// Writes the files of a result to their places, and returns what was written. Each file is whole or not there.
///
/// # Errors
/// [`CliError::Write`] for a file or a folder; [`CliError::JobCommand`].
pub(crate) fn write_outputs(
    store: &BlobStore,
    result: &JobResult,
    places: &[OutputPlace],
) -> Result<Vec<PathBuf>, CliError> {
    let mut written = Vec::new();
    for file in &result.outputs {
        let Some(path) = places.iter().find_map(|place| place.host_path(&file.path)) else {
            continue;
        };
        write_file(store, &file.blob, &path)?;
        written.push(path);
    }
    Ok(written)
}

/// What is said of outputs of which the program left nothing; `None` if it left all.
pub(crate) fn missing_outputs(result: &JobResult, places: &[OutputPlace]) -> Option<String> {
    let is_missing = |place: &&OutputPlace| {
        !result.outputs.iter().any(|file| place.host_path(&file.path).is_some())
    };
    let missing = places.iter().filter(is_missing).map(|place| {
        let (path, host) = (place.output.path().as_str(), place.host.display());
        format!("the program left nothing at {path}, so {host} was not written")
    });
    let missing: Vec<_> = missing.collect();
    (!missing.is_empty()).then(|| missing.join("; "))
}

/// Copies a blob to a file.
pub(crate) fn write_file(store: &BlobStore, blob: &Digest, path: &Path) -> Result<(), CliError> {
    let mut source = store.read(blob)?;
    let mut write = || -> io::Result<()> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        folder.map_or(Ok(()), fs::create_dir_all)?;
        let part = with_suffix(path, ".part");
        let mut file = File::create(&part)?;
        let copied = io::copy(&mut source, &mut file).and_then(|_| fs::rename(&part, path));
        if copied.is_err() {
            // What is left of it is of no use.
            let _ = fs::remove_file(&part);
        }
        copied
    };
    write().map_err(|source| CliError::Write { path: path.into(), source })
}

/// Copies a blob to standard output.
///
/// # Errors
/// [`CliError::Output`], [`CliError::JobCommand`].
pub(crate) fn print_blob(store: &BlobStore, blob: &Digest) -> Result<(), CliError> {
    copy_blob(store, blob, io::stdout().lock())
}

/// Copies a blob to standard error.
///
/// # Errors
/// [`CliError::Output`], [`CliError::JobCommand`].
pub(crate) fn print_blob_to_stderr(store: &BlobStore, blob: &Digest) -> Result<(), CliError> {
    match copy_blob(store, blob, io::stderr().lock()) {
        // Nobody reads a closed standard error.
        Err(error) if error.is_closed_pipe() => Ok(()),
        copied => copied,
    }
}

/// Copies a blob to a stream.
fn copy_blob(store: &BlobStore, blob: &Digest, mut to: impl Write) -> Result<(), CliError> {
    let mut source = store.read(blob)?;
    io::copy(&mut source, &mut to).map_err(CliError::Output)?;
    to.flush().map_err(CliError::Output)
}

#[cfg(test)]
mod tests {
    use muster_compute::{Outcome, OutputFile};

    use super::*;

    /// A result with these files, each of which contains its path.
    fn result(store: &BlobStore, paths: &[&str]) -> JobResult {
        let file = |path: &&str| OutputFile {
            blob: store.put(path.as_bytes()).unwrap(),
            path: JobPath::new(*path).unwrap(),
            size: u64::try_from(path.len()).unwrap(),
        };
        let outputs = paths.iter().map(file).collect();
        let (job, stdout) = (Digest::of(b""), Digest::of(b""));
        JobResult { job, outcome: Outcome::Exit(0), outputs, stdout }
    }

    #[test]
    fn outputs_go_where_the_command_line_says() {
        let folder = tempfile::tempdir().unwrap();
        let store = BlobStore::open(folder.path().join("blobs")).unwrap();
        let at = |name: &str| folder.path().join(name);
        let place = |name: &str| OutputPlace::new(&at(name).display().to_string()).unwrap();
        let result = result(&store, &["/out/a.png", "/out/all/b", "/out/all/c/d", "/out/other"]);
        let places =
            [place("new/a.png"), OutputPlace::new(&format!("{}/", at("all").display())).unwrap()];
        let written = write_outputs(&store, &result, &places).unwrap();
        assert_eq!(written, [at("new/a.png"), at("all/b"), at("all/c/d")]);
        assert_eq!(fs::read_to_string(at("all/c/d")).unwrap(), "/out/all/c/d");
        assert!(!at("other").exists());
        assert_eq!(missing_outputs(&result, &places), None);
        let (file, folder) = (place("none"), OutputPlace::new("b/none/").unwrap());
        let name = at("none");
        let said = format!(
            "the program left nothing at /out/none, so {} was not written; the program left nothing at /out/none, so b/none/ \
             was not written",
            name.display()
        );
        assert_eq!(missing_outputs(&result, &[file, folder]), Some(said));
    }

    #[test]
    fn the_program_leaves_an_output_below_out_or_where_the_command_line_says() {
        for (text, host, inside) in [
            ("a.png", "a.png", "/out/a.png"),
            ("b/all/", "b/all/", "/out/all/"),
            ("b/a.png:/deep/x.png", "b/a.png", "/deep/x.png"),
            ("all:/tmp/", "all", "/tmp/"),
            ("a:b", "a:b", "/out/a:b"),
        ] {
            let place = OutputPlace::new(text).unwrap();
            assert_eq!((place.host, String::from(place.output)), (host.into(), inside.to_owned()));
        }
        for text in ["..", "/", "", "a:/", "a:/../b"] {
            assert!(OutputPlace::new(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_written_is_named_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = BlobStore::open(folder.path().join("blobs")).unwrap();
        let blob = store.put(b"x").unwrap();
        // A folder is in the way.
        let path = folder.path().join("taken");
        fs::create_dir_all(path.join("inside")).unwrap();
        let error = write_file(&store, &blob, &path).unwrap_err();
        assert!(matches!(&error, CliError::Write { path: named, .. } if *named == path), "{error}");
        assert!(!folder.path().join("taken.part").exists());
    }
}
