//! Large blobs do not lie in memory.

use crate::server::{Api, PROGRAM};
use muster_compute::Digest;
use reqwest::{Body, Method, StatusCode};
use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

/// Bytes of the blob.
const SIZE: usize = 1 << 30;
/// Bytes of a piece of it.
const PIECE: usize = 1 << 20;

/// The largest memory of a process so far, in bytes.
fn peak_memory(process: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    let kilobytes = line.split_whitespace().nth(1).unwrap();
    kilobytes.parse::<usize>().unwrap() * 1_024
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_of_a_gibibyte_passes_in_constant_memory() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(PROGRAM);
    let mut process = command.arg(folder.path()).stdout(Stdio::piped()).spawn().unwrap();
    let mut url = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let api = Api { url: url.trim().to_owned(), client: reqwest::Client::new() };

    let pieces = || (0..SIZE / PIECE).map(|index| vec![u8::try_from(index % 251).unwrap(); PIECE]);
    let mut all = sha2::Sha256::default();
    for piece in pieces() {
        sha2::Digest::update(&mut all, piece);
    }
    let blob = Digest::from_bytes(sha2::Digest::finalize(all).into());
    let body = Body::wrap_stream(futures::stream::iter(pieces().map(Ok::<_, std::io::Error>)));
    let put = api.request(Method::PUT, &format!("/blobs/{blob}")).body(body);
    assert_eq!(put.send().await.unwrap().status(), StatusCode::CREATED);
    let mut response = api.send(Method::GET, &format!("/blobs/{blob}")).await;
    let mut len = 0;
    while let Some(chunk) = response.chunk().await.unwrap() {
        len += chunk.len();
    }
    assert_eq!(len, SIZE);
    let peak = peak_memory(process.id());
    process.kill().unwrap();
    process.wait().unwrap();
    assert!(peak < 128 << 20, "{peak} bytes");
}
