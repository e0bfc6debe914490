//! A client that is killed at each of its fail points: in purchases, connections, passes, and refunds.

use std::sync::Arc;

use alloy::primitives::{B256, keccak256};
use alloy::signers::local::PrivateKeySigner;
use muster_daemons::client::FAILPOINTS;
use muster_daemons::failpoint_names;
use muster_messaging::{
    Content, InMemoryReplayGuard, Mailbox, Message, MessageKey, Pass, RelayPool,
};
use muster_relay::{Relay, RelayConfig};
use stylus_devnode::CHAIN_ID;

use super::{DONE_ONCE, FaultRunner, assert_all_failpoints_reached, transactions};
use crate::harness::{BackgroundProcess, TestFolder, TestMarket, until};
use crate::job_market::{JobMarket, compile};
use crate::worker::{is_listed, worker};

/// The fail points of an operation.
pub(super) fn failpoints_of(operation: &str) -> impl Iterator<Item = String> {
    failpoint_names(FAILPOINTS).filter(move |point| point.starts_with(&format!("{operation}/")))
}

/// The key for messages of a dev account.
fn message_key(name: &str) -> MessageKey {
    let signer = PrivateKeySigner::from_bytes(&keccak256(format!("muster dev account {name}")));
    MessageKey::from_signer(&signer.unwrap()).unwrap()
}

/// Sends a message from one dev account to another.
async fn send(relay: &Relay, from: &str, to: &str, message: &Message) -> Mailbox {
    let relays = Arc::new(RelayPool::connect([relay.url()]).unwrap());
    let replay_guard = Arc::new(InMemoryReplayGuard::default());
    let mailbox = Mailbox::open(message_key(from), relays, replay_guard).await.unwrap();
    mailbox.send(message_key(to).public(), message).await.unwrap();
    mailbox
}

/// The number of agreements.
fn agreements(folder: &TestFolder) -> usize {
    folder.json("agreement list")["agreements"].as_array().unwrap().len()
}

/// Kills the client while it buys under a name, and repeats the purchase.
async fn kill_while_buying() -> Vec<(String, &'static str)> {
    let test_market = TestMarket::new("faults-buys").await;
    let folder = &test_market.folder;
    test_market.fund_accounts(&["ada", "cleo"]);
    folder.json("worker register --account dev:ada --price 20gwei --capacity 16 --stake 0.5eth");
    let mut cleo =
        FaultRunner::new(|id| folder.command(&format!("client buy --account dev:cleo {id}")));
    for (count, point) in (1..).zip(failpoints_of("buy")) {
        let id = format!("--id {}", point.replace('/', "-"));
        cleo.kill_at(&point, &id, "paid once");
        let again = format!("client buy --account dev:cleo {id}");
        let bought = folder.json(&again);
        assert_eq!(agreements(folder), count, "{point}");
        assert_eq!(folder.json(&again), bought, "{point}");
        assert_eq!(agreements(folder), count, "{point}");
    }

    // Without a name every command buys. With a derived name every order is bought once.
    let before = agreements(folder);
    folder.json("client buy --account dev:cleo");
    folder.json("client buy --account dev:cleo");
    let once = folder.json("client buy --account dev:cleo --once --length 12");
    assert_eq!(folder.json("client buy --account dev:cleo --once --length 12"), once);
    folder.json("client buy --account dev:cleo --once --length 13");
    assert_eq!(agreements(folder), before + 4);
    cleo.reached
}

/// Kills the client while it releases a worker that did not accept.
async fn kill_while_releasing() -> Vec<(String, &'static str)> {
    let test_market = TestMarket::with_long_windows("faults-releases").await;
    let (folder, relay) =
        (&test_market.folder, Relay::start(RelayConfig::default()).await.unwrap());
    test_market.fund_accounts(&["ada", "bob", "cleo"]);
    for name in ["ada", "bob"] {
        folder.json(&format!("worker register --account dev:{name} --price 20gwei --stake 0.5eth"));
    }
    let order_args = "--redundancy 2 --length 1200 --windows 1 --testers 0";
    let bought = folder.json(&format!("client buy {order_args} --account dev:cleo"));
    let agreement = bought["agreement"].as_str().unwrap();
    folder.json(&format!("worker accept {agreement} --account dev:ada"));
    test_market.advance_time(301).await;
    let before = transactions(&test_market, "cleo").await;
    let run = format!("client run --account dev:cleo --relay {}", relay.url());
    let mut cleo = FaultRunner::new(|more| folder.command(&format!("{run} {more}")));
    cleo.kill_at_every_stage("release", "");
    cleo.run_until_waiting_for(&format!("the end of {agreement}"), "").await;
    assert_eq!(transactions(&test_market, "cleo").await, before + 1);
    cleo.reached
}

