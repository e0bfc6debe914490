//! `muster worker run --compute`: jobs of clients, through the gateway, until the agreement is over.

use std::path::{Path, PathBuf};

use alloy::primitives::{Address, B256, keccak256};
use alloy::signers::local::PrivateKeySigner;
use muster_client::{Market, ResultSignature, ServiceAction, ServiceRequestSignature};
use muster_compute::{Digest, JobDocument, Outcome};
use muster_compute_http::ServiceDocument;
use muster_job_api::{JobState, JobStatus, WorkerLimits};
use muster_relay::{Relay, RelayConfig};
use muster_service_api::{
    ApiError, ErrorCode, SIGNATURE_HEADER, ServiceLogs, ServiceState, ServiceStatus,
};
use reqwest::{Method, RequestBuilder, StatusCode};

use crate::component;
use crate::harness::{BackgroundProcess, TestFolder, TestMarket, until};
use crate::worker::{endpoint, is_listed, key_of};

/// A module that does nothing. `(module (memory (export "memory") 1) (func (export "_start")))`
const NOTHING: &[u8] = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x05\x03\x01\0\x01\
    \x07\x13\x02\x06memory\x02\0\x06_start\0\0\x0a\x04\x01\x02\0\x0b";

/// Bytes of a blob that is larger than what other gateways let through.
const LARGE: usize = 80 << 20;

/// A client that holds a token.
struct Client {
    url: String,
    token: String,
}

impl Client {
    /// A request.
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = reqwest::Client::new().request(method, format!("{}{path}", self.url));
        request.bearer_auth(&self.token)
    }

    /// Puts a blob.
    async fn put(&self, bytes: Vec<u8>) -> Digest {
        let blob = Digest::of(&bytes);
        let put = self.request(Method::PUT, &format!("/blobs/{blob}")).body(bytes);
        assert_eq!(put.send().await.unwrap().status(), StatusCode::CREATED);
        blob
    }

    /// Brings the test component as a service. Whoever has access and is not the client cannot.
    async fn bring_service(&self, client: &PrivateKeySigner, domain: B256, worker: Address) {
        let document = ServiceDocument::new(self.put(component::encode()).await);
        let document = serde_json::to_vec(&document).unwrap();
        let put = ServiceAction::Put(B256::new(*Digest::of(&document).as_bytes()));
        let sign = |signer, domain, worker, action, number| {
            let signature = ServiceRequestSignature::sign(signer, domain, worker, action, number);
            format!("{number},{}", signature.unwrap())
        };
        let send = async |method, path, signature: Option<String>| {
            let mut request = self.request(method, path).body(document.clone());
            if let Some(signature) = signature {
                request = request.header(SIGNATURE_HEADER, signature);
            }
            request.send().await.unwrap()
        };
        let refused = async |method, path, signature| {
            let response = send(method, path, signature).await;
            (response.status().as_u16(), response.json::<ApiError>().await.unwrap().error)
        };
        for (method, path) in [
            (Method::PUT, "/service"),
            (Method::DELETE, "/service"),
            (Method::GET, "/service/logs"),
        ] {
            assert_eq!(refused(method, path, None).await, (403, ErrorCode::NotSigned));
        }
        let (tester, other) = (PrivateKeySigner::random(), B256::repeat_byte(7));
        let elsewhere = Address::repeat_byte(7);
        for wrong in [
            sign(&tester, domain, worker, put, 5),
            sign(client, other, worker, put, 5),
            sign(client, domain, elsewhere, put, 5),
            sign(client, domain, worker, ServiceAction::Put(other), 5),
            sign(client, domain, worker, ServiceAction::Delete, 5),
        ] {
            let code = (403, ErrorCode::WrongSignature);
            assert_eq!(refused(Method::PUT, "/service", Some(wrong)).await, code);
        }
        let signature = sign(client, domain, worker, put, 5);
        let response = send(Method::PUT, "/service", Some(signature.clone())).await;
        assert_eq!(response.status(), StatusCode::OK);
        let status = response.json::<ServiceStatus>().await.unwrap();
        let is_up = matches!(status.state, ServiceState::Starting | ServiceState::Running);
        assert!(is_up, "{:?}", status.state);
        let again = refused(Method::PUT, "/service", Some(signature)).await;
        assert_eq!(again, (409, ErrorCode::OldNumber));
        let signature = sign(client, domain, worker, ServiceAction::Logs, 6);
        let response = send(Method::GET, "/service/logs", Some(signature)).await;
        assert!(response.json::<ServiceLogs>().await.is_ok());
    }

    /// Waits until the service answers, which it does with `hello`.
    async fn reaches_service(&self) {
        until(async || {
            let sent = self.request(Method::GET, "/service/http/").send().await;
            match sent {
                Ok(response) if response.status() == StatusCode::OK => {
                    response.text().await.is_ok_and(|text| text == "hello")
                }
                _ => false,
            }
        })
        .await;
    }

    /// The status of a job, or `None` while the gateway does not let the client in.
    async fn status(&self, id: &Digest) -> Option<JobStatus> {
        let get = self.request(Method::GET, &format!("/jobs/{id}?wait=50")).send().await.ok()?;
        get.json().await.ok()
    }
}

