//! Options of the local API of a client daemon.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use crate::options::heading;
use crate::parse;

/// The local API.
#[derive(Debug, Args)]
#[command(next_help_heading = heading::COMMAND)]
pub(crate) struct ApiArgs {
    /// Address and port at which to serve the local API, for programs that have a token of `client token add`; port 0 is any
    /// free one
    #[arg(long = "api", value_name = "IP:PORT", value_parser = parse::socket_address, conflicts_with = "kept")]
    pub(crate) listen: Option<SocketAddr>,

    /// Where the tokens are.
    #[command(flatten)]
    pub(crate) tokens: TokenFileArgs,

    /// Further name of this machine that requests of the API may be sent to; repeat it for several
    #[arg(long = "api-host", value_name = "HOST", requires = "listen")]
    pub(crate) hosts: Vec<String>,

    /// Web pages that may use the API, such as `https://app.example`; repeat it for several [default: none]
    #[arg(long = "api-origin", value_name = "ORIGIN", requires = "listen")]
    pub(crate) origins: Vec<String>,

    /// Let --api listen where other machines reach it: it has no TLS, so something else must protect it
    #[arg(long = "api-exposed", requires = "listen")]
    pub(crate) exposed: bool,
}

/// Where tokens are.
#[derive(Debug, Args)]
#[command(next_help_heading = heading::COMMAND)]
pub(crate) struct TokenFileArgs {
    /// File with the tokens of the local API, which only its owner can read [default: a file in the state folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) tokens: Option<PathBuf>,
}
