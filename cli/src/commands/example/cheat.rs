//! `muster example cheat`: the job API of a worker that runs nothing and signs what it made up, to see how a market finds it.

use std::net::SocketAddr;
use std::sync::Arc;

use alloy::primitives::{Address, B256, keccak256};
use alloy::signers::local::PrivateKeySigner;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use clap::Args;
use muster_client::ResultSignature;
use muster_client::protocol::receipt::domain_separator;
use muster_compute::{Digest, Job, JobResult, Outcome};
use muster_job_api::{JobState, JobStatus, SignedResult};

use crate::commands::example::serve::serve;
use crate::context::Context;
use crate::error::CliError;
use crate::options::heading;
use crate::parse;

/// Options of `muster example cheat`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Example:\n  muster example cheat --account dev:ben --listen 127.0.0.1:3000 \
        --agreement 0x8ba1f109551bD432803012645Ac136ddd64DBA72"
)]
pub(crate) struct Options {
    /// Address and port to listen on; port 0 is any free one
    #[arg(long, value_name = "IP:PORT", value_parser = parse::socket_address, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,

    /// Agreement whose results are signed, by the account
    #[arg(long, value_parser = parse::contract_address)]
    agreement: Address,
}

/// Signs results.
#[derive(Debug)]
struct Cheat {
    /// The worker's key.
    signer: PrivateKeySigner,
    /// The domain of the agreement's receipts.
    domain: B256,
}

/// Serves until SIGINT or SIGTERM.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let Options { listen, agreement } = options;
    let chain_id = context.node().await?.chain_id();
    let signer = context.signer(chain_id)?;
    let domain = domain_separator(chain_id, agreement, |bytes| keccak256(bytes).0);
    let app = Router::new()
        .route("/jobs", post(posted))
        .route("/jobs/{id}", get(asked))
        .with_state(Arc::new(Cheat { signer, domain }));
    serve(context, listen, app).await
}

impl Cheat {
    /// Says of every job that its program succeeded and left nothing.
    fn status(&self, id: Digest) -> Result<Json<JobStatus>, StatusCode> {
        let failed = StatusCode::INTERNAL_SERVER_ERROR;
        let (outcome, stdout) = (Outcome::Exit(0), Digest::of(b""));
        let result = JobResult { job: id, outcome, outputs: Vec::new(), stdout };
        let digest = result.digest().map_err(|_| failed)?;
        let [job, digest] = [id, digest].map(|digest| B256::new(*digest.as_bytes()));
        let signature = ResultSignature::sign(&self.signer, self.domain, job, digest);
        let signature = signature.map_err(|_| failed)?.to_string();
        let (state, result) = (JobState::Done, Some(SignedResult { result, signature }));
        Ok(Json(JobStatus {
            id,
            state,
            result,
            stderr: None,
            cpu_ms: Some(1),
            trap: None,
            reason: None,
        }))
    }
}

/// The response to a post.
async fn posted(
    State(cheat): State<Arc<Cheat>>,
    document: Bytes,
) -> Result<Json<JobStatus>, StatusCode> {
    cheat.status(Job::parse(&document).map_err(|_| StatusCode::BAD_REQUEST)?.id())
}

/// The response to a question.
async fn asked(
    State(cheat): State<Arc<Cheat>>,
    Path(id): Path<Digest>,
) -> Result<Json<JobStatus>, StatusCode> {
    cheat.status(id)
}
