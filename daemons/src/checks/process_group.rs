//! The processes of a command check.

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Child;

/// The process group of a command. All its processes are killed when this is dropped.
pub(super) struct ProcessGroup(Option<Pid>);

impl ProcessGroup {
    /// The group that `child` leads.
    pub(super) fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)))
    }

    /// Leaves the processes alone, because the command has ended by itself.
    pub(super) fn release(mut self) {
        self.0 = None;
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // The processes may have ended by themselves.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}
