//! A folder of its own for each test, a chain of its own, and the command run in that folder.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use serde_json::Value;
use stylus_devnode::{Config, Devnode};
use tokio::task::block_in_place;
use tokio::time::sleep;

/// The command.
pub(crate) const MUSTER: &str = env!("CARGO_BIN_EXE_muster");

/// Constants with which everything takes long enough not to be over before a slow machine is done.
pub(crate) const LONG_WINDOWS: &str =
    "--accept-window 600 --report-window 600 --min-window 1200 --min-length 1200";

/// The names of all folders.
static NAMES: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Returns when it is so. The pauses leave the processor to those who are waited for.
pub(crate) async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    while !is_so().await {
        sleep(Duration::from_millis(25)).await;
    }
}

/// A port that is free.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// A folder in which the command is run.
pub(crate) struct TestFolder {
    /// Where it is.
    path: PathBuf,
    /// The node that the command is told.
    url: String,
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct CommandResult {
    /// Its exit code.
    pub(crate) code: i32,
    /// Its result.
    pub(crate) stdout: String,
    /// Everything else it said.
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
        command.env_clear().env("MUSTER_RPC", &self.url);
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

    /// What the command answers in JSON. It must succeed.
    pub(crate) fn json(&self, args: &str) -> Value {
        let outcome = self.run(&format!("{args} --json"));
        assert_eq!(outcome.code, 0, "{args}: {}", outcome.stderr);
        serde_json::from_str(&outcome.stdout).unwrap()
    }

    /// Deploys a market with these options, and returns what is said of it.
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

    /// What the command says when it is refused: one line on standard error, nothing as a result.
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

    /// A market on which everything takes long enough not to be over before a slow machine is done.
    pub(crate) async fn with_long_windows(name: &str) -> Self {
        Self::with_options(name, LONG_WINDOWS).await
    }

    /// A market that is deployed with these options.
    pub(crate) async fn with_options(name: &str, options: &str) -> Self {
        let chain = Devnode::start(Config::any_port()).await.unwrap();
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

    /// What the chain answers to a request. It must not be an error.
    #[cfg(feature = "failpoints")]
    pub(crate) async fn rpc(&self, method: &str, params: Value) -> Value {
        let request =
            serde_json::json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let answer = self.chain.ask(&request.to_string()).await;
        let mut answer: Value = serde_json::from_str(&answer).unwrap();
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].take()
    }

    /// Lets the clock go on, and makes a block.
    pub(crate) async fn advance_time(&self, seconds: u64) {
        self.chain.advance(Duration::from_secs(seconds)).await.unwrap();
        self.chain.mine().await.unwrap();
    }
}

/// A process that runs until it is dropped.
pub(crate) struct BackgroundProcess {
    /// The process.
    child: Child,
    /// What it answers.
    lines: Lines<BufReader<ChildStdout>>,
}

impl BackgroundProcess {
    /// Starts the command with these arguments, to answer in JSON.
    pub(crate) fn start(folder: &TestFolder, args: &str) -> Self {
        Self::spawn(folder.command(args))
    }

    /// Starts a command, to answer in JSON.
    pub(crate) fn spawn(mut command: Command) -> Self {
        command.arg("--json");
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Its next line.
    pub(crate) fn next_line(&mut self) -> String {
        block_in_place(|| self.lines.next()).unwrap().unwrap()
    }

    /// What a program that runs on says in one line when it is ready.
    pub(crate) fn ready(&mut self) -> Value {
        let ready: Value = serde_json::from_str(&self.next_line()).unwrap();
        assert_eq!(ready["event"], "ready");
        ready
    }

    /// Where a daemon says how it is, when it is ready.
    #[cfg(feature = "failpoints")]
    pub(crate) fn health(&mut self) -> String {
        self.ready()["health"].as_str().unwrap().to_owned()
    }

    /// Its exit code, when it ends by itself; `None` if a signal ended it.
    pub(crate) fn wait(mut self) -> Option<i32> {
        block_in_place(|| self.child.wait()).unwrap().code()
    }

    /// The value of a field of what a program that runs on says when it is ready.
    pub(crate) fn field(&mut self, name: &str) -> String {
        self.ready()[name].as_str().unwrap().to_owned()
    }

    /// Asks it to end as a supervisor does, and returns its exit code.
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
