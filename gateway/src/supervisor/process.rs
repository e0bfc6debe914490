//! One run of a service: a process group that is ended as a whole, and that ends when its owner dies.

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

use super::{ServiceConfig, ServiceLimits, output};
use crate::{error::GatewayError, upstream::Upstream};

/// What begins the names of variables that are the owner's business: keys are among them.
const MUSTER_PREFIX: &str = "MUSTER_";

/// The shell's part. A second process of the group reads from the owner's pipe, in which nothing ever comes:
/// when it ends, the owner is gone, and the group has to go too. The service itself reads nothing.
const SHELL_SCRIPT: &str = r#"exec 3<&0
(trap '' TERM; read -r _ <&3; kill -TERM 0; sleep "$1"; kill -KILL 0) >/dev/null 2>&1 &
exec /bin/sh -c "$0" </dev/null 3<&-"#;

/// How long the last words of a dead service are waited for.
const OUTPUT_DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// One run of a service.
#[derive(Debug)]
pub(super) struct ProcessGroup {
    /// The leader of the group.
    leader: tokio::process::Child,
    /// The group.
    group: Option<Pid>,
    /// Closed when the owner is gone.
    _owner_pipe: Option<ChildStdin>,
    /// What reads what it writes.
    output: JoinSet<()>,
    /// Where it was told to listen.
    upstream: Upstream,
}

impl ProcessGroup {
    /// Starts a service.
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

    /// Where it was told to listen.
    pub(super) fn upstream(&self) -> Upstream {
        self.upstream.clone()
    }

    /// Waits until it has ended, and ends what is left of its group.
    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.leader.wait().await;
        // The reader of the pipe still belongs to the group, so that its number is not given to others yet.
        self.signal(Signal::KILL);
        // What has left the group may hold on to the pipes.
        drop(
            timeout(OUTPUT_DRAIN_TIMEOUT, async {
                while self.output.join_next().await.is_some() {}
            })
            .await,
        );
        status
    }

    /// Ends it: politely first.
    pub(super) async fn terminate(mut self, grace: Duration) {
        self.signal(Signal::TERM);
        if timeout(grace, self.leader.wait()).await.is_err() {
            self.signal(Signal::KILL);
        }
        // How it ended does not matter any more.
        drop(self.wait().await);
    }

    /// Sends a signal to the group; it may have ended already.
    fn signal(&self, signal: Signal) {
        let _ = self.group.map(|group| kill_process_group(group, signal));
    }
}

/// What the shell does before it becomes the service.
fn script(limits: &ServiceLimits) -> String {
    let cpu = limits.cpu_time.map(|time| format!("ulimit -t {} || exit\n", time.as_secs()));
    let memory = limits.memory_bytes.map(|bytes| format!("ulimit -v {} || exit\n", bytes >> 10));
    [cpu, memory, Some(SHELL_SCRIPT.to_owned())].into_iter().flatten().collect()
}

/// A port of this machine that nobody listens on.
fn free_port() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}
