//! The client as a process: it buys once, connects, attends its agreements, and watches.

use std::fs::{self, File};
use std::sync::Arc;

use alloy::primitives::{B256, keccak256};
use alloy::signers::local::PrivateKeySigner;
use devnode::CHAIN_ID;
use messages::{Content, Letter, MessageKey, PostBox, RecentlySeen, Relay, RelayConfig, Relays};
use serde_json::Value;

use crate::harness::{Background, Folder, World};
use crate::worker::worker;

/// What a page of this machine answers.
async fn get(url: &str) -> (u16, String) {
    let answer = reqwest::get(url).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// A daemon that ends at a point as if the power had failed.
fn faulty(folder: &Folder, args: &str, point: &str) {
    let mut command = folder.command(args);
    command.env("MUSTER_FAULT", point);
    assert_eq!(Background::spawn(command).ended(), None, "{point} was not passed");
}

/// The key for letters of a dev account.
fn key(name: &str) -> MessageKey {
    let signer = PrivateKeySigner::from_bytes(&keccak256(format!("muster dev account {name}")));
    MessageKey::of(&signer.unwrap()).unwrap()
}

/// Sends a letter from one dev account to another.
async fn send(relay: &Relay, from: &str, to: &str, letter: &Letter) -> PostBox {
    let relays = Arc::new(Relays::connect([relay.url()]).unwrap());
    let seen = Arc::new(RecentlySeen::default());
    let letters = PostBox::open(key(from), relays, seen).await.unwrap();
    letters.send(key(to).public(), letter).await.unwrap();
    letters
}

/// How many agreements there are.
fn agreements(folder: &Folder) -> usize {
    folder.json("agreement list")["agreements"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_that_is_killed_anywhere_and_repeated_is_paid_once() {
    let world = World::new("client-buys").await;
    let folder = &world.folder;
    world.fund(&["ada", "cleo"]);
    folder.json("worker register --account dev:ada --price 20gwei --capacity 16 --stake 0.5eth");
    let points = agents::buyer::POINTS.into_iter().filter(|point| point.starts_with("buy/"));
    for (count, point) in (1..).zip(points) {
        let buy = format!("client buy --account dev:cleo --id {}", point.replace('/', "-"));
        faulty(folder, &buy, point);
        let bought = folder.json(&buy);
        assert_eq!(agreements(folder), count, "{point}");
        assert_eq!(folder.json(&buy), bought, "{point}");
        assert_eq!(agreements(folder), count, "{point}");
    }

    // Without a name every command buys; with one that is derived, every wish is bought once.
    let before = agreements(folder);
    folder.json("client buy --account dev:cleo");
    folder.json("client buy --account dev:cleo");
    let once = folder.json("client buy --account dev:cleo --once --length 9");
    assert_eq!(folder.json("client buy --account dev:cleo --once --length 9"), once);
    folder.json("client buy --account dev:cleo --once --length 10");
    assert_eq!(agreements(folder), before + 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_killed_anywhere_gets_its_money_back_once() {
    let world = World::new("client-run").await;
    let folder = &world.folder;
    let relay = Relay::start(RelayConfig::default()).await.unwrap();
    world.fund(&["ada", "cleo"]);
    folder.json("worker register --account dev:ada --price 20gwei --stake 0.5eth");
    world.testers(&["tom", "una", "vic"]);
    let run = format!(
        "client run --account dev:cleo --relay {} --courtesy 0 --withdraw-at 1wei",
        relay.url()
    );
    let points = agents::buyer::POINTS.into_iter();
    for point in points.filter(|p| p.starts_with("settle/") || p.starts_with("withdraw/")) {
        let bought = folder.json("client buy --account dev:cleo --length 18 --windows 3");
        let agreement = bought["agreement"].as_str().unwrap();
        folder.json(&format!("worker accept {agreement} --account dev:ada"));
        world.pass(18 + 5).await;
        faulty(folder, &run, point);

        let mut daemon = Background::start(folder, &run);
        daemon.ready();
        let show = || folder.json(&format!("agreement show {agreement}"));
        while show()["state"] != "settled" {}
        while folder.json("credit dev:cleo")["credit"] != "0" {}
        assert_eq!(daemon.terminate(), Some(0), "{point}");
        let ledger = folder.json(&format!("ledger {agreement}"));
        assert_eq!((&ledger["balanced"], &ledger["solvent"]), (&true.into(), &true.into()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_used_through_a_door_of_this_machine_and_nothing_is_told_about_it() {
    let world = World::slow("client-connects").await;
    let (folder, relay) = (&world.folder, Relay::start(RelayConfig::default()).await.unwrap());
    world.fund(&["ada", "cleo"]);
    let mut seller = Background::spawn(worker(folder, &relay));
    let gateway = seller.ready()["gateway"].as_str().unwrap().to_owned();
    while !folder.run("worker show dev:ada --json").stdout.contains("\"listed\": true") {}
    let bought = folder.json("client buy --account dev:cleo --length 1200 --testers 0");
    let agreement = bought["agreement"].as_str().unwrap();
    let mut watch = Background::start(folder, &format!("client watch {agreement}"));
    let connect = format!("client connect {agreement} --account dev:cleo --relay {}", relay.url());
    let nobody = folder.run(&connect.replace("dev:cleo", "dev:ada"));
    assert_eq!(nobody.code, 1);
    assert!(nobody.stderr.contains("is bought by somebody else"), "{}", nobody.stderr);
    folder.json(&format!("agreement wait {agreement} --state running"));

    let shown = folder.json(&format!("{connect} --print"));
    let entrance = &shown["entrances"][0];
    assert_eq!(entrance["url"], gateway);
    let token = entrance["token"].as_str().unwrap().to_owned();

    for point in ["endpoint/decided", "endpoint/noted"] {
        faulty(folder, &connect, point);
    }
    let log = folder.file("connect.log");
    let mut command = folder.command(&format!("{connect} --courtesy 0"));
    command.env("MUSTER_LOG", "trace").stderr(File::create(&log).unwrap());
    let mut connection = Background::spawn(command);
    let door = connection.ready()["proxy"].as_str().unwrap().to_owned();
    let answer = loop {
        let (status, answer) = get(&format!("{door}/factor?n=15")).await;
        if status == 200 {
            break answer;
        }
    };
    assert!(answer.contains("[3,5]"), "{answer}");

    // When all is over it settles, and ends by itself; so does whoever watched.
    world.pass(1200 + 600).await;
    assert_eq!(connection.ended(), Some(0));
    let (mut seen, mut is_settled) = (Vec::new(), false);
    while !is_settled || !seen.iter().any(|event| event == "AgreementSettled") {
        let line: Value = serde_json::from_str(&watch.line()).unwrap();
        is_settled |= line["state"] == "settled";
        seen.push(line["event"].as_str().unwrap().to_owned());
    }
    assert_eq!(watch.ended(), Some(0));
    for event in ["ContractBought", "State", "Accepted"] {
        assert!(seen.iter().any(|seen| seen == event), "{event} is not in {seen:?}");
    }

    let log = fs::read_to_string(log).unwrap();
    assert!(log.contains("waits for the end of 0x"), "{log}");
    let port = gateway.rsplit(':').next().unwrap();
    let key = keccak256("muster dev account cleo").to_string();
    for secret in [token.as_str(), &format!(":{port}"), key.trim_start_matches("0x")] {
        assert!(!log.contains(secret), "{secret} is in {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_killed_while_it_gives_a_pass_gives_it_when_it_is_asked_anew() {
    let world = World::slow("client-passes").await;
    let (folder, relay) = (&world.folder, Relay::start(RelayConfig::default()).await.unwrap());
    world.fund(&["ada", "cleo"]);
    folder.json("worker register --account dev:ada --price 20gwei --stake 0.5eth");
    world.testers(&["tom", "una", "vic"]);
    let wish = "--length 1200 --windows 1 --testers 3";
    let bought = folder.json(&format!("client buy {wish} --account dev:cleo"));
    let agreement = bought["agreement"].as_str().unwrap();
    folder.json(&format!("worker accept {agreement} --account dev:ada"));
    let run = format!("client run --account dev:cleo --relay {}", relay.url());
    let points = agents::buyer::POINTS.into_iter().filter(|point| point.starts_with("letter/"));
    for (point, (place, name)) in points.zip([(0, "tom"), (1, "una"), (2, "vic")]) {
        let mut command = folder.command(&run);
        command.env("MUSTER_FAULT", point);
        let mut daemon = Background::spawn(command);
        daemon.ready();
        let asks = Content::PassRequest { window: 0, place, key: B256::repeat_byte(7) };
        let ask = || Letter::request(CHAIN_ID, agreement.parse().unwrap(), asks.clone());
        drop(send(&relay, name, "cleo", &ask()).await);
        assert_eq!(daemon.ended(), None, "{point}");

        let mut daemon = Background::start(folder, &run);
        daemon.ready();
        let anew = ask();
        let mut letters = send(&relay, name, "cleo", &anew).await;
        let reply = loop {
            let delivery = letters.next().await.unwrap();
            if delivery.answers(key("cleo").public(), &anew) {
                break delivery.letter.content;
            }
        };
        let Content::Pass { delegation } = reply else { panic!("{point}: {reply:?}") };
        assert_eq!(delegation.key, B256::repeat_byte(7));
        assert_eq!(daemon.terminate(), Some(0));
    }
}
