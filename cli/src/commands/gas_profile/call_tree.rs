//! The runs of all programs as one tree of calls.

use std::collections::BTreeMap;

use alloy::primitives::Address;

use super::profiling_node::Run;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum FrameKind {
    /// The runs of a program; its functions are below.
    Program,
    /// A function of the program, or a host function.
    Function,
}

/// All calls of one function by the same path.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// What it is.
    pub(super) kind: FrameKind,
    /// The function, or the program in brackets.
    pub(super) name: String,
    /// The program that it belongs to.
    pub(super) program: Address,
    /// Index of its caller; callers come first.
    pub(super) caller: Option<usize>,
    /// Number of calls.
    pub(super) calls: u64,
    /// Ink of its own.
    pub(super) ink: u64,
    /// Ink with everything that it calls.
    pub(super) total_ink: u64,
}

/// All calls of one function, or all runs of one program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// The function, or the program in brackets.
    pub(super) name: String,
    /// The program.
    pub(super) program: Address,
    /// Number of calls.
    pub(super) calls: u64,
    /// Ink of its own.
    pub(super) ink: u64,
    /// Ink with everything that it calls.
    pub(super) total_ink: u64,
}

/// The calls of a transaction.
#[derive(Debug, Default)]
pub(super) struct CallTree {
    /// The frames, callers first.
    frames: Vec<Frame>,
    /// Index of each frame, by its caller, its kind and its name.
    known: BTreeMap<(Option<usize>, FrameKind, String), usize>,
    /// Names of programs.
    labels: BTreeMap<Address, String>,
    /// Ink of a unit of gas.
    ink_price: u64,
}

impl CallTree {
    /// The tree of these runs. `label` names a program.
    pub(super) fn new(runs: &[Run], label: impl Fn(Address) -> String) -> Self {
        let ink_price = runs.first().map_or(0, |run| run.ink_price);
        let mut tree = Self { ink_price, ..Self::default() };
        let mut frames_of_runs: Vec<Vec<usize>> = Vec::new();
        for run in runs {
            let caller = run.caller.as_ref();
            let caller = caller.and_then(|site| frames_of_runs.get(site.run)?.get(site.function));
            let caller = caller.copied();
            let name = tree.labels.entry(run.address).or_insert_with(|| label(run.address));
            let name = format!("[{name}]");
            let root = tree.enter(caller, FrameKind::Program, name, run.address);
            tree.add(root, 1, 0);
            let mut frames: Vec<usize> = Vec::new();
            for function in &run.functions {
                let above = function.caller.and_then(|at| frames.get(at).copied());
                let above = Some(above.unwrap_or(root));
                let name = function.name.clone();
                let frame = tree.enter(above, FrameKind::Function, name, run.address);
                tree.add(frame, function.calls, function.ink);
                frames.push(frame);
            }
            let used = run.functions.iter().map(|function| function.ink);
            let used = used.fold(0, u64::saturating_add);
            if let Some(caller) = caller.and_then(|at| tree.frames.get_mut(at)) {
                caller.ink = caller.ink.saturating_sub(used);
            }
            frames_of_runs.push(frames);
        }
        tree.sum_up();
        tree
    }

    /// The index of a frame, which is added if it is new.
    fn enter(
        &mut self,
        caller: Option<usize>,
        kind: FrameKind,
        name: String,
        program: Address,
    ) -> usize {
        let next = self.frames.len();
        *self.known.entry((caller, kind, name)).or_insert_with_key(|(_, _, name)| {
            let name = name.clone();
            let (calls, ink, total_ink) = (0, 0, 0);
            self.frames.push(Frame { kind, name, program, caller, calls, ink, total_ink });
            next
        })
    }

    /// Adds calls and ink to a frame.
    fn add(&mut self, frame: usize, calls: u64, ink: u64) {
        if let Some(frame) = self.frames.get_mut(frame) {
            frame.calls = frame.calls.saturating_add(calls);
            frame.ink = frame.ink.saturating_add(ink);
        }
    }

