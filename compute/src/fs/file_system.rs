//! All files of a job, and what is true of each.

use super::{
    content::Content,
    errno::Errno,
    node::{Kind, Node, NodeId, Stat},
    storage::Storage,
};
use std::collections::BTreeMap;

/// All files of a job.
#[derive(Debug)]
pub(crate) struct FileSystem {
    /// Every node that has a name or is open.
    pub(super) nodes: BTreeMap<NodeId, Node>,
    /// The number of the next node.
    pub(super) next: u64,
    /// What the program may still write.
    pub(super) storage: Storage,
}

/// The root folder, which is always there.
pub(crate) const ROOT: NodeId = NodeId(1);

impl FileSystem {
    /// An empty root. What is put into it before the program starts is not charged.
    pub(crate) fn new(storage: Storage) -> Self {
        let root =
            Node { kind: Kind::Folder(BTreeMap::new()), parent: None, handles: 1, charged: 0 };
        Self { nodes: BTreeMap::from([(ROOT, root)]), next: 2, storage }
    }

    /// What the program may still write, to standard output as well.
    pub(crate) const fn storage(&mut self) -> &mut Storage {
        &mut self.storage
    }

    /// Says that a descriptor holds a node.
    pub(crate) fn hold(&mut self, id: NodeId) {
        if let Some(node) = self.nodes.get_mut(&id) {
            node.handles = node.handles.saturating_add(1);
        }
    }

    /// Says that a descriptor no longer holds a node, which goes if it has no name either.
    pub(crate) fn release(&mut self, id: NodeId) {
        if let Some(node) = self.nodes.get_mut(&id) {
            node.handles = node.handles.saturating_sub(1);
        }
        self.drop_unused(id);
    }

    /// What a program sees of a node.
    pub(crate) fn stat(&self, id: NodeId) -> Result<Stat, Errno> {
        let kind = &self.node(id)?.kind;
        Ok(Stat { node: id, file_type: kind.file_type(), size: kind.size() })
    }

    /// The entries of a folder with what they are, sorted by the bytes of their names.
    pub(crate) fn list(&self, id: NodeId) -> Result<Vec<(String, Stat)>, Errno> {
        self.folder(id)?.iter().map(|(name, node)| Ok((name.clone(), self.stat(*node)?))).collect()
    }

    /// The folder that a folder is in; the root is in itself.
    pub(crate) fn parent(&self, id: NodeId) -> Result<NodeId, Errno> {
        Ok(self.node(id)?.parent.unwrap_or(id))
    }

    /// The content of a file.
    pub(crate) fn content(&self, id: NodeId) -> Result<&Content, Errno> {
        match &self.node(id)?.kind {
            Kind::File(content) => Ok(content),
            Kind::Folder(_) => Err(Errno::Isdir),
            Kind::Link(_) => Err(Errno::Badf),
        }
    }

    /// A node; one that descriptors or names refer to is always there.
    pub(super) fn node(&self, id: NodeId) -> Result<&Node, Errno> {
        self.nodes.get(&id).ok_or(Errno::Badf)
    }

    /// The same, to be changed.
    pub(super) fn node_mut(&mut self, id: NodeId) -> Result<&mut Node, Errno> {
        self.nodes.get_mut(&id).ok_or(Errno::Badf)
    }

    /// The entries of a folder.
    pub(super) fn folder(&self, id: NodeId) -> Result<&BTreeMap<String, NodeId>, Errno> {
        match &self.node(id)?.kind {
            Kind::Folder(entries) => Ok(entries),
            _ => Err(Errno::Notdir),
        }
    }

    /// The same, to be changed.
    pub(super) fn folder_mut(
        &mut self,
        id: NodeId,
    ) -> Result<&mut BTreeMap<String, NodeId>, Errno> {
        match &mut self.node_mut(id)?.kind {
            Kind::Folder(entries) => Ok(entries),
            _ => Err(Errno::Notdir),
        }
    }

    /// Removes a node that has neither a name nor a descriptor, and gives its storage back.
    pub(super) fn drop_unused(&mut self, id: NodeId) {
        let unused = |node: &Node| node.parent.is_none() && node.handles == 0;
        if self.nodes.get(&id).is_some_and(unused)
            && let Some(node) = self.nodes.remove(&id)
        {
            self.storage.release(node.charged);
        }
    }
}
