//! What counts of everything that every command can be told: the first word on it, by a flag, the environment,
//! the file of this folder, the file of the user, or a default.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use clap::parser::ValueSource;
use serde::Deserialize;

use crate::args::Globals;
use crate::error::CliError;
use crate::parse;

/// The file of this folder.
const HERE: &str = ".muster/config.toml";

/// Where a dev chain listens.
const RPC: &str = "http://127.0.0.1:8547";

/// Where a relay of this machine listens.
const RELAY: &str = "ws://127.0.0.1:7447";

/// Where state files are.
const STATE_FOLDER: &str = ".muster";

/// Ways to name an account: whoever names one higher up is not asked for the others.
const ACCOUNT: [&str; 3] = ["account", "keystore", "key"];

/// Who said what counts, in the order in which they are heard.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// The command line.
    Flag,
    /// A variable of the environment.
    Environment,
    /// A file: that of this folder comes first, then that of the user.
    File(PathBuf),
    /// Nobody.
    Default,
}

impl Display for Origin {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("flag"),
            Self::Environment => f.write_str("environment"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// What counts, and who said it.
#[derive(Debug)]
pub(crate) struct Settings {
    /// What counts.
    pub(crate) globals: Globals,
    /// Who said it, by the flag's name.
    pub(crate) origins: BTreeMap<&'static str, Origin>,
    /// Files that were looked for, and whether they are there.
    pub(crate) files: Vec<(PathBuf, bool)>,
}

/// What a file can say. Keys are not among it: they belong into keystores.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Words {
    /// URLs of nodes.
    rpc: Option<Several>,
    /// URLs of relays.
    relay: Option<Several>,
    /// The market.
    market: Option<String>,
    /// The folder with state files.
    state_folder: Option<PathBuf>,
    /// A dev account.
    account: Option<String>,
    /// The keystore.
    keystore: Option<PathBuf>,
    /// The file with its password.
    password_file: Option<PathBuf>,
}

/// One text or several.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected a text, or a list of texts")]
enum Several {
    /// One.
    One(String),
    /// Several.
    All(Vec<String>),
}

impl From<Several> for Vec<String> {
    fn from(several: Several) -> Self {
        match several {
            Several::One(one) => vec![one],
            Several::All(all) => all,
        }
    }
}

/// Finds out what counts.
///
/// # Errors
/// [`CliError::Read`], [`CliError::Config`].
pub(crate) fn settle(globals: Globals, matches: &ArgMatches) -> Result<Settings, CliError> {
    let mut settings = Settings { globals, origins: BTreeMap::new(), files: Vec::new() };
    for name in [
        "rpc",
        "relay",
        "market",
        "state_folder",
        "account",
        "keystore",
        "password_file",
        "key",
        "json",
    ] {
        match matches.value_source(name) {
            Some(ValueSource::CommandLine) => settings.note(name, Origin::Flag),
            Some(ValueSource::EnvVariable) => settings.note(name, Origin::Environment),
            _ => {}
        }
    }
    settings.drop_lesser_accounts();
    for path in std::iter::once(PathBuf::from(HERE)).chain(of_user()) {
        settings.hear(&path)?;
    }
    settings.fill_up();
    Ok(settings)
}

/// The file of the user, if the system says where it is.
fn of_user() -> Option<PathBuf> {
    let folder = |name| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
    let folder = folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(".config")))?;
    Some(folder.join("muster/config.toml"))
}

impl Settings {
    /// Takes note of who said something.
    fn note(&mut self, name: &'static str, origin: Origin) {
        self.origins.insert(name, origin);
    }

    /// Whether somebody has said it already.
    fn is_said(&self, name: &str) -> bool {
        self.origins.contains_key(name)
    }

    /// What names an account in the environment does not count if the command line names one.
    fn drop_lesser_accounts(&mut self) {
        let said = ACCOUNT.iter().filter_map(|name| self.origins.get(name)).min().cloned();
        for name in ACCOUNT {
            if self.origins.get(name) > said.as_ref() {
                self.origins.remove(name);
                match name {
                    "account" => self.globals.account = None,
                    "keystore" => self.globals.keystore = None,
                    _ => self.globals.key = None,
                }
            }
        }
    }

    /// Hears what a file says about everything that is still open.
    fn hear(&mut self, path: &Path) -> Result<(), CliError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(source) => return Err(CliError::Read { path: path.into(), source }),
        };
        self.files.push((path.into(), text.is_some()));
        let Some(text) = text else { return Ok(()) };
        let wrong = |source| CliError::Config { path: path.into(), source };
        let file: Words = toml::from_str(&text).map_err(|error| wrong(error.into()))?;
        let origin = Origin::File(path.into());
        // What a file names is beside it.
        let beside = |named: PathBuf| path.parent().unwrap_or(Path::new("")).join(named);
        let open = |settings: &Self, name| !settings.is_said(name);

        if let Some(rpc) = file.rpc.filter(|_| open(self, "rpc")) {
            self.globals.rpc = rpc.into();
            self.note("rpc", origin.clone());
        }
        if let Some(relay) = file.relay.filter(|_| open(self, "relay")) {
            self.globals.relay = relay.into();
            self.note("relay", origin.clone());
        }
        if let Some(market) = file.market.filter(|_| open(self, "market")) {
            let market = parse::contract(&market).map_err(|error| wrong(Box::new(error)))?;
            self.globals.market = Some(market);
            self.note("market", origin.clone());
        }
        if let Some(folder) = file.state_folder.filter(|_| open(self, "state_folder")) {
            self.globals.state_folder = Some(beside(folder));
            self.note("state_folder", origin.clone());
        }
        let password = file.password_file.filter(|_| open(self, "password_file"));
        // The environment comes before every file, also if it has the password itself.
        if let Some(password) = password.filter(|_| std::env::var_os("MUSTER_PASSWORD").is_none()) {
            self.globals.password_file = Some(beside(password));
            self.note("password_file", origin.clone());
        }
        if ACCOUNT.iter().any(|name| self.is_said(name)) {
            return Ok(());
        }
        if let Some(account) = file.account {
            self.globals.account = Some(account.parse().map_err(|error| wrong(Box::new(error)))?);
            self.note("account", origin);
        } else if let Some(keystore) = file.keystore {
            self.globals.keystore = Some(beside(keystore));
            self.note("keystore", origin);
        }
        Ok(())
    }

    /// Fills in what nobody has said.
    fn fill_up(&mut self) {
        if !self.is_said("rpc") {
            self.globals.rpc = vec![RPC.to_owned()];
            self.note("rpc", Origin::Default);
        }
        if !self.is_said("relay") {
            self.globals.relay = vec![RELAY.to_owned()];
            self.note("relay", Origin::Default);
        }
        if !self.is_said("state_folder") {
            self.globals.state_folder = Some(STATE_FOLDER.into());
            self.note("state_folder", Origin::Default);
        }
    }
}
