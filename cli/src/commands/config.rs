//! `muster config`: what counts, and who said it.

use axum::http::Uri;

use crate::args::GlobalArgs;
use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, CommandOutput, Table};

/// Prints every setting that somebody has said or that has a default, without secrets.
pub(crate) fn run(context: &Context) -> Result<(), CliError> {
    let settings = context.config();
    let rows = settings.origins.iter().map(|(name, origin)| {
        vec![
            Cell::text(name.replace('_', "-")),
            setting_value(&settings.globals, name),
            Cell::text(origin),
        ]
    });
    let files = settings
        .files
        .iter()
        .map(|(path, is_there)| vec![Cell::text(path.display()), Cell::Flag(*is_there)]);
    let page = CommandOutput::default()
        .table(Table::new("settings", ["setting", "value", "from"], rows))
        .table(Table::new("files", ["file", "found"], files));
    context.print(&page)
}

/// What a setting is, as far as everybody may see it.
fn setting_value(globals: &GlobalArgs, name: &str) -> Cell {
    let path = |path: &Option<std::path::PathBuf>| {
        path.as_ref().map_or(Cell::None, |path| Cell::text(path.display()))
    };
    match name {
        "rpc" => redacted_urls(&globals.rpc),
        "relay" => redacted_urls(&globals.relay),
        "market" => globals.market.map_or(Cell::None, Cell::text),
        "state_folder" => path(&globals.state_folder),
        "account" => globals.account.as_ref().map_or(Cell::None, |name| Cell::text(name.address())),
        "keystore" => path(&globals.keystore),
        "password_file" => path(&globals.password_file),
        "json" => Cell::Flag(globals.json),
        _ => Cell::text("(hidden)"),
    }
}

/// Addresses without what may be a key: users, paths and queries.
fn redacted_urls(urls: &[String]) -> Cell {
    Cell::Text(urls.iter().map(|url| redacted_url(url)).collect::<Vec<_>>().join(","))
}

/// See [`urls`].
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
    fn an_address_is_shown_without_what_may_be_a_key() {
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
