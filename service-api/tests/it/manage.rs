//! A service is brought, seen, exchanged and ended.

use crate::bench::{Bench, error, missing, parse, sign};
use axum::http::{Method, StatusCode};
use muster_compute::Digest;
use muster_compute_http::{LogStream, ServiceDocument};
use muster_service_api::{ErrorCode, ManagementAction, ServiceLogs, ServiceState, ServiceStatus};

pub(crate) async fn document_is_checked_before_anything_runs() {
    let bench = Bench::new();
    let put = bench.put(&ServiceDocument::new(missing())).await;
    assert_eq!(error(&put), (409, ErrorCode::MissingBlob));
    let put = bench.send(Method::PUT, "/service", b"{}".to_vec()).await;
    assert_eq!(error(&put), (400, ErrorCode::BadService));
    let mut greedy = bench.document();
    greedy.limits.memory = u64::MAX;
    assert_eq!(error(&bench.put(&greedy).await), (413, ErrorCode::TooLarge));
    let mut twice = bench.with_variable("1");
    twice.environment.extend(twice.environment.clone());
    assert_eq!(error(&bench.put(&twice).await), (400, ErrorCode::BadService));
    let module = ServiceDocument::new(bench.blobs.put(b"\0asm\x01\0\0\0").unwrap());
    assert_eq!(error(&bench.put(&module).await), (422, ErrorCode::BadComponent));
    // Nothing of this is kept.
    assert_eq!(error(&bench.get("/service").await), (404, ErrorCode::NoService));
    assert!(!bench.folder.path().join("service.json").exists());
}

pub(crate) async fn same_document_again_changes_nothing() {
    let bench = Bench::new();
    let mut document = bench.with_variable("1");
    document.environment.extend(bench.with_variable("2").environment);
    document.environment[0].name = "Z".into();
    bench.run(&document).await;
    let status: ServiceStatus = parse(&bench.put(&document).await);
    // A new one would not run at once.
    assert_eq!(status.state, ServiceState::Running);
    assert_eq!(parse::<ServiceStatus>(&bench.get("/service").await), status);
}

pub(crate) async fn other_document_takes_the_place() {
    let bench = Bench::new();
    for value in ["one", "two"] {
        bench.run(&bench.with_variable(value)).await;
        assert_eq!(bench.get("/service/http/env").await, (StatusCode::OK, value.into()));
    }
}

pub(crate) async fn service_is_ended_and_forgotten() {
    let bench = Bench::new();
    bench.run(&bench.document()).await;
    for _ in 0..2 {
        let ended = bench.send(Method::DELETE, "/service", Vec::new()).await;
        assert_eq!(ended.0, StatusCode::NO_CONTENT);
        for path in ["/service", "/service/logs", "/service/http/"] {
            assert_eq!(error(&bench.get(path).await), (404, ErrorCode::NoService));
        }
    }
    bench.api.restore().unwrap();
    assert!(bench.api.status().is_none());
}

pub(crate) async fn service_outlives_its_host() {
    let bench = Bench::new();
    let document = bench.with_variable("kept");
    bench.run(&document).await;
    let Bench { api, folder, number, .. } = bench;
    drop(api);

    let bench = Bench { number, ..Bench::open(folder) };
    assert!(bench.api.status().is_none());
    bench.api.restore().unwrap();
    bench.api.ready().await.unwrap();
    assert_eq!(bench.api.status().unwrap().document, document);
    assert_eq!(bench.get("/service/http/env").await, (StatusCode::OK, b"kept".to_vec()));
}

pub(crate) async fn lines_of_the_log_are_told_from_a_number_on() {
    let bench = Bench::new();
    bench.run(&bench.document()).await;
    bench.get("/service/http/log").await;
    let mut logs: ServiceLogs = parse(&bench.get("/service/logs").await);
    while logs.lines.len() < 2 {
        logs = parse(&bench.get("/service/logs").await);
    }
    let told: Vec<_> = logs.lines.iter().map(|line| (line.stream, line.text.as_str())).collect();
    assert_eq!(told, [(LogStream::Stdout, "first"), (LogStream::Stdout, "second")]);
    let rest: ServiceLogs = parse(&bench.get("/service/logs?from=1").await);
    assert_eq!(rest.lines, logs.lines[1..]);
    let end: ServiceLogs = parse(&bench.get(&format!("/service/logs?from={}", logs.next)).await);
    assert_eq!((end.lines.len(), end.next), (0, logs.next));
}

pub(crate) async fn request_without_the_clients_signature_is_refused() {
    let bench = Bench::new();
    bench.run(&bench.with_variable("client's")).await;
    let other = serde_json::to_vec(&bench.with_variable("other's")).unwrap();
    let put = ManagementAction::Put(Digest::of(&other));
    let refused = [
        (None, (403, ErrorCode::NotSigned)),
        (Some(sign(put, 9)), (403, ErrorCode::WrongSignature)),
        (Some(format!("10,{}", sign(put, 9))), (403, ErrorCode::WrongSignature)),
        (Some(format!("9,{}", sign(ManagementAction::Logs, 9))), (403, ErrorCode::WrongSignature)),
        (
            Some(format!("9,{}", sign(ManagementAction::Put(missing()), 9))),
            (403, ErrorCode::WrongSignature),
        ),
        (Some(format!("1,{}", sign(put, 1))), (409, ErrorCode::OldNumber)),
    ];
    for (signature, expected) in refused {
        let sent = bench.send_with(Method::PUT, "/service", other.clone(), signature).await;
        assert_eq!(error(&sent), expected);
    }
    for (method, path) in [(Method::DELETE, "/service"), (Method::GET, "/service/logs")] {
        let sent = bench.send_with(method, path, Vec::new(), None).await;
        assert_eq!(error(&sent), (403, ErrorCode::NotSigned), "{path}");
    }
    // Whoever may send requests may see how it does, and use it.
    assert_eq!(bench.get("/service").await.0, StatusCode::OK);
    assert_eq!(bench.get("/service/http/env").await, (StatusCode::OK, b"client's".to_vec()));
}

pub(crate) async fn number_is_accepted_once_also_after_a_restart() {
    let bench = Bench::new();
    let delete = Some(format!("5,{}", sign(ManagementAction::Delete, 5)));
    let send = async |bench: &Bench| {
        bench.send_with(Method::DELETE, "/service", Vec::new(), delete.clone()).await
    };
    assert_eq!(send(&bench).await.0, StatusCode::NO_CONTENT);
    assert_eq!(error(&send(&bench).await), (409, ErrorCode::OldNumber));
    let bench = Bench::open(bench.folder);
    assert_eq!(error(&send(&bench).await), (409, ErrorCode::OldNumber));
}
