//! Files, folders and symbolic links.

use super::content::{Content, as_u64};
use std::collections::BTreeMap;

/// Names a node for as long as the program runs; never given out again. Also what the program sees as its inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NodeId(pub(super) u64);

impl NodeId {
    /// The number that the program sees.
    pub(crate) const fn inode(self) -> u64 {
        self.0
    }
}

/// One file, folder or link.
#[derive(Debug)]
pub(super) struct Node {
    /// What it is.
    pub(super) kind: Kind,
    /// The folder that it is in; `None` for the root, and for what was removed but is still open.
    pub(super) parent: Option<NodeId>,
    /// How many descriptors hold it.
    pub(super) handles: u32,
    /// How much of the job's storage it takes.
    pub(super) charged: u64,
}

/// What a node is.
#[derive(Debug)]
pub(super) enum Kind {
    /// A regular file.
    File(Content),
    /// A folder; its entries are in the order of their names' bytes.
    Folder(BTreeMap<String, NodeId>),
    /// A symbolic link and where it leads.
    Link(String),
}

/// What a program sees of a node's kind, with the numbers of WASI preview 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum FileType {
    /// Standard input, output and error: neither a terminal nor a file.
    Unknown = 0,
    /// A folder.
    Folder = 3,
    /// A regular file.
    File = 4,
    /// A symbolic link.
    Link = 7,
}

impl FileType {
    /// The number in a program's memory.
    #[expect(clippy::as_conversions, reason = "the enum is a u8")]
    pub(crate) const fn number(self) -> u8 {
        self as u8
    }
}

/// What a program sees of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stat {
    /// The node.
    pub(crate) node: NodeId,
    /// Its kind.
    pub(crate) file_type: FileType,
    /// Its length in bytes; zero for a folder.
    pub(crate) size: u64,
}

impl Kind {
    /// Its kind alone.
    pub(super) const fn file_type(&self) -> FileType {
        match self {
            Self::File(_) => FileType::File,
            Self::Folder(_) => FileType::Folder,
            Self::Link(_) => FileType::Link,
        }
    }

    /// Its length as a program sees it.
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::File(content) => content.size(),
            Self::Folder(_) => 0,
            Self::Link(target) => as_u64(target.len()),
        }
    }
}
