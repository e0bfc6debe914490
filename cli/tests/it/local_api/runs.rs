//! Jobs by the API: two workers run a program for a caller without keys, within its token's limit and over a restart.

use std::fs;

use muster_compute::Digest;
use reqwest::Method;
use serde_json::{Value, json};

use super::{ApiDaemon, answer, token, wei};
use crate::harness::until;
use crate::job_market::{JobMarket, compile};

/// Starts the client daemon of a market with its API.
fn start(market: &JobMarket) -> ApiDaemon {
    let relay = market.relay.url();
    let mut command = ApiDaemon::command(market.folder());
    command.args(["--relay", &relay]);
    ApiDaemon::start(command)
}

/// Sends a blob, and returns its digest.
async fn put(daemon: &ApiDaemon, token: &str, bytes: Vec<u8>) -> String {
    let expected = Digest::of(&bytes).to_string();
    let (status, sent) = answer(daemon.request(Method::POST, "/v1/blobs", token).body(bytes)).await;
    assert_eq!((status, &sent["digest"]), (201, &expected.as_str().into()), "{sent}");
    expected
}

/// The bytes of a blob.
async fn fetch(daemon: &ApiDaemon, token: &str, digest: &Value) -> Vec<u8> {
    let path = format!("/v1/blobs/{}", digest.as_str().unwrap());
    let response = daemon.request(Method::GET, &path, token).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 200);
    response.bytes().await.unwrap().to_vec()
}

