//! A folder and a chain for each test, and the command, run in that folder.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use muster_client::protocol::abi::Clock;
use muster_client::protocol::settings;
#[cfg(feature = "failpoints")]
use rustix::process::Pid;
use serde_json::{Value, json};
use stylus_devnode::{Config, Devnode};
use tokio::task::block_in_place;
use tokio::time::sleep;

/// The command.
pub(crate) const MUSTER: &str = env!("CARGO_BIN_EXE_muster");

/// Constants with windows that are long enough for a slow machine.
pub(crate) const LONG_WINDOWS: &str =
    "--accept-window 300 --report-window 600 --min-window 600 --min-length 1200";

/// Seconds that a test in real time takes at most, on a slow machine.
const LONGEST_TEST: u64 = 300;

/// The names of all folders.
static NAMES: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Returns when the condition holds. The pauses leave the processor to the processes that are waited for.
pub(crate) async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    while !is_so().await {
        sleep(Duration::from_millis(25)).await;
    }
}

/// A port that is free.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// The current time in Unix seconds.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// The first second after the epoch of a time on a dev market.
pub(crate) fn epoch_end(time: u64) -> u64 {
    time.saturating_add(1).next_multiple_of(settings::dev(Clock::Second).epochLength.into())
}

/// The first second of the next epoch but one, so that a test that advances the clock does not run into the end of an
/// epoch. Between blocks, the clock of such a chain stands still for daemons and commands.
pub(crate) fn future_epoch_start() -> u64 {
    epoch_end(epoch_end(now()))
}

/// A chain in real time. If an epoch is about to end, the chain starts after it.
pub(crate) async fn start_chain() -> Devnode {
    let start = now();
    let left = epoch_end(start).saturating_sub(start);
    if left <= LONGEST_TEST {
        sleep(Duration::from_secs(left)).await;
    }
    Devnode::start(Config::any_port()).await.unwrap()
}

/// A folder in which the command is run.
pub(crate) struct TestFolder {
    /// Where it is.
    path: PathBuf,
    /// The URL of the node.
    url: String,
}

/// The result of a command.
#[derive(Debug)]
pub(crate) struct CommandResult {
    /// Its exit code.
    pub(crate) code: i32,
    /// Its standard output.
    pub(crate) stdout: String,
    /// Its standard error.
    pub(crate) stderr: String,
}

impl TestFolder {
    /// An empty folder under a name that no other test uses.
    pub(crate) fn new(name: &str, url: &str) -> Self {
        let fresh = NAMES.lock().unwrap().insert(name.to_owned());
        assert!(fresh, "{name} is another test's folder");
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self { path, url: url.to_owned() }
    }

    /// A file in it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The command with these arguments, separated by blanks, ready to run.
    pub(crate) fn command(&self, args: &str) -> Command {
        let mut command = Command::new(MUSTER);
        command.args(args.split_whitespace()).current_dir(&self.path);
        // Windows are long for slow machines, and no test waits for daemons that look as seldom as those need.
        command.env_clear().env("MUSTER_RPC", &self.url).env("MUSTER_INTERVAL", "0.5");
        command
    }

