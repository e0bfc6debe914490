//! The configuration: every global setting from the first of these that names it: an option, the environment, the file
//! of this folder, the file of the user, the default.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use clap::parser::ValueSource;
use muster_messaging::ProxyUrl;
use serde::Deserialize;

use crate::error::CliError;
use crate::options::global::GlobalArgs;
use crate::parse;
use crate::user_folder::user_folder;

/// The file of this folder.
const LOCAL_CONFIG_PATH: &str = ".muster/config.toml";

/// Where a dev chain of this machine listens.
const DEFAULT_RPC: &str = "http://127.0.0.1:8547";

/// Where a relay of this machine listens.
const DEFAULT_RELAY: &str = "ws://127.0.0.1:7447";

/// The folder for state files.
const DEFAULT_STATE_FOLDER: &str = ".muster";

/// Settings that name an account: the first origin that has one of them decides about all of them.
const ACCOUNT_SETTINGS: [&str; 3] = ["account", "keystore", "key"];

/// Where a setting comes from, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// The command line.
    Flag,
    /// An environment variable.
    Environment,
    /// A file; that of this folder precedes that of the user.
    File(PathBuf),
    /// Nothing sets it.
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

/// Every setting, and where it comes from.
#[derive(Debug)]
pub(crate) struct Config {
    /// The settings.
    pub(crate) globals: GlobalArgs,
    /// Where each setting comes from, by the option's name.
    pub(crate) origins: BTreeMap<&'static str, Origin>,
    /// Files that can have settings, and whether they exist.
    pub(crate) files: Vec<(PathBuf, bool)>,
}

/// The settings that a file can have. Keys are none of them: they belong into keystores.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ConfigFile {
    /// URLs of nodes.
    rpc: Option<OneOrMany>,
    /// URLs of relays.
    relay: Option<OneOrMany>,
    /// The proxy.
    proxy: Option<String>,
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

/// One text, or a list of texts.
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

/// Completes the command line and the environment with the files and the defaults.
///
/// # Errors
/// [`CliError::Read`] or [`CliError::Config`], about a file.
pub(crate) fn resolve(globals: GlobalArgs, matches: &ArgMatches) -> Result<Config, CliError> {
    let mut config = Config { globals, origins: BTreeMap::new(), files: Vec::new() };
    for name in [
        "rpc",
        "relay",
        "proxy",
        "market",
        "state_folder",
        "account",
        "keystore",
        "password_file",
        "key",
        "json",
    ] {
        match matches.value_source(name) {
            Some(ValueSource::CommandLine) => config.set_origin(name, Origin::Flag),
            Some(ValueSource::EnvVariable) => config.set_origin(name, Origin::Environment),
            _ => {}
        }
    }
    config.drop_shadowed_accounts();
    for path in std::iter::once(PathBuf::from(LOCAL_CONFIG_PATH))
        .chain(user_folder().map(|folder| folder.join("config.toml")))
    {
        config.merge_file(&path)?;
    }
    config.apply_defaults();
    Ok(config)
}

impl Config {
    /// Notes where a setting comes from.
    fn set_origin(&mut self, name: &'static str, origin: Origin) {
        self.origins.insert(name, origin);
    }

    /// Whether a setting has a value already.
    fn is_set(&self, name: &str) -> bool {
        self.origins.contains_key(name)
    }

    /// Drops an account from the environment if the command line names one.
    fn drop_shadowed_accounts(&mut self) {
        let decisive =
            ACCOUNT_SETTINGS.iter().filter_map(|name| self.origins.get(name)).min().cloned();
        for name in ACCOUNT_SETTINGS {
            if self.origins.get(name) > decisive.as_ref() {
                self.origins.remove(name);
                match name {
                    "account" => self.globals.account = None,
                    "keystore" => self.globals.keystore = None,
                    _ => self.globals.key = None,
                }
            }
        }
    }

    /// Takes the settings of a file that have no value yet.
    fn merge_file(&mut self, path: &Path) -> Result<(), CliError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(source) => return Err(CliError::Read { path: path.into(), source }),
        };
        self.files.push((path.into(), text.is_some()));
        let Some(text) = text else { return Ok(()) };
        let invalid = |source| CliError::Config { path: path.into(), source };
        let file: ConfigFile = toml::from_str(&text).map_err(|error| invalid(error.into()))?;
        let origin = Origin::File(path.into());
        // Paths in a file are relative to it.
        let beside = |named: PathBuf| path.parent().unwrap_or(Path::new("")).join(named);
        let open = |config: &Self, name| !config.is_set(name);

        if let Some(rpc) = file.rpc.filter(|_| open(self, "rpc")) {
            self.globals.rpc = rpc.into();
            self.set_origin("rpc", origin.clone());
        }
        if let Some(relay) = file.relay.filter(|_| open(self, "relay")) {
            self.globals.relay = relay.into();
            self.set_origin("relay", origin.clone());
        }
        if let Some(proxy) = file.proxy.filter(|_| open(self, "proxy")) {
            let proxy = ProxyUrl::parse(&proxy).map_err(|error| invalid(Box::new(error)))?;
            self.globals.proxy = Some(proxy);
            self.set_origin("proxy", origin.clone());
        }
        if let Some(market) = file.market.filter(|_| open(self, "market")) {
            let market =
                parse::contract_address(&market).map_err(|error| invalid(Box::new(error)))?;
            self.globals.market = Some(market);
            self.set_origin("market", origin.clone());
        }
        if let Some(folder) = file.state_folder.filter(|_| open(self, "state_folder")) {
            self.globals.state_folder = Some(beside(folder));
            self.set_origin("state_folder", origin.clone());
        }
        let password = file.password_file.filter(|_| open(self, "password_file"));
        // A password in the environment precedes every file.
        if let Some(password) = password.filter(|_| std::env::var_os("MUSTER_PASSWORD").is_none()) {
            self.globals.password_file = Some(beside(password));
            self.set_origin("password_file", origin.clone());
        }
        if ACCOUNT_SETTINGS.iter().any(|name| self.is_set(name)) {
            return Ok(());
        }
        if let Some(account) = file.account {
            self.globals.account = Some(account.parse().map_err(|error| invalid(Box::new(error)))?);
            self.set_origin("account", origin);
        } else if let Some(keystore) = file.keystore {
            self.globals.keystore = Some(beside(keystore));
            self.set_origin("keystore", origin);
        }
        Ok(())
    }

    /// Sets the defaults of all settings without a value.
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
