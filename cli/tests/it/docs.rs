//! The documents are true: their commands run as written, and their numbers and names are those of the programs.
//!
//! A block of commands that cannot run here says why: `sh no-run: REASON`. One shell runs the blocks of a session in
//! order, on a chain of their own whose clock advances while a command waits for it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::harness::{TestFolder, TestMarket, start_chain};

/// What precedes every port in the documents.
const HOST: &str = "127.0.0.1:";

/// The default port of relays.
const RELAY: u16 = 7447;

/// Time between two checks of the shell.
const POLL_INTERVAL: Duration = Duration::from_millis(25);

/// Time between two blocks. Once a wait has advanced the clock, a chain without blocks stands still for programs.
const BLOCK_INTERVAL: Duration = Duration::from_secs(1);

/// The workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The text of a document.
fn read_doc(doc: &str) -> String {
    fs::read_to_string(root().join(doc)).unwrap()
}

/// A block of commands.
struct Block {
    /// Document and line.
    location: String,
    /// The commands.
    code: String,
}

/// The blocks of a document that can run here.
fn blocks(doc: &str, text: &str) -> Vec<Block> {
    let mut lines = (1_usize..).zip(text.lines());
    let mut found = Vec::new();
    while let Some((number, line)) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let body = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```");
        let code = body.collect::<Vec<_>>().join("\n");
        let location = format!("{doc}:{number}");
        match info.split_once(' ').unwrap_or((info, "")) {
            ("sh", "") => found.push(Block { location, code }),
            ("sh", why) => {
                let reason = why.strip_prefix("no-run: ").unwrap_or_default();
                assert!(!reason.is_empty(), "{location}: only `no-run: REASON` can stand there");
            }
            _ => {}
        }
    }
    found
}

/// The port after each [`HOST`].
fn ports(code: &str) -> impl Iterator<Item = u16> {
    code.split(HOST).skip(1).filter_map(|rest| {
        let digits = rest.split(|next: char| !next.is_ascii_digit()).next()?;
        digits.parse().ok()
    })
}

/// A free port for each that the blocks name, so that they collide with no other process.
fn free_ports(blocks: &[Block]) -> BTreeMap<u16, u16> {
    let named = blocks.iter().flat_map(|block| ports(&block.code)).chain([RELAY]);
    let named: BTreeSet<_> = named.collect();
    let occupy = |port| (port, TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    // All stay bound until the last one is found, so that no port is used twice.
    let held: Vec<_> = named.into_iter().map(occupy).collect();
    held.iter().map(|(port, held)| (*port, held.local_addr().unwrap().port())).collect()
}

/// A shell, and all processes that it starts.
struct Shell(Child);

impl Shell {
    /// Starts a script in a folder.
    fn start(folder: &TestFolder, script: &str, relay: u16, rpc: &str) -> Self {
        fs::write(folder.file("session.sh"), script).unwrap();
        let log = File::create(folder.file("session.log")).unwrap();
        let mut bash = Command::new("bash");
        bash.arg("session.sh").current_dir(folder.file(""));
        let path = std::env::var("PATH").unwrap();
        bash.env_clear().env("PATH", format!("{}/target/debug:{path}", root().display()));
        bash.env("HOME", folder.file("home")).env("MUSTER_RPC", rpc);
        bash.env("MUSTER_RELAY", format!("ws://{HOST}{relay}"));
        bash.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        Self(bash.process_group(0).spawn().unwrap())
    }

    /// Its exit status, if it has ended.
    fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().unwrap()
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let group = format!("-{}", self.0.id());
        // All processes may have ended already.
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.0.wait();
    }
}

/// The script of all blocks with these ports instead of their own. It writes the number of the current block to a file.
fn script(blocks: &[Block], free: &BTreeMap<u16, u16>) -> String {
    let mut script = String::from("set -euo pipefail\ntrap 'kill $(jobs -p) || true; wait' EXIT\n");
    for (number, Block { location, code }) in blocks.iter().enumerate() {
        let mut code = code.clone();
        for port in ports(&code.clone()).collect::<BTreeSet<_>>() {
            let (named, free) = (format!("{HOST}{port}"), format!("{HOST}{}", free[&port]));
            code = code.replace(&named, &free);
        }
        writeln!(script, "echo {number} >block\necho '== {location}'\n{code}").unwrap();
    }
    script
}

/// Runs all blocks of these documents in order, each of which must succeed, and returns the market that they leave.
async fn run_session(name: &str, docs: &[&str]) -> TestMarket {
    let chain = start_chain().await;
    let folder = TestFolder::new(name, &chain.url());
    symlink(root().join("target"), folder.file("target")).unwrap();
    let test_market = TestMarket { chain, folder };
    let folder = &test_market.folder;
    let blocks: Vec<_> = docs.iter().flat_map(|doc| blocks(doc, &read_doc(doc))).collect();
    let free = free_ports(&blocks);

    let mut shell =
        Shell::start(folder, &script(&blocks, &free), free[&RELAY], &test_market.chain.url());
    let current = || {
        let number = fs::read_to_string(folder.file("block")).unwrap_or_default();
        &blocks[number.trim().parse::<usize>().unwrap_or_default()]
    };
    let mut mined = Instant::now();
    let ended = loop {
        if let Some(ended) = shell.ended() {
            break ended;
        }
        if current().code.contains("agreement wait") {
            test_market.advance_time(1).await;
        } else if mined.elapsed() >= BLOCK_INTERVAL {
            test_market.chain.mine().await.unwrap();
            mined = Instant::now();
        }
        sleep(POLL_INTERVAL).await;
    };
    let log = fs::read_to_string(folder.file("session.log")).unwrap();
    assert!(ended.success(), "{} is not true:\n{log}", current().location);
    test_market
}

#[tokio::test(flavor = "multi_thread")]
async fn readme_and_operations_guide_run_as_written() {
    run_session("docs", &["README.md", "docs/operations.md"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_hand_guide_runs_as_written() {
    let test_market = run_session("by-hand", &["docs/by-hand.md"]).await;
    let bought = test_market.folder.json("agreement list");
    let agreement = bought["agreements"][0]["agreement"].as_str().unwrap();
    let shown = test_market.folder.json(&format!("agreement show {agreement}"));
    let shares = |worker: usize| &shown["workers"][worker]["shares"];
    assert_eq!([shares(0), shares(1)], ["100 100", "100 0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn guides_of_index_and_dashboard_run_as_written() {
    run_session("docs-index", &["docs/index.md", "docs/dashboard.md"]).await;
}

#[test]
fn a_code_block_is_run_unless_it_says_no_run() {
    let text = "a\n```sh\none\ntwo\n```\n```rust\nno\n```\n```sh no-run: it costs money\nno\n```\n";
    let [block] = &blocks("document", text)[..] else { panic!("one block") };
    assert_eq!((block.location.as_str(), block.code.as_str()), ("document:2", "one\ntwo"));
}

/// Cells of the tables in a text, row by row.
fn table_rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    rows.map(|row| row.split(" | ").collect())
}

#[test]
fn gas_table_matches_the_snapshot() {
    let (snap, doc) = (read_doc("gas.snap"), read_doc("docs/operations.md"));
    let measured = |step: &str| {
        let line = snap.lines().find(|line| line.starts_with(&format!("{step}  "))).unwrap();
        line[step.len()..].split_whitespace().next().unwrap().parse::<u64>().unwrap()
    };
    let (_, table) = doc.split_once("| step | gas | gwei at 0.1 gwei |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let costs: Vec<_> = table_rows(table).filter(|row| !row[0].starts_with("---")).collect();
    assert!(costs.len() > 5, "{costs:?}");
    for row in costs {
        let gas = measured(row[0]);
        assert_eq!(row[1..], [gas.to_string(), (gas / 10).to_string()], "{}", row[0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn documented_deployment_gas_is_the_measured_one() {
    let chain = start_chain().await;
    let gas = TestFolder::new("docs-deploy", &chain.url()).deploy("")["gas"].as_u64().unwrap();
    let documented = format!("{}.{} million gas", gas / 1_000_000, gas % 1_000_000 / 100_000);
    let doc = read_doc("docs/operations.md");
    assert!(doc.contains(&format!("deploying took {documented} and")), "it takes {documented}");
}

/// Adds the names of all metrics in the sources below a folder.
fn metrics(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            metrics(&path, found);
        } else {
            let text = fs::read_to_string(&path).unwrap();
            let names = text.split("metrics::").skip(1);
            let names = names.filter_map(|call| call.split('"').nth(1));
            found.extend(names.map(str::to_owned));
        }
    }
}

#[test]
fn every_metric_is_documented() {
    let mut given = BTreeSet::new();
    metrics(&root().join("daemons/src"), &mut given);
    metrics(&root().join("index/src"), &mut given);
    metrics(&root().join("index-api/src"), &mut given);
    metrics(&root().join("job-api/src"), &mut given);
    metrics(&root().join("messaging/src"), &mut given);
    metrics(&root().join("relay/src"), &mut given);
    let doc = read_doc("docs/operations.md");
    let told = table_rows(&doc).filter_map(|row| row[0].strip_prefix('`')?.strip_suffix('`'));
    let told = told.filter(|name| name.starts_with("muster_")).map(str::to_owned);
    assert_eq!(told.collect::<BTreeSet<_>>(), given);
}

#[test]
fn every_folder_is_listed_in_the_architecture() {
    let doc = read_doc("ARCHITECTURE.md");
    let first = |row: Vec<&str>| Some(row[0].split('`').nth(1)?.split('/').next()?.to_owned());
    let told: BTreeSet<_> = table_rows(&doc).filter_map(first).collect();
    let entries = fs::read_dir(root()).unwrap().map(Result::unwrap);
    let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
    let names = folders.map(|folder| folder.file_name().into_string().unwrap());
    let missing: Vec<_> = names
        .filter(|name| name != "target" && !name.starts_with('.') && !told.contains(name))
        .collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn links_in_the_docs_resolve() {
    for doc in
        ["README.md", "ARCHITECTURE.md", "docs/operations.md", "docs/by-hand.md", "docs/rules.md"]
    {
        let text = read_doc(doc);
        let links = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        for (link, _) in links.filter(|(link, _)| !link.contains("://")) {
            let file = root().join(doc).with_file_name(link.split('#').next().unwrap());
            assert!(file.exists(), "{doc}: {link}");
        }
    }
}