    /// Runs the command with these arguments, separated by blanks.
    pub(crate) fn run(&self, args: &str) -> CommandResult {
        let output = block_in_place(|| self.command(args).output()).unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        CommandResult {
            code: output.status.code().unwrap(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// The JSON that the command prints. It must succeed.
    pub(crate) fn json(&self, args: &str) -> Value {
        let outcome = self.run(&format!("{args} --json"));
        assert_eq!(outcome.code, 0, "{args}: {}", outcome.stderr);
        serde_json::from_str(&outcome.stdout).unwrap()
    }

    /// Deploys a market with these options, and returns the JSON that is printed.
    pub(crate) fn deploy(&self, options: &str) -> Value {
        let built =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/wasm32-unknown-unknown/release");
        let wasm = |name: &str| {
            let path = built.join(name);
            assert!(path.exists(), "{} is not there: run scripts/wasm", path.display());
            path.display().to_string()
        };
        let (agreement, dispatcher) = (wasm("agreement.wasm"), wasm("dispatcher.wasm"));
        let files = format!("--agreement-wasm {agreement} --dispatcher-wasm {dispatcher}");
        self.json(&format!("deploy {files} {options}"))
    }

    /// The error of a command that fails: one line on standard error, nothing on standard output.
    pub(crate) fn refused(&self, args: &str) -> String {
        let CommandResult { code, stdout, stderr } = self.run(args);
        assert_eq!((code, stdout.as_str()), (1, ""), "{args}: {stderr}");
        let line = stderr.strip_prefix("error: ").unwrap_or_else(|| panic!("{args}: {stderr}"));
        assert_eq!(line.lines().count(), 1, "{args}: {stderr}");
        line.trim_end().to_owned()
    }
}

/// A chain with a market on it, and a folder that knows the market.
pub(crate) struct TestMarket {
    /// The chain.
    pub(crate) chain: Devnode,
    /// The folder.
    pub(crate) folder: TestFolder,
}

impl TestMarket {
    /// A market with the constants for dev chains.
    pub(crate) async fn new(name: &str) -> Self {
        Self::with_options(name, "").await
    }

    /// A market with windows that are long enough for a slow machine, at the start of an epoch.
    pub(crate) async fn with_long_windows(name: &str) -> Self {
        let genesis = Some(future_epoch_start());
        Self::on_chain(name, Config { genesis, ..Config::any_port() }).await
    }

    /// A market with such windows on a chain with this configuration.
    pub(crate) async fn on_chain(name: &str, config: Config) -> Self {
        Self::deploy(name, LONG_WINDOWS, Devnode::start(config).await.unwrap())
    }

    /// A market that is deployed with these options.
    pub(crate) async fn with_options(name: &str, options: &str) -> Self {
        Self::deploy(name, options, start_chain().await)
    }

    /// A market on this chain.
    fn deploy(name: &str, options: &str, chain: Devnode) -> Self {
        let folder = TestFolder::new(name, &chain.url());
        folder.deploy(options);
        Self { chain, folder }
    }

    /// Gives these dev accounts an ether each.
    pub(crate) fn fund_accounts(&self, names: &[&str]) {
        for name in names {
            self.folder.json(&format!("fund dev:{name} 1eth"));
        }
    }

    /// Registered testers that have checked in.
    pub(crate) fn join_testers(&self, names: &[&str]) {
        self.fund_accounts(names);
        for name in names {
            self.folder.json(&format!("tester join --account dev:{name}"));
            self.folder.json(&format!("tester check-in --account dev:{name}"));
        }
    }

    /// The result of a request to the chain. It must not be an error.
    pub(crate) async fn rpc(&self, method: &str, params: Value) -> Value {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let answer = self.chain.raw_request(&request.to_string()).await;
        let mut answer: Value = serde_json::from_str(&answer).unwrap();
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].take()
    }

    /// Advances the clock, and mines a block.
    pub(crate) async fn advance_time(&self, seconds: u64) {
        self.chain.increase_time(Duration::from_secs(seconds)).await.unwrap();
        self.chain.mine().await.unwrap();
    }
}

/// A process that runs until it is dropped.
pub(crate) struct BackgroundProcess {
    /// The process.
    child: Child,
    /// Its standard output.
    lines: Lines<BufReader<ChildStdout>>,
}

impl BackgroundProcess {
    /// Starts the command with these arguments and --json.
    pub(crate) fn start(folder: &TestFolder, args: &str) -> Self {
        Self::spawn(folder.command(args))
    }

    /// Starts a command with --json.
    pub(crate) fn spawn(mut command: Command) -> Self {
        command.arg("--json");
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Its process.
    #[cfg(feature = "failpoints")]
    pub(crate) fn process(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Its next line.
    pub(crate) fn next_line(&mut self) -> String {
        block_in_place(|| self.lines.next()).unwrap().unwrap()
    }

    /// The line that a program prints when it is ready.
    pub(crate) fn ready(&mut self) -> Value {
        let ready: Value = serde_json::from_str(&self.next_line()).unwrap();
        assert_eq!(ready["event"], "ready");
        ready
    }

    /// The URL of a daemon's health, when it is ready.
    pub(crate) fn health(&mut self) -> String {
        self.ready()["health"].as_str().unwrap().to_owned()
    }

    /// Waits until it ends, and returns its exit code; `None` if a signal ended it.
    pub(crate) fn wait(mut self) -> Option<i32> {
        block_in_place(|| self.child.wait()).unwrap().code()
    }

    /// The value of a field in the line that a program prints when it is ready.
    pub(crate) fn field(&mut self, name: &str) -> String {
        self.ready()[name].as_str().unwrap().to_owned()
    }

    /// Sends SIGTERM, as a supervisor does, and returns its exit code.
    pub(crate) fn terminate(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        block_in_place(|| self.child.wait()).unwrap().code()
    }
}

impl Drop for BackgroundProcess {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
