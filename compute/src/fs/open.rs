//! Opening, reading and writing files.

use super::{
    Content, Errno, Fault, FileSystem, FileType, NodeId,
    content::{as_u64, set_len},
    node::Kind,
};
use crate::profile::NODE_COST;

/// How a file is opened.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "the flags of WASI")]
pub(crate) struct OpenFlags {
    /// Make it if it does not exist.
    pub(crate) create: bool,
    /// Only a folder will do.
    pub(crate) folder: bool,
    /// It must not exist yet.
    pub(crate) exclusive: bool,
    /// Remove what is in it.
    pub(crate) truncate: bool,
    /// It will be written.
    pub(crate) write: bool,
    /// A link at the end of the path is followed.
    pub(crate) follow: bool,
}

impl FileSystem {
    /// Opens or makes a file or folder; the caller holds it.
    pub(crate) fn open(
        &mut self,
        base: NodeId,
        path: &str,
        flags: OpenFlags,
    ) -> Result<NodeId, Fault> {
        if flags.create && flags.folder {
            return Err(Errno::Inval.into());
        }
        let found = self.lookup(base, path, flags.follow && !flags.exclusive)?;
        if let Some(id) = found.node {
            if flags.create && flags.exclusive {
                return Err(Errno::Exist.into());
            }
            match self.stat(id)?.file_type {
                FileType::Folder if flags.write || flags.truncate || flags.create => {
                    return Err(Errno::Isdir.into());
                }
                FileType::File if flags.folder => return Err(Errno::Notdir.into()),
                FileType::Link => return Err(Errno::Loop.into()),
                _ => {}
            }
            if flags.truncate {
                self.set_size(id, 0)?;
            }
            self.hold(id);
            return Ok(id);
        }
        if !flags.create {
            return Err(Errno::Noent.into());
        }
        if found.folder {
            return Err(Errno::Isdir.into());
        }
        let name = found.new_name()?.to_owned();
        let id = self.insert(found.parent, name, Kind::File(Content::Memory(Vec::new())))?;
        self.hold(id);
        Ok(id)
    }

    /// Writes at `offset`, with zeros before it if the file was shorter. All or nothing.
    pub(crate) fn write_at(&mut self, id: NodeId, bytes: &[u8], offset: u64) -> Result<(), Fault> {
        if bytes.is_empty() {
            self.content(id)?;
            return Ok(());
        }
        let end = offset.checked_add(as_u64(bytes.len())).ok_or(Errno::Nospc)?;
        self.charge_file(id, |size| size.max(end))?;
        let content = self.content_mut(id)?.in_memory()?;
        // What is charged fits a vector: storage has at most 4 GiB.
        let start = usize::try_from(offset).map_err(|_| Errno::Nospc)?;
        let end = usize::try_from(end).map_err(|_| Errno::Nospc)?;
        if start > content.len() {
            set_len(content, start)?;
        }
        let old = content.len().min(end);
        let (over, new) = bytes.split_at(old.saturating_sub(start));
        if let Some(place) = content.get_mut(start..old) {
            place.copy_from_slice(over);
        }
        super::reserve(content, end)?;
        content.extend_from_slice(new);
        Ok(())
    }

    /// Cuts a file, or makes it longer with zeros.
    pub(crate) fn set_size(&mut self, id: NodeId, size: u64) -> Result<(), Fault> {
        self.charge_file(id, |_| size)?;
        let content = self.content_mut(id)?;
        if size == 0 {
            *content = Content::Memory(Vec::new());
            return Ok(());
        }
        let len = usize::try_from(size).map_err(|_| Errno::Nospc)?;
        let bytes = content.in_memory()?;
        set_len(bytes, len)?;
        bytes.shrink_to(len.saturating_add(len >> 3));
        Ok(())
    }

    /// Charges what a file takes once it has the size that `resize` makes of its size. An input costs nothing until it
    /// is written; then it costs what every file of its size costs.
    fn charge_file(&mut self, id: NodeId, resize: impl Fn(u64) -> u64) -> Result<(), Errno> {
        let cost = resize(self.content(id)?.size()).checked_add(NODE_COST).ok_or(Errno::Nospc)?;
        let charged = self.node(id)?.charged;
        match cost.checked_sub(charged) {
            Some(more) => self.storage.charge(more)?,
            None => self.storage.release(charged.saturating_sub(cost)),
        }
        self.node_mut(id)?.charged = cost;
        Ok(())
    }

    /// The content of a file, to be changed.
    fn content_mut(&mut self, id: NodeId) -> Result<&mut Content, Errno> {
        match &mut self.node_mut(id)?.kind {
            Kind::File(content) => Ok(content),
            Kind::Folder(_) => Err(Errno::Isdir),
            Kind::Link(_) => Err(Errno::Badf),
        }
    }
}
