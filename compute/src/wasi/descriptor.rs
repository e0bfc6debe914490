//! Open descriptors and their numbers.

use crate::{
    fs::{Errno, FileSystem, NodeId, ROOT, Stat},
    profile::MAX_DESCRIPTORS,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What a descriptor refers to.
#[derive(Debug)]
pub(super) enum Descriptor {
    /// Standard input.
    Stdin,
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// An open file.
    File(OpenFile),
    /// An open folder.
    Folder(OpenFolder),
}

/// A file that is open.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "the flags of WASI")]
pub(super) struct OpenFile {
    /// The file.
    pub(super) node: NodeId,
    /// Where the next read or write begins.
    pub(super) position: u64,
    /// It may be read.
    pub(super) read: bool,
    /// It may be written.
    pub(super) write: bool,
    /// Every write goes to the end.
    pub(super) append: bool,
    /// Said by the program and told back; changes nothing.
    pub(super) nonblocking: bool,
}

/// A folder that is open.
#[derive(Debug)]
pub(super) struct OpenFolder {
    /// The folder.
    pub(super) node: NodeId,
    /// It is the root that a program finds.
    pub(super) preopened: bool,
    /// Its entries when they were last read from the beginning.
    pub(super) listing: Option<Arc<[(String, Stat)]>>,
}

/// All open descriptors. Numbers are given out as wasmtime does it: the highest that was closed, else one more than the
/// highest that is open. Programs write numbers into their output, so this is part of the profile.
#[derive(Debug)]
pub(super) struct Descriptors {
    /// By number.
    open: BTreeMap<u32, Descriptor>,
    /// Numbers that were closed and not given out again.
    closed: BTreeSet<u32>,
}

impl Descriptors {
    /// Standard input, output and error, and the root as 3.
    pub(super) fn new() -> Self {
        let root = OpenFolder { node: ROOT, preopened: true, listing: None };
        let open = [
            (0, Descriptor::Stdin),
            (1, Descriptor::Stdout),
            (2, Descriptor::Stderr),
            (3, Descriptor::Folder(root)),
        ];
        Self { open: BTreeMap::from(open), closed: BTreeSet::new() }
    }

    /// Whether there is room for one more.
    pub(super) fn check_room(&self) -> Result<(), Errno> {
        if self.open.len() >= MAX_DESCRIPTORS { Err(Errno::Mfile) } else { Ok(()) }
    }

    /// Gives a number to something that is held in the file system.
    pub(super) fn push(&mut self, descriptor: Descriptor) -> u32 {
        let next = || self.open.last_key_value().map_or(0, |(last, _)| last.saturating_add(1));
        let number = self.closed.pop_last().unwrap_or_else(next);
        self.open.insert(number, descriptor);
        number
    }

    /// Closes a descriptor.
    pub(super) fn close(&mut self, number: u32, fs: &mut FileSystem) -> Result<(), Errno> {
        let descriptor = self.open.remove(&number).ok_or(Errno::Badf)?;
        self.closed.insert(number);
        release(&descriptor, fs);
        Ok(())
    }

    /// Gives a descriptor the number of another one, which is closed.
    pub(super) fn renumber(
        &mut self,
        from: u32,
        to: u32,
        fs: &mut FileSystem,
    ) -> Result<(), Errno> {
        self.get(to)?;
        self.get(from)?;
        if from == to {
            return Ok(());
        }
        if let Some(moved) = self.open.remove(&from) {
            self.closed.insert(from);
            if let Some(replaced) = self.open.insert(to, moved) {
                release(&replaced, fs);
            }
        }
        Ok(())
    }

    /// What a number refers to.
    pub(super) fn get(&self, number: u32) -> Result<&Descriptor, Errno> {
        self.open.get(&number).ok_or(Errno::Badf)
    }

    /// A file, to move in it.
    pub(super) fn file_mut(&mut self, number: u32) -> Result<&mut OpenFile, Errno> {
        match self.open.get_mut(&number) {
            Some(Descriptor::File(file)) => Ok(file),
            Some(Descriptor::Folder(_)) => Err(Errno::Isdir),
            _ => Err(Errno::Badf),
        }
    }

    /// A file.
    pub(super) fn file(&self, number: u32) -> Result<&OpenFile, Errno> {
        match self.get(number)? {
            Descriptor::File(file) => Ok(file),
            Descriptor::Folder(_) => Err(Errno::Isdir),
            _ => Err(Errno::Badf),
        }
    }

    /// The folder at which a path starts.
    pub(super) fn base(&self, number: u32) -> Result<NodeId, Errno> {
        match self.get(number)? {
            Descriptor::Folder(folder) => Ok(folder.node),
            Descriptor::File(_) => Err(Errno::Notdir),
            _ => Err(Errno::Badf),
        }
    }

    /// A folder, to list it.
    pub(super) fn folder_mut(&mut self, number: u32) -> Result<&mut OpenFolder, Errno> {
        match self.open.get_mut(&number) {
            Some(Descriptor::Folder(folder)) => Ok(folder),
            Some(Descriptor::File(_)) => Err(Errno::Notdir),
            _ => Err(Errno::Badf),
        }
    }
}

/// Lets go of what a descriptor held.
fn release(descriptor: &Descriptor, fs: &mut FileSystem) {
    match descriptor {
        Descriptor::File(file) => fs.release(file.node),
        Descriptor::Folder(folder) => fs.release(folder.node),
        Descriptor::Stdin | Descriptor::Stdout | Descriptor::Stderr => {}
    }
}
