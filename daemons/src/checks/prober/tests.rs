use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use alloy::primitives::{B256, b256};
use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Redirect;
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Duration, sleep};

use super::{Check, CommandCheck, HttpCheck, ProbeFailure, Prober, ProxyUrl, ServiceTarget};
use crate::proxy_bridge::ProxyBridge;
use crate::service_client::MAX_BODY;

const SESSION: B256 = B256::repeat_byte(0x5e);

/// The SHA-256 digest of `2`.
const SHA256_OF_2: B256 =
    b256!("0xd4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35");

/// A service whose receipts repeat the token and session of the request.
async fn service() -> String {
    let shown = |headers: HeaderMap| {
        let header = |name: &str| headers.get(name).map_or("", |value| value.to_str().unwrap());
        let text = format!("{} {}", header("x-muster-token"), header("x-muster-session"));
        ([("x-muster-receipt", text)], "hello, world")
    };
    let added = async |body: String| {
        let answer = if body == "1+1" { "2" } else { "5" };
        (StatusCode::CREATED, [("x-muster-receipt", "sum")], answer)
    };
    let app = Router::new()
        .route("/", get(async move |headers| shown(headers)))
        .route("/sum", post(added))
        .route("/bare", get(async || "hello"))
        .route("/away", get(async || Redirect::temporary("/")))
        .route("/factor", get(async || r#"{"n": 12, "factors": [2, 2, 3]}"#))
        .route("/long", get(async || vec![b'a'; MAX_BODY + 1]))
        .route("/slow", get(async || std::future::pending::<()>().await));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
    url
}

/// The result of a probe of a service.
async fn probe(url: &str, check: Check) -> Result<String, ProbeFailure> {
    let prober = Prober::new(Duration::from_secs(1), None).unwrap();
    prober.probe(&check, &ServiceTarget { url, token: "secret", session: SESSION }).await
}

#[tokio::test]
async fn a_service_is_present_if_it_answers_with_a_receipt() {
    let (url, prober) = (service().await, Prober::new(Duration::from_secs(1), None).unwrap());
    let presence = async |url: &str| {
        prober.probe_presence(&ServiceTarget { url, token: "secret", session: SESSION }).await
    };
    assert_eq!(presence(&url).await, Ok(format!("secret {SESSION}")));
    assert_eq!(presence(&format!("{url}none")).await, Err(ProbeFailure::NoReceipt));
    assert_eq!(presence("http://127.0.0.1:1").await, Err(ProbeFailure::NoResponse));
}

/// A check of a path that every response passes.
fn page(path: &str) -> HttpCheck {
    let path = path.to_owned();
    HttpCheck { path, paths: vec![], post: None, status: None, contains: None, sha256: None }
}

/// A command check with the receipt at the root.
fn command(run: &str) -> Check {
    Check::Command(CommandCheck { run: run.to_owned(), path: "/".to_owned() })
}

#[tokio::test]
async fn http_check_sends_session_and_token() {
    let url = service().await;
    let shown = format!("secret {SESSION}");
    assert_eq!(probe(&url, Check::Http(page("/"))).await, Ok(shown.clone()));
    let contains = |text: &str| HttpCheck { contains: Some(text.to_owned()), ..page("/") };
    assert_eq!(probe(&url, Check::Http(contains("world"))).await, Ok(shown.clone()));
    assert_eq!(
        probe(&url, Check::Http(contains("friend"))).await,
        Err(ProbeFailure::WrongResponse)
    );
    assert_eq!(probe(&url, Check::Http(contains(""))).await, Ok(shown));
}

#[tokio::test]
async fn http_check_posts_and_compares_status_and_digest() {
    let url = service().await;
    let sum = |post: &str| HttpCheck {
        post: Some(post.to_owned()),
        status: Some(201),
        sha256: Some(SHA256_OF_2),
        ..page("/sum")
    };
    assert_eq!(probe(&url, Check::Http(sum("1+1"))).await, Ok("sum".to_owned()));
    assert_eq!(probe(&url, Check::Http(sum("2+3"))).await, Err(ProbeFailure::WrongResponse));
    let other = HttpCheck { status: Some(200), ..sum("1+1") };
    assert_eq!(probe(&url, Check::Http(other)).await, Err(ProbeFailure::UnexpectedStatus));
}

#[tokio::test]
async fn http_check_takes_one_of_its_paths() {
    let url = service().await;
    let paths = vec!["/bare".to_owned()];
    let check = HttpCheck { paths, contains: Some("world".to_owned()), ..page("/") };
    let mut receipts = std::collections::HashSet::new();
    while receipts.len() < 2 {
        receipts
            .insert(probe(&url, Check::Http(check.clone())).await.map_err(|why| why.to_string()));
    }
    let [with, without] = [Ok(format!("secret {SESSION}")), Err("no receipt".to_owned())];
    assert!(receipts.contains(&with) && receipts.contains(&without), "{receipts:?}");
}

#[tokio::test]
async fn cut_connection_is_no_refused_one() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            // The request is read, so that closing is no reset of the connection attempt.
            let _ = stream.read(&mut [0; 1_024]).await;
        }
    });
    assert_eq!(probe(&url, Check::Http(page("/"))).await, Err(ProbeFailure::Cut));
}

