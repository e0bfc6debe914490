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

use crate::args::GlobalArgs;
use crate::error::CliError;
use crate::parse;

/// The file of this folder.
const LOCAL_CONFIG_PATH: &str = ".muster/config.toml";

/// Where a dev chain listens.
const DEFAULT_RPC: &str = "http://127.0.0.1:8547";

/// Where a relay of this machine listens.
const DEFAULT_RELAY: &str = "ws://127.0.0.1:7447";

/// Where state files are.
const DEFAULT_STATE_FOLDER: &str = ".muster";

/// Ways to name an account: whoever names one higher up is not asked for the others.
const ACCOUNT_SETTINGS: [&str; 3] = ["account", "keystore", "key"];

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
pub(crate) struct Config {
    /// What counts.
    pub(crate) globals: GlobalArgs,
    /// Who said it, by the flag's name.
    pub(crate) origins: BTreeMap<&'static str, Origin>,
    /// Files that were looked for, and whether they are there.
    pub(crate) files: Vec<(PathBuf, bool)>,
}

/// What a file can say. Keys are not among it: they belong into keystores.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ConfigFile {
    /// URLs of nodes.
    rpc: Option<OneOrMany>,
    /// URLs of relays.
    relay: Option<OneOrMany>,
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
enum OneOrMany {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl From<OneOrMany> for Vec<String> {
    fn from(one_or_many: OneOrMany) -> Self {
        match one_or_many {
            OneOrMany::One(one) => vec![one],
            OneOrMany::Many(all) => all,
        }
    }
}

/// Finds out what counts.
///
/// # Errors
/// [`CliError::Read`], [`CliError::Config`].
pub(crate) fn resolve(globals: GlobalArgs, matches: &ArgMatches) -> Result<Config, CliError> {
    let mut settings = Config { globals, origins: BTreeMap::new(), files: Vec::new() };
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
            Some(ValueSource::CommandLine) => settings.set_origin(name, Origin::Flag),
            Some(ValueSource::EnvVariable) => settings.set_origin(name, Origin::Environment),
            _ => {}
        }
    }
    settings.drop_shadowed_accounts();
    for path in std::iter::once(PathBuf::from(LOCAL_CONFIG_PATH)).chain(user_config_path()) {
        settings.merge_file(&path)?;
    }
    settings.apply_defaults();
    Ok(settings)
}

/// The file of the user, if the system says where it is.
fn user_config_path() -> Option<PathBuf> {
    let folder = |name| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
    let folder = folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(".config")))?;
    Some(folder.join("muster/config.toml"))
}

impl Config {
    /// Takes note of who said something.
    fn set_origin(&mut self, name: &'static str, origin: Origin) {
        self.origins.insert(name, origin);
    }

    /// Whether somebody has said it already.
    fn is_set(&self, name: &str) -> bool {
        self.origins.contains_key(name)
    }

    /// What names an account in the environment does not count if the command line names one.
    fn drop_shadowed_accounts(&mut self) {
        let said = ACCOUNT_SETTINGS.iter().filter_map(|name| self.origins.get(name)).min().cloned();
        for name in ACCOUNT_SETTINGS {
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
    fn merge_file(&mut self, path: &Path) -> Result<(), CliError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(source) => return Err(CliError::Read { path: path.into(), source }),
        };
        self.files.push((path.into(), text.is_some()));
        let Some(text) = text else { return Ok(()) };
        let wrong = |source| CliError::Config { path: path.into(), source };
        let file: ConfigFile = toml::from_str(&text).map_err(|error| wrong(error.into()))?;
        let origin = Origin::File(path.into());
        // What a file names is beside it.
        let beside = |named: PathBuf| path.parent().unwrap_or(Path::new("")).join(named);
        let open = |settings: &Self, name| !settings.is_set(name);

        if let Some(rpc) = file.rpc.filter(|_| open(self, "rpc")) {
            self.globals.rpc = rpc.into();
            self.set_origin("rpc", origin.clone());
        }
        if let Some(relay) = file.relay.filter(|_| open(self, "relay")) {
            self.globals.relay = relay.into();
            self.set_origin("relay", origin.clone());
        }
        if let Some(market) = file.market.filter(|_| open(self, "market")) {
            let market =
                parse::contract_address(&market).map_err(|error| wrong(Box::new(error)))?;
            self.globals.market = Some(market);
            self.set_origin("market", origin.clone());
        }
        if let Some(folder) = file.state_folder.filter(|_| open(self, "state_folder")) {
            self.globals.state_folder = Some(beside(folder));
            self.set_origin("state_folder", origin.clone());
        }
        let password = file.password_file.filter(|_| open(self, "password_file"));
        // The environment comes before every file, also if it has the password itself.
        if let Some(password) = password.filter(|_| std::env::var_os("MUSTER_PASSWORD").is_none()) {
            self.globals.password_file = Some(beside(password));
            self.set_origin("password_file", origin.clone());
        }
        if ACCOUNT_SETTINGS.iter().any(|name| self.is_set(name)) {
            return Ok(());
        }
        if let Some(account) = file.account {
            self.globals.account = Some(account.parse().map_err(|error| wrong(Box::new(error)))?);
            self.set_origin("account", origin);
        } else if let Some(keystore) = file.keystore {
            self.globals.keystore = Some(beside(keystore));
            self.set_origin("keystore", origin);
        }
        Ok(())
    }

    /// Fills in what nobody has said.
    fn apply_defaults(&mut self) {
        if !self.is_set("rpc") {
            self.globals.rpc = vec![DEFAULT_RPC.to_owned()];
            self.set_origin("rpc", Origin::Default);
        }
        if !self.is_set("relay") {
            self.globals.relay = vec![DEFAULT_RELAY.to_owned()];
            self.set_origin("relay", Origin::Default);
        }
        if !self.is_set("state_folder") {
            self.globals.state_folder = Some(DEFAULT_STATE_FOLDER.into());
            self.set_origin("state_folder", Origin::Default);
        }
    }
}
