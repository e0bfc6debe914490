//! Processes: what they give up, how they are started again, and when they are not.

use super::{Bench, component, processes, settings};
use muster_compute::Digest;
use muster_compute_http::{
    Failure, LogStream, SendError, Service, ServiceDocument, StartError, Status,
};
use rustix::process::{Pid, Signal, kill_process};
use std::{fs, path::Path};

/// The number of a process.
fn pid(process: &Path) -> Pid {
    let name = process.file_name().unwrap().to_str().unwrap();
    Pid::from_raw(name.parse().unwrap()).unwrap()
}

#[tokio::test]
async fn process_that_ends_is_started_again() {
    let bench = Bench::new().await;
    for _ in 0..2 {
        let [process] = processes(&bench.folder).try_into().unwrap();
        kill_process(pid(&process), Signal::KILL).unwrap();
        // Until its end is seen, a request may be refused.
        while processes(&bench.folder).contains(&process) {
            tokio::task::yield_now().await;
        }
        bench.logged(LogStream::Host, "started again: signal 9").await;
        bench.service.ready().await.unwrap();
    }
    while bench.service.log(0).len() < 2 {
        tokio::task::yield_now().await;
    }
    bench.service.ready().await.unwrap();
    assert_eq!(bench.body("/").await, b"hello");
}

#[tokio::test]
async fn process_is_confined() {
    let bench = Bench::new().await;
    let [process] = processes(&bench.folder).try_into().unwrap();
    let status = fs::read_to_string(process.join("status")).unwrap();
    for line in ["Seccomp:\t2", "NoNewPrivs:\t1"] {
        assert!(status.contains(line), "{status}");
    }
    let limits = fs::read_to_string(process.join("limits")).unwrap();
    let data = limits.lines().find(|line| line.starts_with("Max data size")).unwrap();
    assert!(!data.contains("unlimited"), "{data}");
    // All its threads: the one that ticks as well.
    let threads: Vec<_> = fs::read_dir(process.join("task")).unwrap().collect();
    assert_eq!(threads.len(), 3);
    for thread in threads {
        let status = fs::read_to_string(thread.unwrap().path().join("status")).unwrap();
        assert!(status.contains("Seccomp:\t2"), "{status}");
    }
    assert!(fs::read(process.join("environ")).unwrap().len() < 64);
}

#[tokio::test]
async fn process_ends_with_its_service() {
    let Bench { service, folder } = Bench::new().await;
    assert_eq!(processes(&folder).len(), 1);
    let socket = service.socket();
    drop(service);
    assert!(processes(&folder).is_empty());
    assert!(!socket.exists());
}

#[tokio::test]
async fn function_that_no_interface_has_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let component = wat::parse_str(
        r#"(component
            (import "wasi:random/random@0.2.0" (instance (export "no-such-function" (func))))
            (instance $i) (export "wasi:http/incoming-handler@0.2.0" (instance $i)))"#,
    )
    .unwrap();
    let document = ServiceDocument::new(Digest::of(&component));
    let service = Service::start(&settings(&folder), document, &component).unwrap();
    match service.ready().await {
        Err(SendError::Failed(Failure::Component(reason))) => {
            assert!(reason.contains("no-such-function"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn compiler_that_takes_too_much_memory_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(&folder);
    settings.compile.memory = 80 << 20;
    // 3 MiB of code for one function.
    let work = "(drop (f64.sqrt (f64.mul (local.get 0) (local.get 0))))".repeat(150_000);
    let component = wat::parse_str(format!(
        r#"(component (core module (func (param f64) {work}))
            (instance $i) (export "wasi:http/incoming-handler@0.2.0" (instance $i)))"#
    ))
    .unwrap();
    let document = ServiceDocument::new(Digest::of(&component));
    let service = Service::start(&settings, document, &component).unwrap();
    let failed = service.ready().await;
    assert!(matches!(&failed, Err(SendError::Failed(Failure::Compile(_)))), "{failed:?}");
    assert!(matches!(service.status(), Status::Failed(_)));
}

#[test]
fn what_cannot_be_a_service_is_refused_before_any_process_starts() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(&folder);
    settings.program = "/nonexistent".into();
    let component = component::encode();
    let start = |document, component: &[u8]| Service::start(&settings, document, component);

    let other = ServiceDocument::new(Digest::of(b""));
    assert!(matches!(start(other, &component), Err(StartError::OtherComponent { .. })));
    let mut greedy = ServiceDocument::new(Digest::of(&component));
    greedy.limits.memory = settings.limits.memory + 1;
    assert!(matches!(start(greedy, &component), Err(StartError::Document(_))));
    let module = b"\0asm\x01\0\0\0";
    let document = ServiceDocument::new(Digest::of(module));
    assert!(matches!(start(document, module), Err(StartError::Component(_))));
}
