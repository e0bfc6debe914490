//! The files that pages need: a style sheet, a picture for the tab, and a script. All are of this crate.

use std::sync::LazyLock;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;

use crate::palette::css_variables;

/// The style sheet without its variables.
pub(crate) const STYLE: &str = include_str!("assets/style.css");

/// The whole style sheet.
static STYLE_SHEET: LazyLock<String> = LazyLock::new(|| css_variables() + STYLE);

/// The picture for the tab of a browser.
const ICON: &str = include_str!("assets/icon.svg");

/// The script: new blocks, and wallets.
const SCRIPT: &str = include_str!("assets/dashboard.js");

/// How long browsers keep these files before they ask again.
const CACHED: &str = "public, max-age=300";

/// `/style.css`
pub(crate) async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, CACHED)], STYLE_SHEET.as_str())
}

/// `/dashboard.js`
pub(crate) async fn script() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8"), (CACHE_CONTROL, CACHED)], SCRIPT)
}

/// `/icon.svg`
pub(crate) async fn icon() -> impl IntoResponse {
    ([(CONTENT_TYPE, "image/svg+xml"), (CACHE_CONTROL, CACHED)], ICON)
}
