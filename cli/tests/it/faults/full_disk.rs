//! A daemon, and a command, whose disk is full for a while.

use std::process::{Command, Stdio};

use muster_relay::{Relay, RelayConfig};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tokio::task::block_in_place;

use super::outages::buy;
use super::{health_text, print_row, until_waiting_for};
use crate::harness::{BackgroundProcess, TestMarket, until};
use crate::job_market::{JobMarket, compile};
use crate::worker::{is_listed, key_of, request_endpoint, worker};

/// The command in a process that lives on when a file must not grow, as on a full disk.
fn surviving(command: &Command) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
    shell.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        shell.env(name, value.unwrap());
    }
    shell.current_dir(command.get_current_dir().unwrap());
    shell
}

/// Sets how long the files of a process may be, in bytes.
fn limit_files(process: Pid, longest: Option<u64>) {
    prlimit(Some(process), Resource::Fsize, Rlimit { current: longest, maximum: None }).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_waits_until_the_disk_has_space() {
    let test_market = TestMarket::with_long_windows("full-disk").await;
    let (folder, relay) =
        (&test_market.folder, Relay::start(RelayConfig::default()).await.unwrap());
    test_market.fund_accounts(&["ada", "cleo"]);
    let mut daemon = BackgroundProcess::spawn(surviving(&worker(folder, &relay.url())));
    let health = daemon.health();
    is_listed(folder, "ada").await;
    let agreement = buy(folder);
    folder.json(&format!("agreement wait {agreement} --state running"));
    until_waiting_for(&health, "the end of 0x").await;

    limit_files(daemon.process(), Some(0));
    let key = key_of(folder, "ada");
    let (mut mailbox, message) =
        request_endpoint(&relay.url(), agreement.parse().unwrap(), key).await;
    until(async || health_text(&health).await.contains("cannot read or write the state file"))
        .await;

    limit_files(daemon.process(), None);
    while !mailbox.next().await.unwrap().is_reply_to(key, &message) {}
    until_waiting_for(&health, "the end of 0x").await;
    print_row("worker", "message", "disk full", "answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_waits_until_the_clients_disk_has_space_and_is_paid_once() {
    let market = JobMarket::start("full-disk-output", &["ada"]).await;
    compile(market.folder(), "flood");
    let run = "run flood.wasm --replicas 1 --budget 1eth --yes";
    let mut client = surviving(&market.client(run));
    client.stdout(Stdio::piped()).stderr(Stdio::piped());
    let client = client.spawn().unwrap();
    // Room for the state file, and not for the output.
    limit_files(Pid::from_child(&client), Some(1 << 20));
    let ended = block_in_place(|| client.wait_with_output()).unwrap();
    let stderr = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(125), "{stderr}");
    assert!(
        stderr.contains("no space left") && stderr.contains("free space, and run it again"),
        "{stderr}"
    );

    let ended = block_in_place(|| market.client(run).output()).unwrap();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert_eq!(ended.stdout, vec![0; 3 << 20]);
    assert_eq!(market.agreements(), 1);
    print_row("client", "output", "disk full", "fetched once");
}