/// Kills the client while it settles and withdraws its refund.
async fn kill_while_refunding() -> Vec<(String, &'static str)> {
    let test_market = TestMarket::new("faults-refunds").await;
    let folder = &test_market.folder;
    let relay = Relay::start(RelayConfig::default()).await.unwrap();
    test_market.fund_accounts(&["ada", "cleo"]);
    folder.json("worker register --account dev:ada --price 20gwei --stake 0.5eth");
    test_market.join_testers(&["tom", "una", "vic"]);
    let options = format!("--relay {} --courtesy 0 --withdraw-at 1wei", relay.url());
    let run = format!("client run --account dev:cleo {options}");
    let mut cleo = FaultRunner::new(|more| folder.command(&format!("{run} {more}")));
    for point in failpoints_of("settle").chain(failpoints_of("withdraw")) {
        let bought = folder.json("client buy --account dev:cleo --length 18 --windows 3");
        let agreement = bought["agreement"].as_str().unwrap();
        folder.json(&format!("worker accept {agreement} --account dev:ada"));
        test_market.advance_time(18 + 5).await;
        let before = transactions(&test_market, "cleo").await;
        cleo.kill_at(&point, "", DONE_ONCE);

        let mut daemon = cleo.start("");
        daemon.ready();
        let show = || folder.json(&format!("agreement show {agreement}"));
        until(async || show()["state"] == "settled").await;
        until(async || folder.json("credit dev:cleo")["credit"] == "0").await;
        assert_eq!(daemon.terminate(), Some(0), "{point}");
        let ledger = folder.json(&format!("ledger {agreement}"));
        assert_eq!((&ledger["balanced"], &ledger["solvent"]), (&true.into(), &true.into()));
        assert_eq!(transactions(&test_market, "cleo").await, before + 2, "{point}");
    }
    cleo.reached
}

/// Kills the client while it gets the endpoint of its worker.
async fn kill_while_connecting() -> Vec<(String, &'static str)> {
    let test_market = TestMarket::with_long_windows("faults-connects").await;
    let (folder, relay) =
        (&test_market.folder, Relay::start(RelayConfig::default()).await.unwrap());
    test_market.fund_accounts(&["ada", "cleo"]);
    let mut seller = BackgroundProcess::spawn(worker(folder, &relay.url()));
    seller.ready();
    is_listed(folder, "ada").await;
    let bought = folder.json("client buy --account dev:cleo --length 1200 --testers 0");
    let agreement = bought["agreement"].as_str().unwrap();
    folder.json(&format!("agreement wait {agreement} --state running"));
    let run = format!("client connect {agreement} --account dev:cleo --relay {}", relay.url());
    let mut cleo = FaultRunner::new(|more| folder.command(&format!("{run} {more}")));
    for point in failpoints_of("endpoint") {
        cleo.kill_at(&point, "", "connects");
    }
    let mut connection = cleo.start("");
    let page = format!("{}/factor?n=15", connection.ready()["proxy"].as_str().unwrap());
    until(async || reqwest::get(&page).await.unwrap().status() == 200).await;
    assert_eq!(connection.terminate(), Some(0));
    cleo.reached
}

