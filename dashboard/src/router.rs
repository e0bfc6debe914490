//! Routes, and how a page comes about: parameters, one transaction of the index, HTML.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};
use maud::html;
use muster_index::IndexError;
use muster_index::database::Transaction;
use tokio::task::spawn_blocking;

use crate::actions::{self, Action, ActionPage};
use crate::assets;
use crate::config::DashboardConfig;
use crate::error::DashboardError;
use crate::headers::add_headers;
use crate::layout::{self, Content};
use crate::live::live;
use crate::pages::{
    self, AccountPage, AgreementPage, AgreementsPage, ApplicationPage, EventsPage, MarketPage,
    Place, SearchPage, TesterPage, WorkerPage, parse_address,
};
use crate::site::{Indexed, Site};
use crate::state::Dashboard;

/// What a page is asked for: the words of its address after `?`.
pub(crate) type Words = Query<pages::Words>;

/// What all requests share.
pub(crate) type Shared = State<Arc<Dashboard>>;

/// The pages of a market.
///
/// # Panics
/// Outside a tokio runtime.
pub fn router(config: DashboardConfig) -> Router {
    let dashboard = Dashboard::start(config);
    Router::new()
        .route("/", get(market))
        .route("/application/{name}", get(application))
        .route("/worker/{address}", get(worker))
        .route("/agreements", get(agreements))
        .route("/agreement/{address}", get(agreement))
        .route("/tester/{address}", get(tester))
        .route("/account", get(own_account))
        .route("/account/{address}", get(account))
        .route("/address/{address}", get(address))
        .route("/events", get(events))
        .route("/search", get(search))
        .route("/act/{action}", get(act))
        .route("/transaction/{hash}", get(transaction))
        .route("/live", get(live))
        .route("/dashboard.js", get(assets::script))
        .route("/style.css", get(assets::style))
        .route("/icon.svg", get(assets::icon))
        .fallback(missing)
        .with_state(dashboard)
        .layer(from_fn(add_headers))
}

