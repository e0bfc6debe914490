//! Collects the profile of one run.

use std::collections::BTreeMap;

use super::{FunctionNames, Profile, ProfileNode};

/// Maximum number of call paths. Calls by further paths count as part of their caller.
const MAX_NODES: usize = 1 << 16;

/// A function that a program calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Frame {
    /// A function of the program, by its index.
    Function(u32),
    /// A host function, by its name.
    Host(&'static str),
}

/// All calls by one path.
#[derive(Clone, Copy, Debug)]
struct Node {
    /// The function.
    frame: Frame,
    /// The caller's node.
    caller: Option<usize>,
    /// Number of calls.
    calls: u64,
    /// Ink of the function itself.
    ink: u64,
}

/// The profile of a run in progress.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    /// All nodes.
    nodes: Vec<Node>,
    /// Index of the node of each path: the caller's node, and the function.
    paths: BTreeMap<(Option<usize>, Frame), usize>,
    /// Nodes of the open functions, outermost first.
    open: Vec<usize>,
    /// Ink left when the last function was entered or left.
    ink_left: u64,
}

impl Recorder {
    /// A run that starts with this ink.
    pub(crate) fn new(ink: u64) -> Self {
        Self { ink_left: ink, ..Self::default() }
    }

    /// A function is entered. Returns the index of its node.
    pub(crate) fn enter(&mut self, frame: Frame, ink_left: u64) -> usize {
        self.charge(ink_left);
        let caller = self.open.last().copied();
        let next = self.nodes.len();
        let node = match (self.paths.get(&(caller, frame)), caller) {
            (Some(&known), _) => known,
            (None, Some(caller)) if next >= MAX_NODES => caller,
            (None, _) => {
                self.paths.insert((caller, frame), next);
                self.nodes.push(Node { frame, caller, calls: 0, ink: 0 });
                next
            }
        };
        self.open.push(node);
        if let Some(node) = self.nodes.get_mut(node).filter(|node| node.frame == frame) {
            node.calls = node.calls.saturating_add(1);
        }
        node
    }

    /// The innermost function is left.
    pub(crate) fn leave(&mut self, ink_left: u64) {
        self.charge(ink_left);
        self.open.pop();
    }

    /// The run ends; functions that are still open end with it.
    pub(crate) fn finish(mut self, ink_left: u64, names: &FunctionNames) -> Profile {
        self.charge(ink_left);
        let nodes = self.nodes.into_iter().map(|Node { frame, caller, calls, ink }| {
            let (name, is_host) = match frame {
                Frame::Function(function) => (names.name(function), false),
                Frame::Host(name) => (name.to_owned(), true),
            };
            ProfileNode { name, is_host, caller, calls, ink }
        });
        Profile { nodes: nodes.collect() }
    }

    /// Gives the ink that was used since the last report to the innermost function.
    fn charge(&mut self, ink_left: u64) {
        let used = self.ink_left.saturating_sub(ink_left);
        self.ink_left = ink_left;
        if let Some(node) = self.open.last().and_then(|&at| self.nodes.get_mut(at)) {
            node.ink = node.ink.saturating_add(used);
        }
    }
}
