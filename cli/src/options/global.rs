//! Options that every command takes.

use std::path::PathBuf;

use alloy::primitives::Address;
use clap::Args;
use muster_messaging::ProxyUrl;
use secrecy::SecretString;

use crate::keys::DevAccount;
use crate::options::heading::{ACCOUNT, NETWORK, OUTPUT};
use crate::parse;

/// Options that every command takes. The environment or a file can set most of them; see [`crate::config`].
#[derive(Debug, Args)]
pub(crate) struct GlobalArgs {
    /// URL of an Arbitrum node; repeat it, or separate URLs by commas, to add fallback nodes of the same chain [default:
    /// `http://127.0.0.1:8547`]
    #[arg(long, global = true, env = "MUSTER_RPC", hide_env_values = true, value_name = "URL", value_delimiter = ',', help_heading = NETWORK)]
    pub(crate) rpc: Vec<String>,

    /// URL of a message relay; repeat it, or separate URLs by commas, to use several at once [default:
    /// `ws://127.0.0.1:7447`]
    #[arg(long, global = true, env = "MUSTER_RELAY", hide_env_values = true, value_name = "URL", value_delimiter = ',', help_heading = NETWORK)]
    pub(crate) relay: Vec<String>,

    /// Proxy for connections to workers and relays: socks5://, socks5h:// or http:// (CONNECT). Without one, they see this
    /// machine's network address, and workers may tell clients from testers by it
    #[arg(long, global = true, env = "MUSTER_PROXY", hide_env_values = true, value_name = "URL", value_parser = ProxyUrl::parse, help_heading = NETWORK)]
    pub(crate) proxy: Option<ProxyUrl>,

    /// Address of the market's dispatcher [default: the one that `deploy` wrote to ./.muster/market.json]
    #[arg(long, global = true, env = "MUSTER_MARKET", value_name = "ADDRESS", value_parser = parse::contract_address, help_heading = NETWORK)]
    pub(crate) market: Option<Address>,

    /// Sign as an account of a dev chain: `dev`, which is funded and the default there, or `dev:NAME`
    #[arg(long, global = true, env = "MUSTER_ACCOUNT", value_name = "NAME", help_heading = ACCOUNT)]
    pub(crate) account: Option<DevAccount>,

    /// Sign with the key in this keystore file (V3, as geth and cast write it), unless --account is given
    #[arg(long, global = true, env = "MUSTER_KEYSTORE", value_name = "FILE", help_heading = ACCOUNT)]
    pub(crate) keystore: Option<PathBuf>,

    /// File with the keystore's password [default: the value of `MUSTER_PASSWORD`]
    #[arg(long, global = true, env = "MUSTER_PASSWORD_FILE", value_name = "FILE", help_heading = ACCOUNT)]
    pub(crate) password_file: Option<PathBuf>,

    /// Sign with this private key (64 hexadecimal digits), unless --account or --keystore is given; on the command line
    /// only together with --insecure-key
    #[arg(long, global = true, env = "MUSTER_KEY", hide_env_values = true, value_name = "KEY", help_heading = ACCOUNT)]
    // [`crate::command_line`] checks it, because clap would repeat an invalid value.
    pub(crate) key: Option<SecretString>,

    /// Accept --key although all users of this machine can read it there
    #[arg(long, global = true, help_heading = ACCOUNT)]
    pub(crate) insecure_key: bool,

    /// Print JSON instead of tables
    #[arg(long, global = true, help_heading = OUTPUT)]
    pub(crate) json: bool,

    /// Folder for the state files of daemons and of purchases by name [default: ./.muster]
    #[arg(long, global = true, env = "MUSTER_STATE_FOLDER", value_name = "FOLDER", help_heading = OUTPUT)]
    pub(crate) state_folder: Option<PathBuf>,
}
