//! `muster config`: every setting, and where it comes from.

use std::path::Path;

use axum::http::Uri;
use clap::Args;
use tokio::time::{Duration, timeout};

use crate::context::Context;
use crate::error::CliError;
use crate::options::global::GlobalArgs;
use crate::output::{Cell, CommandOutput, Table};

/// How long the command waits for a node, to look up the market of its chain.
const NODE_TIMEOUT: Duration = Duration::from_secs(3);

/// Options of `muster config`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  muster config --relay wss://relay.example")]
pub(crate) struct Options {}

/// Prints every setting that has a value, without secrets.
pub(crate) async fn run(context: &Context, Options {}: &Options) -> Result<(), CliError> {
    let config = context.config();
    let mut rows: Vec<_> = config
        .origins
        .iter()
        .map(|(name, origin)| {
            vec![
                Cell::text(name.replace('_', "-")),
                setting_value(&config.globals, name),
                Cell::text(origin),
            ]
        })
        .collect();
    if config.globals.market.is_none() {
        let (market, origin) = recorded_market(context).await;
        rows.push(vec![Cell::text("market"), market, Cell::text(origin)]);
    }
    let files = config
        .files
        .iter()
        .map(|(path, exists)| vec![Cell::text(path.display()), Cell::Flag(*exists)]);
    let output = CommandOutput::default()
        .table(Table::new("settings", ["setting", "value", "origin"], rows))
        .table(Table::new("files", ["file", "exists"], files));
    context.print(&output)
}

/// The market that `deploy` recorded for the node's chain, and where; or why there is none.
async fn recorded_market(context: &Context) -> (Cell, String) {
    let market = async {
        let chain_id = context.node().await?.chain_id();
        Ok::<_, CliError>((context.dispatcher(chain_id)?, chain_id))
    };
    match timeout(NODE_TIMEOUT, market).await {
        Ok(Ok((market, chain_id))) => {
            (Cell::address(market), format!("deployed on chain {chain_id}"))
        }
        Ok(Err(error)) => (Cell::None, error.to_string()),
        Err(_) => (Cell::None, "no node answers".to_owned()),
    }
}

/// The value of a setting, unless it is a secret.
fn setting_value(globals: &GlobalArgs, name: &str) -> Cell {
    let path = |path: Option<&Path>| path.map_or(Cell::None, |path| Cell::text(path.display()));
    match name {
        "rpc" => redacted_urls(&globals.rpc),
        "relay" => redacted_urls(&globals.relay),
        "proxy" => globals.proxy.as_ref().map_or(Cell::None, Cell::text),
        "market" => globals.market.map_or(Cell::None, Cell::Address),
        "state_folder" => path(globals.state_folder.as_deref()),
        "account" => {
            globals.account.as_ref().map_or(Cell::None, |account| Cell::address(account.address()))
        }
        "keystore" => path(globals.keystore.as_deref()),
        "password_file" => path(globals.password_file.as_deref()),
        "json" => Cell::text(if globals.json { "yes" } else { "no" }),
        _ => Cell::text("(hidden)"),
    }
}

/// URLs without the parts that can contain a key: user, path and query.
fn redacted_urls(urls: &[String]) -> Cell {
    Cell::Text(urls.iter().map(|url| redacted_url(url)).collect::<Vec<_>>().join(","))
}

/// See [`redacted_urls`].
fn redacted_url(url: &str) -> String {
    let Ok(uri) = url.parse::<Uri>() else { return "(hidden)".to_owned() };
    let port = uri.port().map_or_else(String::new, |port| format!(":{port}"));
    let (scheme, host) = (uri.scheme_str().unwrap_or_default(), uri.host().unwrap_or_default());
    let plain = format!("{scheme}://{host}{port}");
    if url.trim_end_matches('/') == plain { plain } else { format!("{plain}/…") }
}

#[cfg(test)]
mod tests {
    use super::redacted_url;

    #[test]
    fn a_url_is_shown_without_the_parts_that_can_contain_a_key() {
        assert_eq!(redacted_url("http://127.0.0.1:8547"), "http://127.0.0.1:8547");
        assert_eq!(redacted_url("wss://relay.example/"), "wss://relay.example");
        for url in [
            "https://node.example/v2/key",
            "https://node.example?k=1",
            "https://me:key@node.example",
        ] {
            assert_eq!(redacted_url(url), "https://node.example/…", "{url}");
        }
        assert_eq!(redacted_url("not a url"), "(hidden)");
    }
}
