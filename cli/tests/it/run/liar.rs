//! The job API of a worker that runs nothing and signs that every job trapped.

use std::sync::Arc;

use alloy::primitives::{Address, B256, keccak256};
use alloy::signers::local::PrivateKeySigner;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use muster_client::ResultSignature;
use muster_client::protocol::receipt::domain_separator;
use muster_compute::{Digest, Job, JobResult, Outcome};
use muster_job_api::{JobState, JobStatus, SignedResult};
use stylus_devnode::CHAIN_ID;
use tokio::net::TcpListener;
use tokio::sync::OnceCell;

/// The API of a dev account that lies.
#[derive(Debug)]
pub(super) struct Liar {
    /// The account's key.
    signer: PrivateKeySigner,
    /// Its agreement.
    agreement: OnceCell<Address>,
}

impl Liar {
    /// Starts the API, and returns its URL.
    pub(super) async fn start(name: &str) -> (Arc<Self>, String) {
        let seed = keccak256(format!("muster dev account {name}"));
        let signer = PrivateKeySigner::from_bytes(&seed).unwrap();
        let liar = Arc::new(Self { signer, agreement: OnceCell::new() });
        let app = Router::new()
            .route("/jobs", post(posted))
            .route("/jobs/{id}", get(asked))
            .with_state(liar.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
        (liar, url)
    }

    /// Signs in this agreement.
    pub(super) fn sign_in(&self, agreement: &str) {
        self.agreement.set(agreement.parse().unwrap()).unwrap();
    }

    /// What it says of a job.
    fn status(&self, id: Digest) -> Json<JobStatus> {
        let (outcome, stdout) = (Outcome::Trap, Digest::of(b""));
        let result = JobResult { job: id, outcome, outputs: Vec::new(), stdout };
        let agreement = *self.agreement.get().unwrap();
        let domain = domain_separator(CHAIN_ID, agreement, |bytes| keccak256(bytes).0);
        let [job, digest] = [id, result.digest().unwrap()].map(|d| B256::new(*d.as_bytes()));
        let signature = ResultSignature::sign(&self.signer, domain, job, digest).unwrap();
        let result = Some(SignedResult { result, signature: signature.to_string() });
        let state = JobState::Done;
        Json(JobStatus { id, state, result, stderr: None, cpu_ms: Some(1), reason: None })
    }
}

/// The response to a post.
async fn posted(State(liar): State<Arc<Liar>>, document: Bytes) -> Json<JobStatus> {
    liar.status(Job::parse(&document).unwrap().id())
}

/// The response to a question.
async fn asked(State(liar): State<Arc<Liar>>, Path(id): Path<Digest>) -> Json<JobStatus> {
    liar.status(id)
}
