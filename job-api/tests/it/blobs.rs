//! Uploads: whole, in parts, interrupted, wrong.

use crate::server::{TestServer, assert_refused, host};
use muster_compute::{BLOB_COST, Digest};
use muster_job_api::ErrorCode;
use reqwest::{Body, Method, RequestBuilder, StatusCode, header};
use std::{io::Write, net::TcpStream};

/// The header that says how much of an upload is here.
fn offset(response: &reqwest::Response) -> &str {
    response.headers().get("upload-offset").unwrap().to_str().unwrap()
}

/// A part of a blob.
fn part(put: RequestBuilder, blob: &[u8], from: usize, until: usize) -> RequestBuilder {
    let range = format!("bytes {from}-{}/{}", until - 1, blob.len());
    put.header(header::CONTENT_RANGE, range).body(blob[from..until].to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn blob_is_put_once_and_read_as_a_whole_or_in_ranges() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder, 1, |_| {});
    let server = TestServer::start(&folder, &host, "a").await;
    let api = server.api();
    let blob = Digest::of(b"abcdef");
    let path = format!("/blobs/{blob}");
    let missing = api.send(Method::HEAD, &path).await;
    assert_eq!((missing.status(), offset(&missing)), (StatusCode::NOT_FOUND, "0"));
    let put = || api.request(Method::PUT, &path).body("abcdef").send();
    assert_eq!(put().await.unwrap().status(), StatusCode::CREATED);
    assert_eq!(put().await.unwrap().status(), StatusCode::OK);
    assert_eq!(api.get(&blob).await, b"abcdef");
    let head = api.send(Method::HEAD, &path).await;
    assert_eq!(head.headers()[header::CONTENT_LENGTH], "6");
    let range = api.request(Method::GET, &path).header(header::RANGE, "bytes=2-3");
    let range = range.send().await.unwrap();
    assert_eq!(range.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(range.bytes().await.unwrap(), "cd");
    // The server keeps an empty blob as well.
    let empty = api.put(b"").await;
    assert_eq!(api.get(&empty).await, b"");
}

#[tokio::test(flavor = "multi_thread")]
async fn upload_goes_on_where_it_was_cut_after_a_restart_too() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder, 1, |_| {});
    let server = TestServer::start(&folder, &host, "a").await;
    let content: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
    let blob = Digest::of(&content);
    let path = format!("/blobs/{blob}");

    // The connection ends in the middle of the body.
    let api = server.api();
    let mut connection = TcpStream::connect(api.url.strip_prefix("http://").unwrap()).unwrap();
    let head =
        format!("PUT {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", content.len());
    connection.write_all(head.as_bytes()).unwrap();
    connection.write_all(&content[..100_000]).unwrap();
    drop(connection);
    while offset(&api.send(Method::HEAD, &path).await) != "100000" {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    server.close().await;

    let server = TestServer::start(&folder, &host, "a").await;
    let api = server.api();
    let head = api.send(Method::HEAD, &path).await;
    assert_eq!((head.status(), offset(&head)), (StatusCode::NOT_FOUND, "100000"));
    let put = |from, until| part(api.request(Method::PUT, &path), &content, from, until).send();
    for (from, until) in [(0, 10), (99_999, 100_001), (100_001, 100_002)] {
        let refused = put(from, until).await.unwrap();
        assert_eq!(offset(&refused), "100000");
        assert_refused(refused, 416, ErrorCode::WrongOffset).await;
    }
    let more = put(100_000, 300_000).await.unwrap();
    assert_eq!((more.status(), offset(&more)), (StatusCode::ACCEPTED, "300000"));
    assert!(!api.has(&blob).await);
    assert_eq!(put(300_000, 400_000).await.unwrap().status(), StatusCode::CREATED);
    assert_eq!(api.get(&blob).await, content);
}

#[tokio::test(flavor = "multi_thread")]
async fn upload_without_a_range_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder, 1, |_| {});
    let server = TestServer::start(&folder, &host, "a").await;
    let (api, content) = (server.api(), b"abcdef");
    let blob = Digest::of(content);
    let put = || api.request(Method::PUT, &format!("/blobs/{blob}"));
    assert_eq!(part(put(), content, 0, 3).send().await.unwrap().status(), StatusCode::ACCEPTED);
    assert_eq!(api.put(content).await, blob);
    assert_eq!(api.get(&blob).await, content);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_a_blob_with_another_digest() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder, 1, |options| options.blobs = BLOB_COST + 3);
    let server = TestServer::start(&folder, &host, "a").await;
    let api = server.api();
    let path = format!("/blobs/{}", Digest::of(b"abc"));
    for _ in 0..2 {
        let put = api.request(Method::PUT, &path).body("xyz").send().await.unwrap();
        assert_refused(put, 422, ErrorCode::WrongDigest).await;
    }
    assert_eq!(offset(&api.send(Method::HEAD, &path).await), "0");
    // What a part brings beyond the blob's end is wrong, too.
    let put = api.request(Method::PUT, &path).header(header::CONTENT_RANGE, "bytes 0-2/3");
    assert_refused(put.body("abcd").send().await.unwrap(), 507, ErrorCode::NoSpace).await;
    // The space is free again.
    api.put(b"abc").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn space_of_the_agreement_is_the_limit_of_uploads() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder, 1, |options| options.blobs = 2 * BLOB_COST + 1_000);
    let server = TestServer::start(&folder, &host, "a").await;
    let api = server.api();
    let put = |bytes: Vec<u8>| {
        api.request(Method::PUT, &format!("/blobs/{}", Digest::of(&bytes))).body(bytes).send()
    };
    let limit = usize::try_from(host.limits().blobs).unwrap();
    let refused = put(vec![1; limit + 1]).await.unwrap();
    assert_refused(refused, 413, ErrorCode::TooLarge).await;
    api.put(&[2; 900]).await;
    assert_refused(put(vec![3; 9_000]).await.unwrap(), 507, ErrorCode::NoSpace).await;
    // Without a length, the server sees it only when the space is full.
    let body = vec![4; 200];
    let stream = futures::stream::iter([Ok::<_, std::io::Error>(body.clone())]);
    let path = format!("/blobs/{}", Digest::of(&body));
    let put = api.request(Method::PUT, &path).body(Body::wrap_stream(stream)).send();
    assert_refused(put.await.unwrap(), 507, ErrorCode::NoSpace).await;
    // Nothing is left of it, and another agreement has space of its own.
    api.put(&[5; 100]).await;
    let other = TestServer::start(&folder, &host, "b").await;
    other.api().put(&body).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_uploads_of_a_blob_at_once_both_succeed() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder, 1, |_| {});
    let server = TestServer::start(&folder, &host, "a").await;
    let (api, content) = (server.api(), vec![7; 3_000_000]);
    let blobs = futures::future::join_all((0..8).map(|_| api.put(&content))).await;
    assert_eq!(api.get(&blobs[0]).await, content);
}
