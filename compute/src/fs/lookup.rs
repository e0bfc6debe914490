//! From paths to nodes.

use super::{Errno, FileSystem, NodeId, node::Kind};
use crate::{
    path::{MAX_DEPTH, MAX_PATH, check_name},
    profile::MAX_LINKS,
};

/// Where a path leads.
#[derive(Debug)]
pub(super) struct Found {
    /// The folder in which the last name is looked up.
    pub(super) parent: NodeId,
    /// The last name; `None` if the path ends at the folder that it started at, or with `..`.
    pub(super) name: Option<String>,
    /// What has that name now.
    pub(super) node: Option<NodeId>,
    /// The path ends with a slash, so it means a folder.
    pub(super) folder: bool,
}

impl Found {
    /// What is there, or that nothing is.
    pub(super) fn existing(&self) -> Result<NodeId, Errno> {
        self.node.ok_or(Errno::Noent)
    }

    /// The last name, which something new can have.
    pub(super) fn new_name(&self) -> Result<&str, Errno> {
        if self.node.is_some() {
            return Err(Errno::Exist);
        }
        let name = self.name.as_deref().ok_or(Errno::Exist)?;
        check_name(name)?;
        Ok(name)
    }
}

impl FileSystem {
    /// Follows a path from a folder. A link at the end is followed only if `follow`, or if a slash follows it.
    ///
    /// Neither `..` nor a link leads out of the folder at which the path starts.
    pub(super) fn lookup(&self, base: NodeId, path: &str, follow: bool) -> Result<Found, Errno> {
        self.folder(base)?;
        if path.is_empty() {
            return Err(Errno::Noent);
        }
        if path.len() > MAX_PATH {
            return Err(Errno::Nametoolong);
        }
        if path.contains('\0') {
            return Err(Errno::Inval);
        }
        let folder = path.ends_with('/') || path == "." || path.ends_with("/.");
        // The folders from the start to here, and what is still to be followed, last name first.
        let mut trail = vec![base];
        let mut rest = names(path)?;
        let mut links: usize = 0;
        while let Some(name) = rest.pop() {
            let here = *trail.last().ok_or(Errno::Perm)?;
            if name == ".." {
                // Above the start there is nothing, which is an error below.
                trail.pop();
                continue;
            }
            let node = self.folder(here)?.get(&name).copied();
            let is_last = rest.is_empty();
            if let Some(id) = node
                && let Kind::Link(target) = &self.node(id)?.kind
                && (follow || folder || !is_last)
            {
                links = links.saturating_add(1);
                if links > MAX_LINKS {
                    return Err(Errno::Loop);
                }
                rest.extend(names(target)?);
                continue;
            }
            if is_last {
                if let Some(id) = node
                    && folder
                {
                    self.folder(id)?;
                }
                return Ok(Found { parent: here, name: Some(name), node, folder });
            }
            let id = node.ok_or(Errno::Noent)?;
            self.folder(id)?;
            trail.push(id);
        }
        let here = *trail.last().ok_or(Errno::Perm)?;
        Ok(Found { parent: self.parent(here)?, name: None, node: Some(here), folder: true })
    }

    /// How many names the path of a folder has.
    pub(super) fn depth(&self, mut folder: NodeId) -> Result<usize, Errno> {
        let mut depth: usize = 0;
        while let Some(parent) = self.node(folder)?.parent {
            depth = depth.saturating_add(1);
            folder = parent;
        }
        Ok(depth)
    }

    /// How many names a path has from a node to the deepest that is in it.
    pub(super) fn height(&self, top: NodeId) -> Result<usize, Errno> {
        let mut deepest = 0;
        let mut open = vec![(top, 0_usize)];
        while let Some((id, depth)) = open.pop() {
            deepest = deepest.max(depth);
            if let Kind::Folder(entries) = &self.node(id)?.kind {
                open.extend(entries.values().map(|entry| (*entry, depth.saturating_add(1))));
            }
        }
        Ok(deepest)
    }

    /// Checks that something of some height fits below a folder.
    pub(super) fn check_depth(&self, parent: NodeId, height: usize) -> Result<(), Errno> {
        let depth = self.depth(parent)?.saturating_add(1).saturating_add(height);
        if depth > MAX_DEPTH { Err(Errno::Nametoolong) } else { Ok(()) }
    }
}

/// The names of a relative path, last first, without those that mean nothing.
fn names(path: &str) -> Result<Vec<String>, Errno> {
    if path.starts_with('/') {
        return Err(Errno::Perm);
    }
    let names = path.split('/').rev().filter(|name| !matches!(*name, "" | "."));
    Ok(names.map(str::to_owned).collect())
}
