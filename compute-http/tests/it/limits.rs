//! Limits of one request.

use super::{Bench, ServiceLimits};
use hyper::StatusCode;
use muster_compute_http::{LogStream, Status};
use std::sync::Mutex;

#[tokio::test]
async fn endless_loop_ends_by_processor_time_while_others_are_answered() {
    let limits = ServiceLimits { cpu_ms: 300, ..ServiceLimits::default() };
    let bench = Bench::with(|document| document.limits = limits).await;
    let order = Mutex::new(Vec::new());
    let spin = async {
        let (status, body) = bench.get("/spin").await;
        assert_eq!(status, StatusCode::GATEWAY_TIMEOUT);
        assert!(String::from_utf8_lossy(&body).contains(r#""error":"cpu_time""#));
        order.lock().unwrap().push("spin");
    };
    let other = async {
        assert_eq!(bench.body("/").await, b"hello");
        order.lock().unwrap().push("other");
    };
    tokio::join!(spin, other);
    assert_eq!(*order.lock().unwrap(), ["other", "spin"]);
    assert_eq!(bench.service.status(), Status::Running);
    bench.logged(LogStream::Host, "processor time").await;
}

#[tokio::test]
async fn endless_sleep_ends_by_wall_time() {
    let limits = ServiceLimits { wall_ms: 200, ..ServiceLimits::default() };
    let bench = Bench::with(|document| document.limits = limits).await;
    let (status, body) = bench.get("/wait").await;
    assert_eq!(status, StatusCode::GATEWAY_TIMEOUT);
    assert!(String::from_utf8_lossy(&body).contains(r#""error":"wall_time""#));
}

#[tokio::test]
async fn memory_ends_at_the_limit() {
    let limits = ServiceLimits { memory: 100 * 65_536 + 65_535, ..ServiceLimits::default() };
    let bench = Bench::with(|document| document.limits = limits).await;
    let pages = bench.body("/grow").await;
    // What of it the component's table takes is less than the rest of a page.
    assert_eq!(pages, 100_u32.to_le_bytes());
}

#[tokio::test]
async fn component_that_needs_more_memory_at_its_start_answers_nothing() {
    let limits = ServiceLimits { memory: 3 * 65_536, ..ServiceLimits::default() };
    let bench = Bench::with(|document| document.limits = limits).await;
    assert_eq!(bench.get("/").await.0, StatusCode::BAD_GATEWAY);
    bench.logged(LogStream::Host, "memory").await;
}

#[tokio::test]
async fn request_beyond_those_at_once_waits_for_its_turn() {
    let limits =
        ServiceLimits { requests: 1, wall_ms: 2_000, cpu_ms: 300, ..ServiceLimits::default() };
    let bench = Bench::with(|document| document.limits = limits).await;
    let order = Mutex::new(Vec::new());
    let first = async {
        assert_eq!(bench.get("/spin").await.0, StatusCode::GATEWAY_TIMEOUT);
        order.lock().unwrap().push("spin");
    };
    let second = async {
        // Not before the first one has begun.
        bench.logged(LogStream::Stdout, "second").await;
        assert_eq!(bench.body("/").await, b"hello");
        order.lock().unwrap().push("other");
    };
    tokio::join!(first, second);
    assert_eq!(*order.lock().unwrap(), ["spin", "other"]);
}