/// A run when it has ended.
async fn ended(daemon: &ApiDaemon, token: &str, id: &Value) -> Value {
    let path = format!("/v1/runs/{}", id.as_str().unwrap());
    until(async || daemon.get(&path, token).await.1["state"] != "running").await;
    daemon.get(&path, token).await.1
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_run_a_program_for_a_token_and_its_outputs_are_those_of_the_command() {
    let market = JobMarket::start("api-runs", &["ada", "bob"]).await;
    let folder = market.folder();
    for name in ["echo", "copy"] {
        compile(folder, name);
    }
    let runner = token(folder, "runner", "--right run --right buy --right read --limit 1eth");
    let poor = token(folder, "poor", "--right run --right buy --limit 1gwei");
    let reader = token(folder, "reader", "--right read");
    let daemon = start(&market);
    let echo = put(&daemon, &runner, fs::read(folder.file("echo.wasm")).unwrap()).await;

    // Who may not, and what cannot be.
    let run = json!({"program": echo, "name": "echo.wasm", "arguments": ["hello"]});
    let (status, refused) = daemon.post("/v1/runs", &reader, "a", run.clone()).await;
    assert_eq!((status, &refused["error"]), (403, &"no_right".into()), "{refused}");
    let missing = json!({"program": Digest::of(b"missing").to_string()});
    let (status, refused) = daemon.post("/v1/runs", &runner, "b", missing).await;
    assert_eq!((status, &refused["error"]), (404, &"no_blob".into()), "{refused}");
    let text = put(&daemon, &runner, b"no module".to_vec()).await;
    let (status, refused) = daemon.post("/v1/runs", &runner, "c", json!({"program": text})).await;
    assert_eq!((status, &refused["error"]), (400, &"bad_request".into()), "{refused}");
    let (status, refused) = daemon.post("/v1/runs", &runner, "d", run.clone()).await;
    assert_eq!((status, &refused["error"]), (409, &"refused".into()), "{refused}");
    assert!(refused["message"].as_str().unwrap().contains("purchase"), "{refused}");
    let mut bought = run.clone();
    bought["purchase"] = json!({"at_most": "1gwei"});
    let (status, refused) = daemon.post("/v1/runs", &runner, "e", bought.clone()).await;
    assert_eq!((status, &refused["error"]), (409, &"refused".into()), "{refused}");
    bought["purchase"] = json!({"at_most": "1eth"});
    let (status, refused) = daemon.post("/v1/runs", &poor, "f", bought.clone()).await;
    assert_eq!((status, &refused["error"]), (402, &"over_limit".into()), "{refused}");
    assert_eq!(market.agreements(), 0);

    // Bought once, and run once.
    let (status, started) = daemon.post("/v1/runs", &runner, "g", bought.clone()).await;
    assert_eq!((status, &started["replicas"]), (202, &2.into()), "{started}");
    let again = daemon.post("/v1/runs", &runner, "g", bought.clone()).await;
    assert_eq!(again, (202, started.clone()), "the same request");
    let path = format!("/v1/runs/{}/events", started["id"].as_str().unwrap());
    let events = daemon.request(Method::GET, &path, &runner).send().await.unwrap();
    let events = events.text().await.unwrap();
    let last = events.lines().rfind(|line| line.starts_with("data: ")).unwrap();
    let last: Value = serde_json::from_str(last.strip_prefix("data: ").unwrap()).unwrap();
    let done = ended(&daemon, &runner, &started["id"]).await;
    assert_eq!(done, last, "the stream ends with the run");
    assert_eq!(
        (&done["state"], &done["verdict"]),
        (&"finished".into(), &"agreed".into()),
        "{done}"
    );
    assert_eq!(done["result"]["exit_code"], 0);
    assert_eq!(fetch(&daemon, &runner, &done["result"]["stdout"]).await, b"hello");
    let answers = done["answers"].as_array().unwrap();
    assert_eq!(answers.len(), 2, "{done}");
    for signed in answers {
        assert_eq!(signed["result"], done["result"]["digest"], "{done}");
        assert!(signed["signature"].is_string(), "{done}");
    }
    let (status, repeated) = daemon.post("/v1/runs", &runner, "h", bought).await;
    assert_eq!((status, &repeated), (202, &done), "workers have agreed on it");
    let (_, account) = daemon.get("/v1/account", &runner).await;
    assert!(wei(&account["token"]["spending"]["spent"]) > 0, "{account}");

    // One run for each input, in the agreement that runs.
    let copy = put(&daemon, &runner, fs::read(folder.file("copy.wasm")).unwrap()).await;
    let mut inputs = Vec::new();
    for name in ["one", "two"] {
        let blob = put(&daemon, &runner, name.as_bytes().to_vec()).await;
        inputs.push(json!({"name": name, "blob": blob}));
    }
    let run = json!({"program": copy, "arguments": ["{in}", "{out}"]});
    let map = json!({"run": run, "inputs": inputs});
    let (status, mapped) = daemon.post("/v1/maps", &runner, "i", map).await;
    assert_eq!(status, 202, "{mapped}");
    for run in mapped["runs"].as_array().unwrap() {
        let done = ended(&daemon, &runner, &run["id"]).await;
        let files = done["result"]["files"].as_array().unwrap();
        assert_eq!(files.len(), 1, "{done}");
        let name = run["name"].as_str().unwrap();
        assert_eq!(fetch(&daemon, &runner, &files[0]["blob"]).await, name.as_bytes());
    }
    assert_eq!(market.agreements(), 1);
    let (_, listed) = daemon.get("/v1/runs?limit=2", &runner).await;
    assert_eq!(listed["runs"].as_array().unwrap().len(), 2, "{listed}");
    assert_eq!(daemon.process.terminate(), Some(0));

    // The command line has the same job and the same result.
    let (code, stdout, stderr) = market.run("run echo.wasm --json -- hello");
    assert_eq!(code, 0, "{stderr}");
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((&report["job"], &report["result"]), (&done["id"], &done["result"]["digest"]));
    assert_eq!(market.agreements(), 1, "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_on_after_the_daemon_was_killed_and_can_be_cancelled() {
    let market = JobMarket::start("api-killed", &["ada", "bob"]).await;
    let folder = market.folder();
    for name in ["echo", "spin"] {
        compile(folder, name);
    }
    let runner = token(folder, "runner", "--right run --right buy --limit 1eth");
    let daemon = start(&market);
    let spin = put(&daemon, &runner, fs::read(folder.file("spin.wasm")).unwrap()).await;
    let purchase = json!({"at_most": "1eth"});
    let long = json!({"program": spin, "limits": {"time": 600_000}, "purchase": purchase});
    let short = json!({"program": spin, "limits": {"time": 1_000}});
    let (status, long) = daemon.post("/v1/runs", &runner, "long", long).await;
    assert_eq!(status, 202, "{long}");
    let (status, first) = daemon.post("/v1/runs", &runner, "short", short.clone()).await;
    assert_eq!(status, 202, "{first}");
    let path = format!("/v1/runs/{}", long["id"].as_str().unwrap());
    let is_asked = async || {
        let (_, run) = daemon.get(&path, &runner).await;
        run["answers"].as_array().unwrap().len() == 2
    };
    until(is_asked).await;
    drop(daemon);

    let daemon = start(&market);
    let again = daemon.post("/v1/runs", &runner, "short", short).await;
    assert_eq!(again, (202, first.clone()), "the same request");
    let (_, found) = daemon.get(&path, &runner).await;
    assert_eq!((&found["state"], &found["id"]), (&"running".into(), &long["id"]), "{found}");
    // It needs more time than it may have, as every worker says.
    let short = ended(&daemon, &runner, &first["id"]).await;
    let unanswered = (&short["state"], &short["verdict"]);
    assert_eq!(unanswered, (&"finished".into(), &"unanswered".into()), "{short}");
    let failure = short["answers"][0]["failure"].as_str().unwrap();
    assert!(failure.contains("out of time"), "{short}");

    let cancel = format!("{path}/cancel");
    let (status, cancelled) = daemon.post(&cancel, &runner, "cancel", json!({})).await;
    assert_eq!((status, &cancelled["state"]), (200, &"cancelled".into()), "{cancelled}");
    let (status, refused) = daemon.post(&cancel, &runner, "twice", json!({})).await;
    assert_eq!((status, &refused["error"]), (409, &"refused".into()), "{refused}");
    let none = format!("/v1/runs/{}", Digest::of(b"none"));
    assert_eq!(daemon.get(&none, &runner).await.1["error"], "no_run");
    // The workers are free for the next one.
    let echo = put(&daemon, &runner, fs::read(folder.file("echo.wasm")).unwrap()).await;
    let next = json!({"program": echo, "arguments": ["next"]});
    let (_, next) = daemon.post("/v1/runs", &runner, "next", next).await;
    assert_eq!(ended(&daemon, &runner, &next["id"]).await["verdict"], "agreed");
    assert_eq!(market.agreements(), 1);
    assert_eq!(daemon.process.terminate(), Some(0));
}