#[tokio::test]
async fn each_failure_is_distinguished() {
    let url = service().await;
    for (path, why) in [
        ("/bare", ProbeFailure::NoReceipt),
        ("/nowhere", ProbeFailure::UnexpectedStatus),
        ("/away", ProbeFailure::UnexpectedStatus),
        ("/long", ProbeFailure::WrongResponse),
        ("/slow", ProbeFailure::NoResponse),
    ] {
        assert_eq!(probe(&url, Check::Http(page(path))).await, Err(why), "{path}");
    }
    assert_eq!(probe(&url, Check::Factor).await, Err(ProbeFailure::WrongResponse));
    let nobody = probe("http://127.0.0.1:1", Check::Http(page("/"))).await;
    assert_eq!(nobody, Err(ProbeFailure::NoResponse));
}

#[tokio::test]
async fn command_check_gets_its_environment_and_uses_the_exit_code() {
    let url = service().await;
    let told = format!(
        r#"test "$MUSTER_URL" = "{url}" && test "$MUSTER_TOKEN" = secret &&
        test "$MUSTER_SESSION" = {SESSION} && test -z "$CARGO_MANIFEST_DIR""#
    );
    assert_eq!(probe(&url, command(&told)).await, Ok(format!("secret {SESSION}")));
    assert_eq!(probe(&url, command("exit 3")).await, Err(ProbeFailure::WrongResponse));
}

#[tokio::test]
async fn command_timeout_kills_the_process_group() {
    let folder = tempfile::tempdir().unwrap();
    let pid = folder.path().join("pid");
    let run = format!("tail -f /dev/null & echo $! > {}; wait", pid.display());
    assert_eq!(probe(&service().await, command(&run)).await, Err(ProbeFailure::NoResponse));
    let pid = std::fs::read_to_string(pid).unwrap();
    let stat = format!("/proc/{}/stat", pid.trim());
    // Its new parent may not have reaped it yet.
    let is_over = || std::fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z "));
    while !is_over() {
        sleep(Duration::from_millis(25)).await;
    }
}

/// An HTTP proxy that only connects, and counts that.
async fn connect_proxy() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://u:p@{}", listener.local_addr().unwrap());
    let count = Arc::<AtomicUsize>::default();
    let connected = count.clone();
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let connected = connected.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(client.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap();
                let target = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next());
                let mut server = TcpStream::connect(target.unwrap()).await.unwrap();
                assert!(head.to_lowercase().contains("proxy-authorization: basic "), "{head}");
                client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                connected.fetch_add(1, Ordering::Relaxed);
                let _ = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    (url, count)
}

#[tokio::test]
async fn requests_go_through_proxies_of_both_kinds() {
    let (url, check) = (service().await, Check::Http(page("/")));
    let (http, count) = connect_proxy().await;
    let http = ProxyUrl::parse(&http).unwrap();
    // A SOCKS5 server in front of the HTTP proxy.
    let bridge = ProxyBridge::start(http.clone()).unwrap();
    let socks = ProxyUrl::parse(&bridge.url()).unwrap();
    for (proxy, connections) in [(http, 1), (socks, 2)] {
        let prober = Prober::new(Duration::from_secs(5), Some(&proxy)).unwrap();
        let target = ServiceTarget { url: &url, token: "secret", session: SESSION };
        assert_eq!(prober.probe(&check, &target).await, Ok(format!("secret {SESSION}")));
        assert_eq!(count.load(Ordering::Relaxed), connections);
    }
    let nobody = ProxyUrl::parse("socks5://127.0.0.1:1").unwrap();
    let prober = Prober::new(Duration::from_secs(5), Some(&nobody)).unwrap();
    let target = ServiceTarget { url: &url, token: "secret", session: SESSION };
    assert_eq!(prober.probe(&check, &target).await, Err(ProbeFailure::NoResponse));
}
