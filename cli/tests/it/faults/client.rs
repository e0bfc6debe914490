//! A client that loses power at each of its steps: when it buys, connects, gives passes, and gets its money back.

use std::sync::Arc;

use alloy::primitives::{B256, keccak256};
use alloy::signers::local::PrivateKeySigner;
use muster_daemons::buyer::DEEDS;
use muster_daemons::fault::points;
use muster_messaging::{
    Content, InMemoryReplayGuard, Mailbox, Message, MessageKey, RelayPool,
};
use muster_relay::{Relay, RelayConfig};
use stylus_devnode::CHAIN_ID;

use super::{ONCE, Victim, all_were_passed, transactions};
use crate::harness::{Background, Folder, World, until};
use crate::worker::{is_listed, worker};

/// The points of what a client does.
fn points_of(deed: &str) -> impl Iterator<Item = String> {
    points(&DEEDS).filter(move |point| point.starts_with(&format!("{deed}/")))
}

/// The key for letters of a dev account.
fn key(name: &str) -> MessageKey {
    let signer = PrivateKeySigner::from_bytes(&keccak256(format!("muster dev account {name}")));
    MessageKey::from_signer(&signer.unwrap()).unwrap()
}

/// Sends a letter from one dev account to another.
async fn send(relay: &Relay, from: &str, to: &str, letter: &Message) -> Mailbox {
    let relays = Arc::new(RelayPool::connect([relay.url()]).unwrap());
    let seen = Arc::new(InMemoryReplayGuard::default());
    let letters = Mailbox::open(key(from), relays, seen).await.unwrap();
    letters.send(key(to).public(), letter).await.unwrap();
    letters
}

/// How many agreements there are.
fn agreements(folder: &Folder) -> usize {
    folder.json("agreement list")["agreements"].as_array().unwrap().len()
}