    /// Sums up the ink of each frame and of those below it.
    fn sum_up(&mut self) {
        for at in (0..self.frames.len()).rev() {
            let Some(frame) = self.frames.get_mut(at) else { continue };
            frame.total_ink = frame.total_ink.saturating_add(frame.ink);
            let (total, caller) = (frame.total_ink, frame.caller);
            if let Some(caller) = caller.and_then(|caller| self.frames.get_mut(caller)) {
                caller.total_ink = caller.total_ink.saturating_add(total);
            }
        }
    }

    /// Ink of all runs.
    pub(super) fn total_ink(&self) -> u64 {
        self.frames.iter().map(|frame| frame.ink).fold(0, u64::saturating_add)
    }

    /// Ink that was used besides the runs, if all of it is this gas: by EVM code, by the entries of programs, and by the
    /// transaction itself.
    pub(super) fn ink_outside(&self, gas: u64) -> u64 {
        self.ink(gas).saturating_sub(self.total_ink())
    }

    /// Ink of this gas.
    pub(super) const fn ink(&self, gas: u64) -> u64 {
        gas.saturating_mul(self.ink_price)
    }

    /// Whole gas of this ink.
    pub(super) fn gas(&self, ink: u64) -> u64 {
        ink.checked_div(self.ink_price).unwrap_or_default()
    }

    /// The name of a program.
    pub(super) fn label(&self, program: Address) -> &str {
        self.labels.get(&program).map_or("", String::as_str)
    }

    /// Each frame that used ink of its own, with the names from the outermost caller to it.
    pub(super) fn stacks(&self) -> impl Iterator<Item = (Vec<&str>, u64)> {
        self.frames.iter().filter(|frame| frame.ink > 0).map(|frame| {
            let mut names: Vec<_> =
                self.callers(frame).map(|caller| caller.name.as_str()).collect();
            names.reverse();
            names.push(&frame.name);
            (names, frame.ink)
        })
    }

    /// The programs; their own ink is that of their functions.
    pub(super) fn programs(&self) -> Vec<Row> {
        let mut rows = self.rows(FrameKind::Program);
        for row in &mut rows {
            let own = self.frames.iter().filter(|frame| frame.program == row.program);
            row.ink = own.map(|frame| frame.ink).fold(0, u64::saturating_add);
        }
        rows.sort_by_key(|row| u64::MAX.saturating_sub(row.ink));
        rows
    }

    /// The functions, those that used most ink of their own first.
    pub(super) fn functions(&self) -> Vec<Row> {
        self.rows(FrameKind::Function)
    }

    /// All frames of a kind, those of the same name and program as one.
    fn rows(&self, kind: FrameKind) -> Vec<Row> {
        let mut rows: BTreeMap<(Address, &str), Row> = BTreeMap::new();
        for frame in self.frames.iter().filter(|frame| frame.kind == kind) {
            let is_same = |other: &Frame| {
                other.kind == kind && other.program == frame.program && other.name == frame.name
            };
            let row = rows.entry((frame.program, &frame.name)).or_insert_with(|| {
                let (calls, ink, total_ink) = (0, 0, 0);
                Row { name: frame.name.clone(), program: frame.program, calls, ink, total_ink }
            });
            row.calls = row.calls.saturating_add(frame.calls);
            row.ink = row.ink.saturating_add(frame.ink);
            // What a recursive function calls is in its outermost call already.
            if !self.callers(frame).any(is_same) {
                row.total_ink = row.total_ink.saturating_add(frame.total_ink);
            }
        }
        let mut rows: Vec<_> = rows.into_values().collect();
        rows.sort_by_key(|row| u64::MAX.saturating_sub(row.ink));
        rows
    }

    /// The callers of a frame, the innermost first.
    fn callers(&self, frame: &Frame) -> impl Iterator<Item = &Frame> {
        let above = |frame: &Frame| frame.caller.and_then(|at| self.frames.get(at));
        std::iter::successors(above(frame), move |frame| above(frame))
    }
}

#[cfg(test)]
mod tests;