/// The worker, with these options too.
fn start(folder: &TestFolder, relay: &Relay, options: &str) -> BackgroundProcess {
    let (relay, offer) = (relay.url(), "--price 1000gwei --courtesy 0 --jobs 1 --job-time 90");
    let args = format!("worker run --account dev:ada {offer} --relay {relay} --state ada.db");
    BackgroundProcess::start(folder, &format!("{args} {options}"))
}

/// The folder of an agreement's jobs.
fn job_folder(folder: &TestFolder, worker: Address, agreement: Address) -> PathBuf {
    folder.file("ada.db.jobs").join(worker.to_string()).join(agreement.to_string())
}

/// Whether a folder of jobs is there and has anything in it.
fn is_used(folder: &Path) -> bool {
    folder.join("jobs").exists() && folder.join("blobs").exists()
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_run_and_signed_until_the_agreement_is_over() {
    let test_market = TestMarket::with_long_windows("jobs").await;
    let (folder, relay) =
        (&test_market.folder, Relay::start(RelayConfig::default()).await.unwrap());
    test_market.fund_accounts(&["ada", "cleo"]);
    let relays = relay.url();
    let nothing =
        format!("worker run --account dev:ada --price 1gwei --state no.db --relay {relays}");
    let refused = folder.run(&nothing);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("or --compute to run jobs"), "{}", refused.stderr);

    let mut daemon = start(folder, &relay, "--compute");
    daemon.ready();
    is_listed(folder, "ada").await;
    let order = "--application wasm1 --length 1200 --windows 1 --testers 0";
    let bought = folder.json(&format!("client buy {order} --account dev:cleo"));
    let agreement: Address = bought["agreement"].as_str().unwrap().parse().unwrap();
    folder.json(&format!("agreement wait {agreement} --state running"));
    let (url, token) = endpoint(&relay.url(), agreement, key_of(folder, "ada")).await;
    let mut client = Client { url, token };

    let limits = client.request(Method::GET, "/limits").send().await.unwrap();
    let limits: WorkerLimits = limits.json().await.unwrap();
    assert_eq!((limits.running, limits.job.time, limits.job.memory), (1, 90_000, 1 << 30));
    client.put(vec![7; LARGE]).await;
    let job = JobDocument::new(client.put(NOTHING.to_vec()).await);
    // A key that has no rights posts nothing, and brings nothing.
    let stranger = Client { url: client.url.clone(), token: "0".repeat(64) };
    for refused in [
        stranger.request(Method::POST, "/jobs").json(&job),
        stranger.request(Method::PUT, &format!("/blobs/{}", Digest::of(b""))),
        reqwest::Client::new().post(format!("{}/jobs", client.url)).json(&job),
    ] {
        assert_eq!(refused.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    }
    let posted = client.request(Method::POST, "/jobs").json(&job).send().await.unwrap();
    let id = posted.json::<JobStatus>().await.unwrap().id;
    let status = client.status(&id).await.unwrap();
    assert_eq!(status.state, JobState::Done, "{status:?}");
    let signed = status.result.clone().unwrap();
    assert_eq!(signed.result.outcome, Outcome::Exit(0));

    // The worker has signed it for this agreement.
    let cleo = PrivateKeySigner::from_bytes(&keccak256("muster dev account cleo")).unwrap();
    let ada = PrivateKeySigner::from_bytes(&keccak256("muster dev account ada")).unwrap();
    let market = folder.json("market show");
    let dispatcher = market["dispatcher"].as_str().unwrap().parse().unwrap();
    let market = Market::connect(&test_market.chain.url(), cleo.clone(), dispatcher).await.unwrap();
    let domain = market.agreement(agreement).await.unwrap().receipt_domain();
    let digest = signed.result.digest().unwrap();
    let [job, result] = [id, digest].map(|digest| B256::new(*digest.as_bytes()));
    let signature: ResultSignature = signed.signature.parse().unwrap();
    assert_eq!(signature.signer(domain, job, result), Some(ada.address()));

    client.bring_service(&cleo, domain, ada.address()).await;
    client.reaches_service().await;

    // A worker that is killed goes on; what its account is registered for says that it runs jobs.
    drop(daemon);
    let job_folder = job_folder(folder, ada.address(), agreement);
    assert!(is_used(&job_folder));
    let mut daemon = start(folder, &relay, "");
    client.url = daemon.field("gateway");
    let mut again = None;
    until(async || {
        again = client.status(&id).await;
        again.is_some()
    })
    .await;
    assert_eq!(again, Some(status));
    client.reaches_service().await;

    // Until the agreement is settled, its folder is there, and then it is not.
    test_market.advance_time(1_200).await;
    folder.json(&format!("agreement wait {agreement} --state reporting"));
    assert!(is_used(&job_folder));
    test_market.advance_time(600).await;
    until(async || !job_folder.exists()).await;
    assert_eq!(daemon.terminate(), Some(0));
}