/// Is killed while it buys under a name, and buys again under it.
async fn buys() -> Vec<(String, &'static str)> {
    let world = World::new("faults-buys").await;
    let folder = &world.folder;
    world.fund(&["ada", "cleo"]);
    folder.json("worker register --account dev:ada --price 20gwei --capacity 16 --stake 0.5eth");
    let mut cleo = Victim::new(|id| folder.command(&format!("client buy --account dev:cleo {id}")));
    for (count, point) in (1..).zip(points_of("buy")) {
        let id = format!("--id {}", point.replace('/', "-"));
        cleo.is_killed(&point, &id, "paid once");
        let again = format!("client buy --account dev:cleo {id}");
        let bought = folder.json(&again);
        assert_eq!(agreements(folder), count, "{point}");
        assert_eq!(folder.json(&again), bought, "{point}");
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
    cleo.passed
}

/// Is killed while it settles and takes out what comes back.
async fn gets_its_money_back() -> Vec<(String, &'static str)> {
    let world = World::new("faults-refunds").await;
    let folder = &world.folder;
    let relay = Relay::start(RelayConfig::default()).await.unwrap();
    world.fund(&["ada", "cleo"]);
    folder.json("worker register --account dev:ada --price 20gwei --stake 0.5eth");
    world.testers(&["tom", "una", "vic"]);
    let options = format!("--relay {} --courtesy 0 --withdraw-at 1wei", relay.url());
    let run = format!("client run --account dev:cleo {options}");
    let mut cleo = Victim::new(|more| folder.command(&format!("{run} {more}")));
    for point in points_of("settle").chain(points_of("withdraw")) {
        let bought = folder.json("client buy --account dev:cleo --length 18 --windows 3");
        let agreement = bought["agreement"].as_str().unwrap();
        folder.json(&format!("worker accept {agreement} --account dev:ada"));
        world.pass(18 + 5).await;
        let before = transactions(&world, "cleo").await;
        cleo.is_killed(&point, "", ONCE);

        let mut daemon = cleo.start("");
        daemon.ready();
        let show = || folder.json(&format!("agreement show {agreement}"));
        until(async || show()["state"] == "settled").await;
        until(async || folder.json("credit dev:cleo")["credit"] == "0").await;
        assert_eq!(daemon.terminate(), Some(0), "{point}");
        let ledger = folder.json(&format!("ledger {agreement}"));
        assert_eq!((&ledger["balanced"], &ledger["solvent"]), (&true.into(), &true.into()));
        assert_eq!(transactions(&world, "cleo").await, before + 2, "{point}");
    }
    cleo.passed
}

/// Is killed while it learns where its worker serves.
async fn connects() -> Vec<(String, &'static str)> {
    let world = World::slow("faults-connects").await;
    let (folder, relay) = (&world.folder, Relay::start(RelayConfig::default()).await.unwrap());
    world.fund(&["ada", "cleo"]);
    let mut seller = Background::spawn(worker(folder, &relay.url()));
    seller.ready();
    is_listed(folder, "ada").await;
    let bought = folder.json("client buy --account dev:cleo --length 1200 --testers 0");
    let agreement = bought["agreement"].as_str().unwrap();
    folder.json(&format!("agreement wait {agreement} --state running"));
    let run = format!("client connect {agreement} --account dev:cleo --relay {}", relay.url());
    let mut cleo = Victim::new(|more| folder.command(&format!("{run} {more}")));
    for point in points_of("endpoint") {
        cleo.is_killed(&point, "", "finds the way");
    }
    let mut connection = cleo.start("");
    let page = format!("{}/factor?n=15", connection.ready()["proxy"].as_str().unwrap());
    until(async || reqwest::get(&page).await.unwrap().status() == 200).await;
    assert_eq!(connection.terminate(), Some(0));
    cleo.passed
}

/// Is killed while it gives a pass, and gives it when it is asked anew.
async fn gives_passes() -> Vec<(String, &'static str)> {
    let world = World::slow("faults-passes").await;
    let (folder, relay) = (&world.folder, Relay::start(RelayConfig::default()).await.unwrap());
    world.fund(&["ada", "cleo"]);
    folder.json("worker register --account dev:ada --price 20gwei --stake 0.5eth");
    world.testers(&["tom", "una", "vic"]);
    let wish = "--length 1200 --windows 1 --testers 3";
    let bought = folder.json(&format!("client buy {wish} --account dev:cleo"));
    let agreement = bought["agreement"].as_str().unwrap();
    folder.json(&format!("worker accept {agreement} --account dev:ada"));
    let run = format!("client run --account dev:cleo --relay {}", relay.url());
    let mut cleo = Victim::new(|more| folder.command(&format!("{run} {more}")));
    for (point, (place, name)) in points_of("letter").zip([(0, "tom"), (1, "una"), (2, "vic")]) {
        let mut daemon = cleo.faulty(&point, "");
        daemon.ready();
        let asks = Content::PassRequest { window: 0, place, key: B256::repeat_byte(7) };
        let ask = || Message::request(CHAIN_ID, agreement.parse().unwrap(), asks.clone());
        drop(send(&relay, name, "cleo", &ask()).await);
        cleo.ends(daemon, &point, "who asks anew is answered");

        let mut daemon = cleo.start("");
        daemon.ready();
        let anew = ask();
        let mut letters = send(&relay, name, "cleo", &anew).await;
        let reply = loop {
            let delivery = letters.next().await.unwrap();
            if delivery.is_reply_to(key("cleo").public(), &anew) {
                break delivery.message.content;
            }
        };
        let Content::Pass { delegation } = reply else { panic!("{point}: {reply:?}") };
        assert_eq!(delegation.key, B256::repeat_byte(7));
        assert_eq!(daemon.terminate(), Some(0));
    }
    cleo.passed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_killed_at_every_step_pays_once_and_gets_its_money_back() {
    let mut passed = buys().await;
    passed.extend(gets_its_money_back().await);
    passed.extend(connects().await);
    passed.extend(gives_passes().await);
    all_were_passed("client", &DEEDS, &passed);
}
