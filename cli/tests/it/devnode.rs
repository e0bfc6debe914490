//! `muster devnode` as a process.

use std::net::TcpListener;

use crate::harness::{BackgroundProcess, TestFolder, until};

#[tokio::test(flavor = "multi_thread")]
async fn it_serves_until_sigterm_and_frees_its_port() {
    let nowhere = TestFolder::new("devnode-runs", "");
    let mut node = BackgroundProcess::start(&nowhere, "devnode --port 0");
    let url = node.field("rpc");
    let folder = TestFolder::new("devnode-answers", &url);
    assert_eq!(folder.json("fund dev:ada 1eth")["balance"], "1000000000000000000");

    let port = url.rsplit(':').next().unwrap().to_owned();
    let taken = folder.refused(&format!("devnode --port {port}"));
    assert!(
        taken.starts_with(&format!("cannot start the dev chain on 127.0.0.1:{port}: ")),
        "{taken}"
    );

    assert_eq!(node.terminate(), Some(0));
    TcpListener::bind(format!("127.0.0.1:{port}")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_mines_blocks_with_block_time() {
    let nowhere = TestFolder::new("devnode-ticks", "");
    let mut process = BackgroundProcess::start(&nowhere, "devnode --port 0 --block-time 50");
    let url = process.field("rpc");
    let node = muster_client::Node::connect(&url, None).await.unwrap();
    let first = node.head().await.unwrap().number;
    until(async || node.head().await.unwrap().number >= first + 3).await;
}
