//! Services that are started, restarted and stopped.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use muster_gateway::{ServiceConfig, ServiceLimits, ServiceProcess};

use crate::support::AGREEMENT;

/// A named pipe by which a process reports to its test.
pub(crate) struct Pipe {
    /// The pipe's path.
    path: PathBuf,
    /// Reads from it, and keeps it open.
    reader: Arc<Mutex<BufReader<fs::File>>>,
}

impl Pipe {
    /// Creates a pipe.
    pub(crate) fn new() -> Self {
        let name = format!("muster-pipe-{}-{:?}", std::process::id(), std::thread::current().id());
        let path = std::env::temp_dir().join(name.replace(['(', ')'], ""));
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let file = fs::File::options().read(true).write(true).open(&path).unwrap();
        Self { path, reader: Arc::new(Mutex::new(BufReader::new(file))) }
    }

    /// The path, for a shell.
    pub(crate) fn path(&self) -> &str {
        self.path.to_str().unwrap()
    }

    /// Reads the next line.
    pub(crate) async fn line(&self) -> String {
        let reader = Arc::clone(&self.reader);
        let read = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            reader.lock().unwrap().read_line(&mut line).unwrap();
            line.trim_end().to_owned()
        });
        read.await.unwrap()
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        fs::remove_file(&self.path).unwrap();
    }
}

/// Limits with short waits.
fn quick_limits() -> ServiceLimits {
    ServiceLimits {
        restart_backoff: Duration::from_millis(1),
        stop_timeout: Duration::from_millis(100),
        ..ServiceLimits::default()
    }
}

/// Starts a service; `PIPE` in its command is the pipe's path.
fn start(pipe: &Pipe, command: &str, limits: ServiceLimits) -> ServiceProcess {
    let command = command.replace("PIPE", pipe.path());
    ServiceProcess::start(ServiceConfig { command, agreement: AGREEMENT, limits }).unwrap()
}

/// Returns when a process is dead.
async fn wait_dead(process: &str) {
    let alive = || {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        Some(!stat.rsplit(')').next()?.trim_start().starts_with('Z'))
    };
    while alive() == Some(true) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_service_gets_its_agreement_and_port() {
    let pipe = Pipe::new();
    let service = start(&pipe, "echo $MUSTER_AGREEMENT $PORT > PIPE; sleep 1000", quick_limits());
    let line = pipe.line().await;
    let (agreement, port) = line.split_once(' ').unwrap();
    assert_eq!(agreement, format!("0x{}", "07".repeat(20)));
    assert_eq!(service.upstream(), format!("http://127.0.0.1:{port}").parse().unwrap());
    service.stop().await;
}

/// Runs itself with a key in the environment, then looks for that key in a service's environment.
#[tokio::test]
async fn a_service_sees_nothing_of_its_owner() {
    if std::env::var_os("MUSTER_KEY").is_none() {
        let name = "supervisor::a_service_sees_nothing_of_its_owner";
        let mut again = Command::new(std::env::current_exe().unwrap());
        let done = again.args(["--exact", name]).env("MUSTER_KEY", "secret").output().unwrap();
        let stdout = String::from_utf8(done.stdout).unwrap();
        assert!(done.status.success() && stdout.contains("1 passed"), "{stdout}");
        return;
    }
    let pipe = Pipe::new();
    let command = "(cat; env) > PIPE; echo end > PIPE; sleep 1000";
    let service = start(&pipe, command, quick_limits());
    let mut leaked = Vec::new();
    loop {
        match pipe.line().await {
            line if line == "end" => break,
            line if line.contains("MUSTER") || line.contains("secret") => leaked.push(line),
            _ => {}
        }
    }
    assert_eq!(leaked, [format!("MUSTER_AGREEMENT=0x{}", "07".repeat(20))]);
    service.stop().await;
}

#[tokio::test]
async fn a_service_that_exits_restarts_on_another_port() {
    let pipe = Pipe::new();
    let service = start(&pipe, "echo $PORT > PIPE; exit 1", quick_limits());
    let ports = [pipe.line().await, pipe.line().await, pipe.line().await];
    assert_ne!(ports[0], ports[1]);
    service.stop().await;
}

#[tokio::test]
async fn processes_left_by_a_dead_service_are_killed() {
    let pipe = Pipe::new();
    let limits = ServiceLimits { stop_timeout: Duration::from_mins(10), ..quick_limits() };
    let service = start(&pipe, "trap '' TERM; sleep 1000 & echo $! > PIPE; exit 1", limits);
    wait_dead(&pipe.line().await).await;
    service.stop().await;
}

#[tokio::test]
async fn a_service_can_handle_sigterm() {
    let pipe = Pipe::new();
    let limits = ServiceLimits { stop_timeout: Duration::from_mins(10), ..quick_limits() };
    let service = start(
        &pipe,
        "trap 'echo bye > PIPE; exit' TERM; echo up > PIPE; sleep 1000 & wait",
        limits,
    );
    assert_eq!(pipe.line().await, "up");
    service.stop().await;
    assert_eq!(pipe.line().await, "bye");
}

#[tokio::test]
async fn a_service_that_ignores_sigterm_is_killed_with_its_children() {
    let pipe = Pipe::new();
    let command = "trap '' TERM; sleep 1000 & echo $! > PIPE; echo $$ > PIPE; wait; sleep 1000";
    let service = start(&pipe, command, quick_limits());
    let (grandchild, leader) = (pipe.line().await, pipe.line().await);
    service.stop().await;
    wait_dead(&leader).await;
    wait_dead(&grandchild).await;
}

#[tokio::test]
async fn a_service_does_not_outlive_its_owner() {
    let pipe = Pipe::new();
    let command = "trap '' TERM; sleep 1000 & echo $! > PIPE; echo $$ > PIPE; wait; sleep 1000";
    let service = start(&pipe, command, quick_limits());
    let (grandchild, leader) = (pipe.line().await, pipe.line().await);
    // A killed owner does no more than close its end of the pipe.
    drop(service);
    wait_dead(&leader).await;
    wait_dead(&grandchild).await;
}

#[tokio::test]
async fn a_service_over_its_cpu_time_is_killed() {
    let pipe = Pipe::new();
    let limits = ServiceLimits { cpu_time: Some(Duration::from_secs(1)), ..quick_limits() };
    let service = start(&pipe, "echo $$ > PIPE; while :; do :; done", limits);
    wait_dead(&pipe.line().await).await;
    service.stop().await;
}

#[tokio::test]
async fn a_service_gets_no_more_memory_than_allowed() {
    let pipe = Pipe::new();
    let limits = ServiceLimits { memory_bytes: Some(64 << 20), ..quick_limits() };
    let service = start(&pipe, "ulimit -v > PIPE; sleep 1000", limits);
    assert_eq!(pipe.line().await, "65536");
    service.stop().await;
}

#[tokio::test]
async fn a_service_is_stopped_for_good_after_its_lifetime() {
    let pipe = Pipe::new();
    let limits = ServiceLimits { lifetime: Some(Duration::from_millis(50)), ..quick_limits() };
    let service = start(&pipe, "trap '' TERM; echo $$ > PIPE; sleep 1000; sleep 1000", limits);
    wait_dead(&pipe.line().await).await;
    service.stop().await;
    fs::write(pipe.path(), "nothing else\n").unwrap();
    assert_eq!(pipe.line().await, "nothing else");
}
