//! Making, removing and renaming.

use super::{
    Content, Errno, FileSystem, FileType, NodeId, ROOT, Stat, as_u64,
    node::{Kind, Node},
};
use crate::{JobPath, path::check_name, profile::NODE_COST};
use std::collections::BTreeMap;

impl FileSystem {
    /// Puts a file where a job wants it, with its folders, before the program starts. Costs no storage.
    pub(crate) fn put(&mut self, path: &JobPath, content: Content) -> Result<(), Errno> {
        let mut names: Vec<&str> = path.names().collect();
        let name = names.pop().ok_or(Errno::Inval)?;
        let parent = self.put_folders(&names)?;
        self.insert_free(parent, name.to_owned(), Kind::File(content), 0)?;
        Ok(())
    }

    /// Makes the folders on a path before the program starts, and returns the last. Costs no storage.
    pub(crate) fn put_folders(&mut self, names: &[&str]) -> Result<NodeId, Errno> {
        let mut here = ROOT;
        for name in names {
            here = match self.folder(here)?.get(*name) {
                Some(id) => *id,
                None => {
                    self.insert_free(here, (*name).to_owned(), Kind::Folder(BTreeMap::new()), 0)?
                }
            };
        }
        Ok(here)
    }

    /// What is at an absolute path; links are not followed.
    pub(crate) fn find(&self, path: &JobPath) -> Option<NodeId> {
        path.names().try_fold(ROOT, |here, name| self.folder(here).ok()?.get(name).copied())
    }

    /// What a program sees at a path.
    pub(crate) fn stat_at(&self, base: NodeId, path: &str, follow: bool) -> Result<Stat, Errno> {
        self.stat(self.lookup(base, path, follow)?.existing()?)
    }

    /// Where a symbolic link leads.
    pub(crate) fn read_link(&self, base: NodeId, path: &str) -> Result<&str, Errno> {
        match &self.node(self.lookup(base, path, false)?.existing()?)?.kind {
            Kind::Link(target) => Ok(target),
            _ => Err(Errno::Inval),
        }
    }

    /// Makes a folder.
    pub(crate) fn create_folder(&mut self, base: NodeId, path: &str) -> Result<(), Errno> {
        let found = self.lookup(base, path, false)?;
        let name = found.new_name()?.to_owned();
        self.insert(found.parent, name, Kind::Folder(BTreeMap::new()))?;
        Ok(())
    }

    /// Makes a symbolic link. Its target need not exist; an absolute one is refused, since it would lead out of the root.
    pub(crate) fn create_link(
        &mut self,
        base: NodeId,
        path: &str,
        target: &str,
    ) -> Result<(), Errno> {
        if target.starts_with('/') {
            return Err(Errno::Perm);
        }
        if target.is_empty() || target.contains('\0') {
            return Err(Errno::Inval);
        }
        if target.len() > crate::path::MAX_PATH {
            return Err(Errno::Nametoolong);
        }
        let found = self.lookup(base, path, false)?;
        let name = found.new_name()?.to_owned();
        self.insert(found.parent, name, Kind::Link(target.to_owned()))?;
        Ok(())
    }

    /// Removes a file or a link.
    pub(crate) fn unlink(&mut self, base: NodeId, path: &str) -> Result<(), Errno> {
        let found = self.lookup(base, path, false)?;
        let id = found.existing()?;
        if self.stat(id)?.file_type == FileType::Folder {
            return Err(Errno::Isdir);
        }
        self.remove(found.parent, found.name.as_deref().ok_or(Errno::Isdir)?)
    }

    /// Removes an empty folder.
    pub(crate) fn remove_folder(&mut self, base: NodeId, path: &str) -> Result<(), Errno> {
        let found = self.lookup(base, path, false)?;
        let id = found.existing()?;
        let is_empty = self.folder(id)?.is_empty();
        let name = found.name.as_deref().ok_or(Errno::Inval)?;
        if !is_empty {
            return Err(Errno::Notempty);
        }
        self.remove(found.parent, name)
    }

    /// Renames, as POSIX does: what is there is replaced, if it is of the same kind and, for a folder, empty.
    pub(crate) fn rename(&mut self, from: (NodeId, &str), to: (NodeId, &str)) -> Result<(), Errno> {
        let source = self.lookup(from.0, from.1, false)?;
        let target = self.lookup(to.0, to.1, false)?;
        let id = source.existing()?;
        let (Some(old), Some(new)) = (source.name, target.name) else {
            return Err(Errno::Inval);
        };
        if target.node == Some(id) {
            return Ok(());
        }
        check_name(&new)?;
        let is_folder = self.stat(id)?.file_type == FileType::Folder;
        if is_folder && self.is_within(target.parent, id)? {
            return Err(Errno::Inval);
        }
        if !is_folder && target.folder {
            return Err(Errno::Notdir);
        }
        if let Some(replaced) = target.node {
            match (is_folder, self.stat(replaced)?.file_type == FileType::Folder) {
                (true, false) => return Err(Errno::Notdir),
                (false, true) => return Err(Errno::Isdir),
                (true, true) if !self.folder(replaced)?.is_empty() => return Err(Errno::Notempty),
                _ => {}
            }
        }
        self.check_parent(target.parent)?;
        self.check_depth(target.parent, self.height(id)?)?;
        if target.node.is_some() {
            self.remove(target.parent, &new)?;
        }
        self.folder_mut(source.parent)?.remove(&old);
        self.folder_mut(target.parent)?.insert(new, id);
        self.node_mut(id)?.parent = Some(target.parent);
        Ok(())
    }

    /// Makes a node that the program pays for.
    pub(super) fn insert(
        &mut self,
        parent: NodeId,
        name: String,
        kind: Kind,
    ) -> Result<NodeId, Errno> {
        self.check_parent(parent)?;
        self.check_depth(parent, 0)?;
        let cost = match &kind {
            Kind::Link(target) => NODE_COST.saturating_add(as_u64(target.len())),
            Kind::File(_) | Kind::Folder(_) => NODE_COST,
        };
        self.storage.charge(cost)?;
        self.insert_free(parent, name, kind, cost)
    }

    /// Makes a node whose cost was charged.
    fn insert_free(
        &mut self,
        parent: NodeId,
        name: String,
        kind: Kind,
        charged: u64,
    ) -> Result<NodeId, Errno> {
        let id = NodeId(self.next);
        self.next = self.next.saturating_add(1);
        self.folder_mut(parent)?.insert(name, id);
        self.nodes.insert(id, Node { kind, parent: Some(parent), handles: 0, charged });
        Ok(id)
    }

    /// Takes a name from a folder; the node goes unless it is open.
    fn remove(&mut self, parent: NodeId, name: &str) -> Result<(), Errno> {
        let id = self.folder_mut(parent)?.remove(name).ok_or(Errno::Noent)?;
        self.node_mut(id)?.parent = None;
        self.drop_unused(id);
        Ok(())
    }

    /// Nothing new can be in a folder that was removed but is still open.
    fn check_parent(&self, folder: NodeId) -> Result<(), Errno> {
        if folder == ROOT || self.node(folder)?.parent.is_some() {
            Ok(())
        } else {
            Err(Errno::Noent)
        }
    }

    /// Whether a folder is another one, or lies in it.
    fn is_within(&self, mut folder: NodeId, outer: NodeId) -> Result<bool, Errno> {
        loop {
            if folder == outer {
                return Ok(true);
            }
            match self.node(folder)?.parent {
                Some(parent) => folder = parent,
                None => return Ok(false),
            }
        }
    }
}
