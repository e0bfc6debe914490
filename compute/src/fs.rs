//! A file system in memory, which behaves the same on every machine: entries are sorted, inodes are counted, times stand
//! still, and storage ends at the job's limit.

mod content;
mod edit;
mod errno;
mod file_system;
mod lookup;
mod node;
mod open;
mod storage;
#[cfg(test)]
mod tests;

pub(crate) use content::{Content, as_u64, reserve};
pub(crate) use errno::{Errno, Fault};
pub(crate) use file_system::{FileSystem, ROOT};
pub(crate) use node::{FileType, NodeId, Stat};
pub(crate) use open::OpenFlags;
pub(crate) use storage::Storage;