/// Kills the client while it gives a pass, and requests the pass again.
async fn kill_while_giving_passes() -> Vec<(String, &'static str)> {
    let test_market = TestMarket::with_long_windows("faults-passes").await;
    let (folder, relay) =
        (&test_market.folder, Relay::start(RelayConfig::default()).await.unwrap());
    test_market.fund_accounts(&["ada", "cleo"]);
    folder.json("worker register --account dev:ada --price 20gwei --stake 0.5eth");
    test_market.join_testers(&["tom", "una", "vic"]);
    let order_args = "--length 1200 --windows 1 --testers 3";
    let bought = folder.json(&format!("client buy {order_args} --account dev:cleo"));
    let agreement = bought["agreement"].as_str().unwrap();
    folder.json(&format!("worker accept {agreement} --account dev:ada"));
    let run = format!("client run --account dev:cleo --relay {}", relay.url());
    let mut cleo = FaultRunner::new(|more| folder.command(&format!("{run} {more}")));
    for (point, (place, name)) in failpoints_of("message").zip([(0, "tom"), (1, "una"), (2, "vic")])
    {
        let mut daemon = cleo.start_with_failpoint(&point, "");
        daemon.ready();
        let request = Content::PassRequest { window: 0, place, key: B256::repeat_byte(7) };
        let message = || Message::request(CHAIN_ID, agreement.parse().unwrap(), request.clone());
        drop(send(&relay, name, "cleo", &message()).await);
        cleo.expect_killed(daemon, &point, "a repeated request is answered");

        let mut daemon = cleo.start("");
        daemon.ready();
        let repeated = message();
        let mut mailbox = send(&relay, name, "cleo", &repeated).await;
        let reply = loop {
            let delivery = mailbox.next().await.unwrap();
            if delivery.is_reply_to(message_key("cleo").public(), &repeated) {
                break delivery.message.content;
            }
        };
        let Content::Pass(Pass { delegation, .. }) = reply else { panic!("{point}: {reply:?}") };
        assert_eq!(delegation.key, B256::repeat_byte(7));
        assert_eq!(daemon.terminate(), Some(0));
    }
    cleo.reached
}

/// Kills the client while it runs jobs, each time another one.
async fn kill_while_running_jobs() -> Vec<(String, &'static str)> {
    let market = JobMarket::start("faults-jobs", &["ada", "bob"]).await;
    compile(market.folder(), "echo");
    let options = "--budget 1eth --yes --env NAME";
    let mut cleo =
        FaultRunner::new(|name| market.client(&format!("run echo.wasm {options}={name}")));
    for point in failpoints_of("buy") {
        // One purchase, which is interrupted four times.
        let killed = cleo.start_with_failpoint(&point, "first").wait();
        assert_eq!(killed, None, "{point} was not passed");
    }
    for point in ["job", "ask", "answer", "result"].into_iter().flat_map(failpoints_of) {
        let name = point.replace('/', "-");
        cleo.kill_at(&point, &name, "run once");
        let (code, _, stderr) = market.run(&format!("run echo.wasm {options}={name}"));
        assert_eq!(code, 0, "{point}: {stderr}");
    }
    kill_while_fetching_an_output(&market, &mut cleo);
    assert_eq!(market.agreements(), 1);
    let (_, jobs, _) = market.run("job list --json");
    let jobs: serde_json::Value = serde_json::from_str(&jobs).unwrap();
    let is_agreed = |job: &serde_json::Value| job["state"] == "agreed";
    let jobs = jobs["jobs"].as_array().unwrap();
    assert_eq!(jobs.iter().filter(|job| is_agreed(job)).count(), 9);
    cleo.reached
}

/// Kills the client in the middle of an output that is too long to be fetched together with the result.
fn kill_while_fetching_an_output(market: &JobMarket, cleo: &mut FaultRunner<'_>) {
    compile(market.folder(), "long");
    let mut run = FaultRunner::new(|_| market.client("run long.wasm --budget 1eth --yes"));
    run.kill_at("output/half", "", "fetched again");
    cleo.reached.append(&mut run.reached);
    let (code, stdout, stderr) = market.run("run long.wasm --budget 1eth --yes");
    assert_eq!((code, stdout.len()), (0, 24 << 16), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_killed_at_every_step_pays_once_and_gets_its_money_back() {
    let mut passed = kill_while_buying().await;
    passed.extend(kill_while_releasing().await);
    passed.extend(kill_while_refunding().await);
    passed.extend(kill_while_connecting().await);
    passed.extend(kill_while_giving_passes().await);
    passed.extend(kill_while_running_jobs().await);
    passed.extend(super::services::kill_client().await);
    assert_all_failpoints_reached("client", FAILPOINTS, &passed);
}
