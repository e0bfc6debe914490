//! From a program and its files to a job. Whatever no worker could run is refused here, before anything is bought.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use muster_compute::{BlobStore, Digest, Input, Job, JobDocument, JobPath, Output, Variable};
use muster_daemons::client::check_program;

use crate::error::{CliError, JobCommandError};
use crate::options::program::ProgramArgs;
use crate::program_file::{ProgramFile, file_name};

/// Bytes that are copied at once.
const PART: usize = 64 << 10;

/// A checked module in the store, and what every job of it has.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// The document of a job without its own arguments, inputs and outputs.
    template: JobDocument,
}

impl Program {
    /// Checks a module, and puts it and the files that every job gets into a store.
    ///
    /// # Errors
    /// [`JobCommandError::Module`] for a module that no worker runs; [`CliError::Read`], [`JobCommandError::Blob`].
    pub(crate) fn open(
        store: &BlobStore,
        module: &Path,
        args: &ProgramArgs,
    ) -> Result<Self, CliError> {
        let wasm =
            fs::read(module).map_err(|source| CliError::Read { path: module.into(), source })?;
        let limits = args.limits();
        check_program(&wasm, &limits).map_err(|source| JobCommandError::Module {
            path: module.into(),
            source: Box::new(source),
        })?;
        let mut template = JobDocument::new(store.put(&wasm)?);
        template.limits = limits;
        let name = args.argv0.as_deref().map_or_else(|| file_name(module), Ok)?;
        template.arguments = vec![name.to_owned()];
        let variable = |(name, value): &(String, String)| Variable {
            name: name.clone(),
            value: value.clone(),
        };
        template.environment = args.env.iter().map(variable).collect();
        template.stdin =
            args.stdin.as_deref().map(|path| put_file(store, own_stdin(path))).transpose()?;
        for file in &args.inputs {
            add_input(store, &mut template, &file.host, file.program_path("/in")?)?;
        }
        Ok(Self { template })
    }

    /// A job of it.
    ///
    /// # Errors
    /// [`JobCommandError::Job`] for a job that the profile does not have; [`CliError::Read`], [`JobCommandError::Blob`].
    pub(crate) fn job(
        &self,
        store: &BlobStore,
        arguments: &[String],
        input: Option<&ProgramFile>,
        outputs: Vec<Output>,
    ) -> Result<Job, CliError> {
        let mut document = self.template.clone();
        document.arguments.extend_from_slice(arguments);
        document.outputs = outputs;
        if let Some(input) = input {
            add_input(store, &mut document, &input.host, input.program_path("/in")?)?;
        }
        Ok(Job::new(document)?)
    }
}

/// Adds a file, or all files of a folder.
fn add_input(
    store: &BlobStore,
    document: &mut JobDocument,
    host: &Path,
    path: JobPath,
) -> Result<(), CliError> {
    let unreadable = |source| CliError::Read { path: host.into(), source };
    if !fs::metadata(host).map_err(unreadable)?.is_dir() {
        document.inputs.push(Input { blob: put_file(store, host)?, path });
        return Ok(());
    }
    for entry in fs::read_dir(host).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?.path();
        let name = file_name(&entry)?;
        let path = JobPath::new(format!("{path}/{name}"))
            .map_err(crate::program_file::ProgramFileError::Path)?;
        add_input(store, document, &entry, path)?;
    }
    Ok(())
}

/// Copies a file into the store.
///
/// # Errors
/// [`CliError::Read`], [`JobCommandError::Blob`].
pub(crate) fn put_file(store: &BlobStore, path: &Path) -> Result<Digest, CliError> {
    let unreadable = |source| CliError::Read { path: path.into(), source };
    let mut file = File::open(path).map_err(unreadable)?;
    let (mut writer, mut part) = (store.writer(u64::MAX)?, vec![0; PART]);
    loop {
        let length = file.read(&mut part).map_err(unreadable)?;
        let read = part.get(..length).unwrap_or_default();
        if read.is_empty() {
            let (digest, _) = writer.finish(None)?;
            return Ok(digest);
        }
        writer.write(read)?;
    }
}

/// The file that a path names; a dash is the standard input of this process.
fn own_stdin(path: &Path) -> &Path {
    if path == Path::new("-") { Path::new("/dev/stdin") } else { path }
}
