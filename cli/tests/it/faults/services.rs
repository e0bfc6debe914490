//! A worker and a client that are killed while a service is brought, used and renewed.

use std::fs;
use std::path::Path;

use muster_daemons::TX_STAGES;

use super::FaultRunner;
use super::client::failpoints_of;
use crate::harness::{BackgroundProcess, until};
use crate::job_market::JobMarket;
use crate::services::{answers, places, write_component};
use crate::worker::is_listed;

/// What becomes of a service whose worker or client was killed.
const RUNS_AGAIN: &str = "runs again, bought once";

/// The sizes of the blobs below a folder that were uploaded in part.
fn half_blobs(folder: &Path) -> Vec<u64> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let is_partial = folder.ends_with("partial");
    let here = files.iter().filter(|_| is_partial).map(|file| fs::metadata(file).unwrap().len());
    here.chain(folders.iter().flat_map(|folder| half_blobs(folder))).collect()
}

/// Kills the only worker of a service while it stores the component, starts it, and answers.
pub(super) async fn kill_worker() -> Vec<(String, &'static str)> {
    let market = JobMarket::start("faults-service-worker", &[]).await;
    let folder = market.folder();
    market.market.fund_accounts(&["ada"]);
    write_component(folder);
    let options = format!("--state ada.db --courtesy 0 --relay {}", market.relay.url());
    let run = format!("worker run --account dev:ada --price 1gwei {options} --compute");
    let mut ada = FaultRunner::new(|_| folder.command(&run));
    let mut client = None;
    let points = [
        "component/arriving",
        "component/half",
        "component/stored",
        "service/arriving",
        "service/started",
    ];
    let whole = fs::metadata(folder.file("api.wasm")).unwrap().len();
    for point in points {
        let worker = ada.start_with_failpoint(point, "");
        if client.is_none() {
            is_listed(folder, "ada").await;
            let keep = "--keep --replicas 1 --budget 1eth --yes --replace-after 1d";
            let command = market.client(&format!("service up api.wasm {keep}"));
            client = Some(BackgroundProcess::spawn(command));
        }
        ada.expect_killed(worker, point, RUNS_AGAIN);
        if point == "component/half" {
            let half = half_blobs(&folder.file("ada.db.jobs"));
            assert!(matches!(half[..], [size] if 0 < size && size < whole), "{half:?} of {whole}");
        }
    }
    let mut client = client.unwrap();
    let url = client.field("url");
    for point in ["request/arriving", "request/answered"] {
        let worker = ada.start_with_failpoint(point, "");
        let page = url.clone();
        let asking = tokio::spawn(async move {
            loop {
                // It fails when the worker is killed.
                let _ = reqwest::get(&page).await;
            }
        });
        ada.expect_killed(worker, point, RUNS_AGAIN);
        asking.abort();
    }
    let worker = ada.start("");
    answers(&format!("{url}/"), "hello").await;
    assert_eq!((market.agreements(), places(&market).len()), (1, 1));
    assert_eq!(client.terminate(), Some(0));
    assert_eq!(worker.terminate(), Some(0));
    ada.reached
}

/// Kills the client of a service while it buys workers, brings the component to them, and renews their agreement.
pub(super) async fn kill_client() -> Vec<(String, &'static str)> {
    let market = JobMarket::start("faults-service-client", &["ada", "bob"]).await;
    write_component(market.folder());
    let up = "service up api.wasm --keep --replicas 1 --budget 1eth --yes --replace-after 1d";
    let mut cleo = FaultRunner::new(|_| market.client(up));
    let kill_while_buying = |cleo: &FaultRunner<'_>| {
        for stage in TX_STAGES {
            let point = format!("buy/{stage}");
            assert_eq!(
                cleo.start_with_failpoint(&point, "").wait(),
                None,
                "{point} was not passed"
            );
        }
    };
    kill_while_buying(&cleo);
    for point in ["claim", "upload", "place"].into_iter().flat_map(failpoints_of) {
        cleo.kill_at(&point, "", RUNS_AGAIN);
    }
    let mut client = cleo.start("");
    let url = client.field("url");
    answers(&format!("{url}/"), "hello").await;
    until(async || places(&market).len() == 1).await;
    assert_eq!((client.terminate(), market.agreements()), (Some(0), 1));

    // An agreement has twenty minutes; in the last five, the worker that is free is hired.
    market.market.advance_time(16 * 60).await;
    kill_while_buying(&cleo);
    let mut client = cleo.start("");
    let url = client.field("url");
    answers(&format!("{url}/"), "hello").await;
    until(async || places(&market).len() == 2).await;
    assert_eq!((client.terminate(), market.agreements()), (Some(0), 2));
    cleo.reached
}
