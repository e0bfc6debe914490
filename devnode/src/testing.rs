//! What `#[devnode::test]` expands to: a chain, and what a test asks for.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Mutex, PoisonError},
};

use serde_json::Value;
use tokio::runtime::Runtime;

use crate::{Account, CallError, Config, Constructor, Contract, DeployError, Devnode};

/// The target of Stylus programs.
const TARGET: &str = "wasm32-unknown-unknown";

/// Modules that this process has built.
static BUILT: Mutex<Option<HashMap<Package, Vec<u8>>>> = Mutex::new(None);

/// The package of a program.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Package {
    /// Its folder.
    pub folder: PathBuf,
    /// The cargo features that it is built with, separated by commas.
    pub features: String,
}

/// What a test needs.
#[derive(Debug)]
pub struct Setup {
    /// The configuration of the chain.
    config: Config,
    /// The package of the test.
    package: Package,
    /// The file of the program; `None` builds the package.
    wasm: Option<PathBuf>,
    /// The call of its constructor.
    constructor: Constructor,
}

/// A chain during a test.
#[derive(Debug)]
pub struct Fixture {
    /// The chain.
    node: Devnode,
    /// What the test needs.
    setup: Setup,
    /// Runs the chain's server, and asynchronous tests.
    runtime: Runtime,
}

/// What the function of a test may have as an argument.
#[diagnostic::on_unimplemented(
    message = "a test cannot have an argument of type `{Self}`",
    label = "expected `&Devnode`, `[Account; N]` or `Contract`"
)]
pub trait Argument<'f>: Sized {
    /// The argument. Panics if it cannot be had, which fails the test.
    fn from_fixture(fixture: &'f Fixture) -> impl Future<Output = Self>;
}

impl Setup {
    /// A chain with the defaults on a free port that prints traces, and the program of the package in a
    /// folder.
    #[must_use]
    pub fn new(package: impl Into<PathBuf>) -> Self {
        let config = Config { print_traces: true, ..Config::any_port() };
        let package = Package { folder: package.into(), features: String::new() };
        Self { config, package, wasm: None, constructor: Constructor::none() }
    }

    /// The same with another configuration of the chain.
    #[must_use]
    pub fn with_config(self, config: Config) -> Self {
        Self { config, ..self }
    }

    /// The same with the program in a file; a relative path begins in the folder of the package.
    #[must_use]
    pub fn with_wasm(self, wasm: impl AsRef<Path>) -> Self {
        let wasm = Some(self.package.folder.join(wasm));
        Self { wasm, ..self }
    }

    /// The same with these cargo features of the package, separated by commas.
    #[must_use]
    pub fn with_features(mut self, features: impl Into<String>) -> Self {
        self.package.features = features.into();
        self
    }

    /// The same with this call of the program's constructor.
    #[must_use]
    pub fn with_constructor(self, constructor: Constructor) -> Self {
        Self { constructor, ..self }
    }

    /// Starts the chain.
    #[expect(clippy::panic, reason = "a test fails by a panic")]
    fn start(self) -> Fixture {
        // A thread of its own keeps the server running while a test blocks.
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.unwrap_or_else(|why| panic!("cannot start a runtime: {why}"));
        let node = runtime.block_on(Devnode::start(self.config.clone()));
        let node = node.unwrap_or_else(|why| panic!("cannot start the dev chain: {why}"));
        Fixture { node, setup: self, runtime }
    }
}

impl Fixture {
    /// Waits for a future.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// Deploys a program. Its transactions are not printed: they are long, and the same in each test.
    async fn deploy(&self, wasm: &[u8]) -> Result<Contract, DeployError> {
        let Setup { config, constructor, .. } = &self.setup;
        self.node.print_traces(false).await.map_err(CallError::from)?;
        let contract = self.node.deploy(wasm, constructor.clone()).await?;
        self.node.print_traces(config.print_traces).await.map_err(CallError::from)?;
        Ok(contract)
    }
}

/// Runs a test on a new chain.
///
/// # Panics
/// If the chain does not start.
pub fn run<R>(setup: Setup, body: impl FnOnce(&Fixture) -> R) -> R {
    body(&setup.start())
}

impl<'f> Argument<'f> for &'f Devnode {
    async fn from_fixture(fixture: &'f Fixture) -> Self {
        &fixture.node
    }
}

impl<const COUNT: usize> Argument<'_> for [Account; COUNT] {
    /// The first accounts of the mnemonic.
    #[expect(clippy::panic, reason = "a test fails by a panic")]
    async fn from_fixture(fixture: &Fixture) -> Self {
        let accounts = fixture.node.accounts().get(1..).unwrap_or_default();
        let first = accounts.get(..COUNT).and_then(|first| first.to_vec().try_into().ok());
        first.unwrap_or_else(|| {
            panic!("the test wants {COUNT} accounts, and the chain has {}", accounts.len())
        })
    }
}

impl Argument<'_> for Contract {
    /// The deployed program.
    #[expect(clippy::panic, reason = "a test fails by a panic")]
    async fn from_fixture(fixture: &Fixture) -> Self {
        let Setup { package, wasm, .. } = &fixture.setup;
        let (module, source) = match wasm {
            Some(file) => (read(file), file),
            None => (build(package), &package.folder),
        };
        let contract = fixture.deploy(&module).await;
        contract.unwrap_or_else(|why| {
            panic!("cannot deploy the program of {}: {why}", source.display())
        })
    }
}

/// Builds the program of a package, once in this process, and returns its module.
///
/// # Panics
/// If cargo fails, with its messages.
#[must_use]
pub fn build(package: &Package) -> Vec<u8> {
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    let modules = built.get_or_insert_default();
    // Cargo gives the modules of all features the same file, so it is read at once.
    modules.entry(package.clone()).or_insert_with(|| read(&run_cargo(package))).clone()
}

/// Reads a module.
#[expect(clippy::panic, reason = "a test fails by a panic")]
fn read(file: &Path) -> Vec<u8> {
    std::fs::read(file)
        .unwrap_or_else(|why| panic!("cannot read the program {}: {why}", file.display()))
}

/// Runs cargo for the program of a package, and returns the file that it wrote.
#[expect(clippy::panic, reason = "a test fails by a panic")]
fn run_cargo(package: &Package) -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = package.folder.join("Cargo.toml");
    let output = Command::new(cargo)
        .args(["build", "--release", "--lib", "--target", TARGET, "--features", &package.features])
        .args(["--message-format", "json-render-diagnostics", "--manifest-path"])
        .arg(&manifest)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|why| panic!("cannot run cargo: {why}"));
    if !output.status.success() {
        let messages = String::from_utf8_lossy(&output.stderr);
        panic!("cannot build the program of {} for {TARGET}:\n{messages}", manifest.display());
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let artifacts = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let own = |message: &Value| {
        message.get("manifest_path").and_then(Value::as_str).map(Path::new) == Some(&*manifest)
    };
    let mut files = artifacts.filter(own).filter_map(|message| {
        let files = message.get("filenames")?.as_array()?.clone();
        files
            .iter()
            .filter_map(Value::as_str)
            .map(PathBuf::from)
            .find(|file| file.extension().is_some_and(|extension| extension == "wasm"))
    });
    files.next_back().unwrap_or_else(|| {
        panic!(
            "{} builds no module: its [lib] needs crate-type = [\"lib\", \"cdylib\"]",
            manifest.display()
        )
    })
}
