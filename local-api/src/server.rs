//! The server.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use alloy::primitives::Address;
use axum::extract::DefaultBodyLimit;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, Method};
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use muster_daemons::DaemonContext;
use muster_daemons::client::JobSessions;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::active_runs::ActiveRuns;
use crate::allowed_callers::AllowedCallers;
use crate::caller::check_caller;
use crate::ledger::{Ledger, LedgerError};
use crate::openapi;
use crate::post::IDEMPOTENCY_KEY;
use crate::routes;
use crate::shared::{ActiveRequests, Shared};
use crate::token_file::{TokenFile, TokenFileError};
use crate::token_registry::TokenRegistry;

/// The most bytes of a request in JSON: as many as a job document has, and a list of jobs.
const MAX_BODY: usize = 16 << 20;

/// What an operator chooses about the API.
#[derive(Clone, Debug)]
pub struct LocalApiOptions {
    /// The address to listen on; port 0 is any free port.
    pub listen: SocketAddr,
    /// Whether the address may be one that other machines reach.
    pub exposed: bool,
    /// Further names of this machine that requests may be sent to.
    pub hosts: Vec<String>,
    /// The web pages that may use the API, as their header `Origin` says: `https://app.example`.
    pub origins: Vec<String>,
    /// The tokens.
    pub tokens: TokenFile,
    /// The file with what tokens have spent; it is created if it does not exist.
    pub ledger: PathBuf,
    /// Where withdrawals go; without it, to the account itself.
    pub payout: Option<Address>,
    /// The block from which on purchases are scanned, if the state file is new.
    pub first_block: u64,
    /// Runs jobs. The client daemon gives samples of them to testers.
    pub jobs: JobSessions,
}

/// Why the API does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalApiError {
    /// The tokens cannot be used.
    #[error(transparent)]
    Tokens(#[from] TokenFileError),
    /// The record of spending cannot be used.
    #[error("{0}")]
    Ledger(String),
    /// An address that other machines reach.
    #[error(
        "{0} can be reached from other machines, and the API has no TLS: listen on 127.0.0.1, or say --api-exposed if something \
         else protects it"
    )]
    Exposed(SocketAddr),
    /// An origin that no header says.
    #[error(
        "{0:?} is no origin of web pages: expected https://HOST or https://HOST:PORT, without a path"
    )]
    Origin(String),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}: free the port, or choose another address")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's error.
        source: io::Error,
    },
}

impl From<LedgerError> for LocalApiError {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error.to_string())
    }
}

/// The API while it is served: until this is dropped. Requests that are under way are cut off then, as by the end of the
/// process; what they have begun is found out at the next start.
#[derive(Debug)]
pub struct LocalApi {
    /// Where it listens.
    address: SocketAddr,
    /// Serves it.
    _tasks: JoinSet<()>,
}

impl LocalApi {
    /// Serves the API of a client daemon with this context.
    ///
    /// # Errors
    /// [`LocalApiError`].
    pub async fn start(
        context: DaemonContext,
        options: LocalApiOptions,
    ) -> Result<Self, LocalApiError> {
        let listen = options.listen;
        if !listen.ip().is_loopback() && !options.exposed {
            return Err(LocalApiError::Exposed(listen));
        }
        let tokens = TokenRegistry::open(options.tokens)?;
        let ledger = Ledger::open(&options.ledger)?;
        let cors = cors(&options.origins)?;
        let failed = |source| LocalApiError::Listen { address: listen, source };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let shared = Arc::new(Shared {
            payout: options.payout.unwrap_or(context.account()),
            context,
            first_block: options.first_block,
            callers: AllowedCallers::new(address, &options.hosts, &options.origins),
            tokens,
            ledger,
            active: ActiveRequests::default(),
            jobs: options.jobs,
            runs: ActiveRuns::default(),
            purchases: tokio::sync::Mutex::default(),
        });
        let router = routes::router(shared.clone())
            .route("/openapi.json", get(openapi::openapi_json))
            .layer(DefaultBodyLimit::max(MAX_BODY))
            .layer(cors)
            .layer(from_fn_with_state(shared.clone(), check_caller));
        shared.resume_runs()?;
        let mut tasks = JoinSet::new();
        tasks.spawn(shared.recover());
        tasks.spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "local API not served any more");
            }
        });
        Ok(Self { address, _tasks: tasks })
    }

    /// The address that it listens on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

/// What browsers are told about web pages that may use the API.
fn cors(origins: &[String]) -> Result<CorsLayer, LocalApiError> {
    let origin = |origin: &String| {
        let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        let is_origin =
            host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '*', ' ']));
        let value = HeaderValue::from_str(origin).ok().filter(|_| is_origin);
        value.ok_or_else(|| LocalApiError::Origin(origin.clone()))
    };
    let origins = origins.iter().map(origin).collect::<Result<Vec<_>, _>>()?;
    Ok(CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, IDEMPOTENCY_KEY])
        .expose_headers([RETRY_AFTER]))
}
