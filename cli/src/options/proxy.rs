//! Options for the way to workers' services.

use clap::Args;
use muster_daemons::ProxyUrl;

use crate::options::heading;

/// The way to workers' services.
#[derive(Debug, Args)]
#[command(next_help_heading = heading::NETWORK)]
pub(crate) struct ProxyOptions {
    /// Proxy for connections to workers: socks5://, socks5h:// or http:// (CONNECT). Without one, workers see the
    /// account's network address, and may tell clients from testers by it
    #[arg(long, value_name = "URL", env = "MUSTER_PROXY", hide_env_values = true, value_parser = ProxyUrl::parse)]
    proxy: Option<ProxyUrl>,
}

impl ProxyOptions {
    /// The proxy.
    pub(crate) const fn url(&self) -> Option<&ProxyUrl> {
        self.proxy.as_ref()
    }
}
