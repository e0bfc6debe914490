//! One run of a service: a process group that is stopped as a whole and does not outlive its owner.

use std::{
    env, io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    process::{ChildStdin, Command},
    task::JoinSet,
    time::timeout,
};

use super::{
    config::{ServiceConfig, ServiceLimits},
    output,
};
use crate::{error::GatewayError, upstream::Upstream};

/// Prefix of the environment variables that a service does not get: the owner's keys are among them.
const MUSTER_PREFIX: &str = "MUSTER_";

/// Starts the service and a watcher in one process group. The watcher reads the owner's pipe, to which nothing
/// is ever written: end of file means that the owner is gone, and the watcher kills the group. `$0` is the
/// service's command, `$1` the seconds from SIGTERM to SIGKILL.
const SHELL_SCRIPT: &str = r#"exec 3<&0
(trap '' TERM; read -r _ <&3; kill -TERM 0; sleep "$1"; kill -KILL 0) >/dev/null 2>&1 &
exec /bin/sh -c "$0" </dev/null 3<&-"#;

/// How long to wait for the rest of the output of a service that has exited.
const OUTPUT_DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// One run of a service.
#[derive(Debug)]
pub(super) struct ProcessGroup {
    /// The service itself, which leads the group.
    leader: tokio::process::Child,
    /// The group's id.
    group: Option<Pid>,
    /// The owner's end of the watcher's pipe.
    _owner_pipe: Option<ChildStdin>,
    /// Log standard output and standard error.
    output: JoinSet<()>,
    /// Where the service is told to listen.
    upstream: Upstream,
}

impl ProcessGroup {
    /// Starts a service at a free port.
    ///
    /// # Errors
    /// [`GatewayError::StartService`].
    pub(super) fn start(service: &ServiceConfig) -> Result<Self, GatewayError> {
        let address = free_port().map_err(GatewayError::StartService)?;
        let agreement = const_hex::encode_prefixed(service.agreement);
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(script(&service.limits)).arg(&service.command);
        command.arg(service.limits.stop_timeout.as_secs().to_string());
        for (name, _) in env::vars_os() {
            if name.as_encoded_bytes().starts_with(MUSTER_PREFIX.as_bytes()) {
                command.env_remove(name);
            }
        }
        command.env("MUSTER_AGREEMENT", &agreement).env("PORT", address.port().to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut leader = command.process_group(0).spawn().map_err(GatewayError::StartService)?;

        let mut output = JoinSet::new();
        if let Some(stdout) = leader.stdout.take() {
            output.spawn(output::log_lines(stdout, agreement.clone()));
        }
        if let Some(stderr) = leader.stderr.take() {
            output.spawn(output::log_lines(stderr, agreement));
        }
        let number = leader.id().and_then(|id| i32::try_from(id).ok());
        Ok(Self {
            group: number.and_then(Pid::from_raw),
            _owner_pipe: leader.stdin.take(),
            leader,
            output,
            upstream: address.try_into()?,
        })
    }

    /// Where the service is told to listen.
    pub(super) fn upstream(&self) -> Upstream {
        self.upstream.clone()
    }

    /// Waits until the service exits, and kills the rest of its group.
    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.leader.wait().await;
        // The watcher is still in the group, so the group's id cannot have been reused.
        self.signal(Signal::KILL);
        // A process that has left the group may keep the output open.
        drop(
            timeout(OUTPUT_DRAIN_TIMEOUT, async {
                while self.output.join_next().await.is_some() {}
            })
            .await,
        );
        status
    }

    /// Stops the group: with SIGTERM, and with SIGKILL if the service has not exited after `stop_timeout`.
    pub(super) async fn terminate(mut self, stop_timeout: Duration) {
        self.signal(Signal::TERM);
        if timeout(stop_timeout, self.leader.wait()).await.is_err() {
            self.signal(Signal::KILL);
        }
        // The exit status of a stopped service does not matter.
        drop(self.wait().await);
    }

    /// Sends a signal to the group, which may be gone already.
    fn signal(&self, signal: Signal) {
        let _ = self.group.map(|group| kill_process_group(group, signal));
    }
}

/// The whole shell script: the limits, then [`SHELL_SCRIPT`].
fn script(limits: &ServiceLimits) -> String {
    let cpu = limits.cpu_time.map(|time| format!("ulimit -t {} || exit\n", time.as_secs()));
    let memory = limits.memory_bytes.map(|bytes| format!("ulimit -v {} || exit\n", bytes >> 10));
    [cpu, memory, Some(SHELL_SCRIPT.to_owned())].into_iter().flatten().collect()
}

/// A port of 127.0.0.1 that nobody listens on now.
fn free_port() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}