/// Answers with what `load` reads in one transaction, which sees one state of the index.
async fn show(
    dashboard: Arc<Dashboard>,
    load: impl FnMut(&mut dyn Transaction, &Indexed) -> Result<Content, DashboardError> + Send + 'static,
) -> Response {
    let read = spawn_blocking(move || read_page(&dashboard.config, load)).await;
    match read {
        Ok((site, Ok((title, content)))) => {
            Html(layout::page(&site, &title, &content).into_string()).into_response()
        }
        Ok((site, Err(error))) => error_page(&site, &error),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Reads a page. An index that fails leaves a page that says so.
fn read_page(
    config: &DashboardConfig,
    mut load: impl FnMut(&mut dyn Transaction, &Indexed) -> Result<Content, DashboardError>,
) -> (Site, Result<Content, DashboardError>) {
    let read = config.index.markets().and_then(|known| {
        config.index.read(|transaction| {
            let site = Site::load(transaction, config, &known)?;
            let content = match &site.indexed {
                None => Err(DashboardError::NotIndexed),
                Some(indexed) => load(transaction, indexed),
            };
            Ok((site, content))
        })
    });
    read.unwrap_or_else(|error: IndexError| {
        let site = Site { chain_id: config.chain_id, market: config.market, indexed: None };
        (site, Err(error.into()))
    })
}

/// A page that says what is wrong.
fn error_page(site: &Site, error: &DashboardError) -> Response {
    if let DashboardError::Index(error) = error {
        tracing::error!(%error, "a page was not read from the index");
    }
    let title = error.status().canonical_reason().unwrap_or("Error");
    let content = html! {
        h1 { (title) }
        p role="alert" { (error) "." }
        p { a href="/" { "To the market" } }
    };
    let page = layout::page(site, title, &content).into_string();
    (error.status(), Html(page)).into_response()
}

/// `/`
async fn market(State(dashboard): Shared, Query(words): Words) -> Response {
    show(dashboard, move |transaction, indexed| {
        Ok(MarketPage::load(transaction, indexed, words.get("after").map(String::as_str))?
            .render(indexed))
    })
    .await
}

/// `/application/{name}`
async fn application(
    State(dashboard): Shared,
    Path(name): Path<String>,
    Query(words): Words,
) -> Response {
    let own = Arc::clone(&dashboard);
    show(dashboard, move |transaction, indexed| {
        let page =
            ApplicationPage::load(transaction, indexed, &name, &words, &own.config.documents)?;
        Ok(page.render(indexed))
    })
    .await
}

/// `/worker/{address}`
async fn worker(State(dashboard): Shared, Path(address): Path<String>) -> Response {
    show(dashboard, move |transaction, indexed| {
        Ok(WorkerPage::load(transaction, indexed, parse_address(&address)?)?.render(indexed))
    })
    .await
}

/// `/agreements`
async fn agreements(State(dashboard): Shared, Query(words): Words) -> Response {
    show(dashboard, move |transaction, indexed| {
        Ok(AgreementsPage::load(transaction, indexed, &words)?.render())
    })
    .await
}

/// `/agreement/{address}`
async fn agreement(State(dashboard): Shared, Path(address): Path<String>) -> Response {
    show(dashboard, move |transaction, indexed| {
        Ok(AgreementPage::load(transaction, indexed, parse_address(&address)?)?.render(indexed))
    })
    .await
}

/// `/tester/{address}`
async fn tester(State(dashboard): Shared, Path(address): Path<String>) -> Response {
    show(dashboard, move |transaction, indexed| {
        Ok(TesterPage::load(transaction, indexed, parse_address(&address)?)?.render(indexed))
    })
    .await
}

/// `/account`, which asks for an address.
async fn own_account(State(dashboard): Shared, Query(words): Words) -> Response {
    match words.get("address").map(|text| parse_address(text)) {
        Some(Ok(address)) => Redirect::to(&format!("/account/{address}")).into_response(),
        Some(Err(error)) => {
            let text = error.to_string();
            show(dashboard, move |_, _| Ok(AccountPage::question(Some(&text)))).await
        }
        None => show(dashboard, |_, _| Ok(AccountPage::question(None))).await,
    }
}

/// `/account/{address}`
async fn account(
    State(dashboard): Shared,
    Path(address): Path<String>,
    Query(words): Words,
) -> Response {
    show(dashboard, move |transaction, indexed| {
        let address = parse_address(&address)?;
        Ok(AccountPage::load(transaction, indexed, address, &words)?.render(indexed))
    })
    .await
}

/// `/address/{address}`, which sends on to the page that tells most of an address.
async fn address(State(dashboard): Shared, Path(address): Path<String>) -> Response {
    let words = [("q".to_owned(), address)].into();
    search(State(dashboard), Query(words)).await
}

/// `/events`
async fn events(State(dashboard): Shared, Query(words): Words) -> Response {
    show(dashboard, move |transaction, indexed| {
        Ok(EventsPage::load(transaction, indexed, &words)?.render())
    })
    .await
}

/// `/search`, which sends on to what it finds.
async fn search(State(dashboard): Shared, Query(words): Words) -> Response {
    let wanted = words.get("q").map(|text| text.trim().to_owned()).unwrap_or_default();
    let (own, text) = (Arc::clone(&dashboard), wanted.clone());
    let found = spawn_blocking(move || {
        let known = own.config.index.markets()?;
        own.config.index.read(|transaction| {
            let site = Site::load(transaction, &own.config, &known)?;
            let Some(indexed) = &site.indexed else { return Ok(None) };
            Place::find(transaction, indexed, &text)
        })
    });
    match found.await {
        Ok(Ok(Some(place))) => Redirect::to(&place.path()).into_response(),
        _ => show(dashboard, move |_, _| Ok(SearchPage { wanted: wanted.clone() }.render())).await,
    }
}

/// `/act/{action}`
async fn act(State(dashboard): Shared, Path(name): Path<String>, Query(words): Words) -> Response {
    let (Some(market), Some(action)) = (&dashboard.config.node, Action::named(&name)) else {
        let text = "this dashboard does not offer that: it only shows, or the action is unknown";
        let wrong = move |_: &mut dyn Transaction, _: &Indexed| {
            Err(DashboardError::NotFound(text.to_owned()))
        };
        return show(Arc::clone(&dashboard), wrong).await;
    };
    let Ok(_turn) = dashboard.node_turns.try_acquire() else { return busy() };
    let page = ActionPage::load(market, action, words).await.render();
    show(Arc::clone(&dashboard), move |_, _| Ok(page.clone())).await
}

/// `/transaction/{hash}`
async fn transaction(State(dashboard): Shared, Path(hash): Path<String>) -> Response {
    let (Some(market), Ok(hash)) = (&dashboard.config.node, hash.parse()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let Ok(_turn) = dashboard.node_turns.try_acquire() else { return busy() };
    match actions::transaction(market, hash).await {
        Ok(found) => Json(found).into_response(),
        Err(error) => {
            tracing::warn!(%error, "no node tells of a transaction");
            StatusCode::BAD_GATEWAY.into_response()
        }
    }
}

/// The answer while the node is asked by others.
fn busy() -> Response {
    let text = "too many visitors ask the node: load the page again in some seconds";
    (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
}

/// Any other address.
async fn missing(State(dashboard): Shared) -> Response {
    let text = "there is no such page: the market's pages begin at the link below";
    show(dashboard, move |_, _| Err(DashboardError::NotFound(text.to_owned()))).await
}
