//! A tester that loses power at each of its steps.

use alloy::primitives::keccak256;
use alloy::signers::local::PrivateKeySigner;
use muster_daemons::tester::DEEDS;
use muster_messaging::MessageKey;
use muster_relay::{Relay, RelayConfig};

use super::{Victim, all_were_passed, transactions, waits_for};
use crate::harness::{Background, World};
use crate::worker::{is_listed, worker};

/// Three weeks: no list has a place of anybody's any more.
const WEEKS: u64 = 21 * 24 * 60 * 60;

/// A message key that is not the account's own.
pub(super) fn other_key() -> String {
    let signer = PrivateKeySigner::from_bytes(&keccak256("muster dev account una")).unwrap();
    MessageKey::from_signer(&signer).unwrap().public().to_string()
}

/// Settles after giving others some time, and is killed at every stage of that.
async fn settles(tom: &mut Victim<'_>, world: &World) {
    for stage in muster_daemons::fault::TRANSACTION {
        let point = format!("settle/{stage}");
        let mut daemon = tom.faulty(&point, "");
        if matches!(*stage, "decided" | "remembered") {
            waits_for(&daemon.health(), "somebody to settle").await;
            world.pass(600).await;
        }
        tom.ends(daemon, &point, super::ONCE);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tester_that_is_killed_at_every_step_does_nothing_twice() {
    let world = World::slow("faults-tester").await;
    let (folder, relay) = (&world.folder, Relay::start(RelayConfig::default()).await.unwrap());
    world.fund(&["tom", "ada", "cleo"]);
    world.testers(&["una", "vic"]);
    let url = relay.url();
    let run = format!(
        "tester run --account dev:tom --check factor --withdraw-at 1wei --state tom.db --relay {url}"
    );
    let mut tom = Victim::new(|more| folder.command(&format!("{run} {more}")));
    tom.does("join", "");
    tom.does("check-in", "");
    folder.json(&format!("worker key {} --account dev:tom", other_key()));
    tom.does("key", "");
    tom.rests("epoch", "").await;

    let mut ada = Background::spawn(worker(folder, &url));
    ada.ready();
    is_listed(folder, "ada").await;
    let wish = "--redundancy 1 --length 1200 --windows 1 --testers 3";
    let bought = folder.json(&format!("client buy {wish} --account dev:cleo"));
    let agreement = bought["agreement"].as_str().unwrap();
    folder.json(&format!("agreement wait {agreement} --state running"));
    tom.is_killed("session/noted", "", "one session");
    // So late in the window that a look is made at once, and so early that it still counts.
    world.pass(1060).await;
    tom.is_killed("sight/decided", "", "looks again, reports it once");
    tom.is_killed("sight/noted", "", "reports it once");
    assert_eq!(ada.terminate(), Some(0));
    world.pass(140).await;
    tom.does("report", "");
    world.pass(600).await;
    settles(&mut tom, &world).await;
    tom.does("withdraw", "");
    let shown = folder.json(&format!("agreement show {agreement}"));
    assert_eq!(shown["state"], "settled");
    assert_eq!(folder.json("credit dev:tom")["credit"], "0");

    world.pass(WEEKS).await;
    folder.json("worker unstake 0.05eth --account dev:tom");
    tom.does("bond", "");
    tom.rests("epoch", "").await;
    world.pass(WEEKS).await;
    tom.does("unstake", "--leave");
    let left = folder.run(&format!("{run} --leave"));
    assert_eq!(left.code, 0, "{}", left.stderr);
    assert_eq!(folder.json("worker show dev:tom")["stake"], "0");
    assert_eq!(folder.json("credit dev:tom")["credit"], "0");
    // Join, check-in, key twice, report, settle, withdraw, unstake by hand, withdraw, bond, check-in, unstake, withdraw
    assert_eq!(transactions(&world, "tom").await, 13);
    all_were_passed("tester", &DEEDS, &tom.passed);
}
