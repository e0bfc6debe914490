//! Three testers, and the moments of their probes.

use alloy::primitives::Address;
use alloy::signers::local::PrivateKeySigner;
use muster_client::Agreement;
use muster_daemons::schedule::{Timing, derive, schedule};
use muster_daemons::tester::{TesterDaemon, TesterOptions};
use muster_daemons::{DaemonContext, Measurement, Role};
use muster_messaging::ProxyUrl;
use secrecy::ExposeSecret;

use crate::client::{RunningDaemon, wait_until};
use crate::harness::{TestChain, WINDOWS};
use crate::tester::running::options;

/// Ticks of a window.
pub(crate) const TICKS: u64 = 1_200;

/// Ticks that a worker has before it is measured.
pub(crate) const ACCEPT_WINDOW: u32 = 600;

/// Probes of a worker in a window.
pub(crate) const PROBES: u8 = 3;

/// The testers of an agreement.
const TESTERS: u32 = 3;

/// Starts the testers, which reach workers through this proxy.
pub(crate) async fn start_testers(
    chain: &TestChain,
    proxy: Option<ProxyUrl>,
) -> (Vec<DaemonContext>, Vec<RunningDaemon>) {
    let (mut testers, mut running) = (Vec::new(), Vec::new());
    for _ in 0..TESTERS {
        let context = chain.context(Role::Tester, &chain.new_account()).await;
        let options = TesterOptions { proxy: proxy.clone(), ..options() };
        let daemon = TesterDaemon::start(context.clone(), options).await.unwrap();
        running.push(RunningDaemon::spawn(daemon));
        testers.push(context);
    }
    (testers, running)
}

/// Waits until a worker is in the book, and all testers have checked in.
pub(crate) async fn wait_until_for_sale(chain: &TestChain, worker: &PrivateKeySigner) {
    let market = chain.market(worker).await;
    let epoch = market.epoch().await.unwrap();
    wait_until(async || {
        market.worker(worker.address()).await.is_ok_and(|worker| worker.listed)
            && market.tester_count(epoch).await.unwrap() == TESTERS
    })
    .await;
}

/// The ticks of a tester's probes of a worker in a window.
pub(crate) async fn probe_ticks(
    tester: &DaemonContext,
    agreement: &Agreement,
    (index, window): (u8, u8),
) -> Vec<u64> {
    let (store, address) = (tester.store(), agreement.address());
    wait_until(async || store.accepted_at(address, index).unwrap().is_some()).await;
    let accepted_at = store.accepted_at(address, index).unwrap().unwrap();
    let from = agreement.progress().await.unwrap().start() + u64::from(window) * TICKS;
    let timing = Timing { window: from..from + TICKS, accepted_at, accept_window: ACCEPT_WINDOW };
    let secret = store.secret("moments").unwrap();
    let seed = derive(secret.expose_secret(), address, &[window, index]);
    schedule(seed, &timing, PROBES).probes.iter().map(|moment| moment.tick).collect()
}

/// What a tester has measured of a worker in a window.
pub(crate) fn measured(
    tester: &DaemonContext,
    agreement: Address,
    (index, window): (u8, u8),
) -> Measurement {
    tester.store().measurement(agreement, index, window, u64::MAX).unwrap()
}

/// Waits until these testers have the client's passes for all windows.
pub(crate) async fn wait_for_passes(testers: &[DaemonContext], agreement: Address) {
    for tester in testers {
        let has_pass = |window| tester.store().pass(agreement, window).unwrap().is_some();
        wait_until(async || (0..WINDOWS).all(has_pass)).await;
    }
}

/// Makes the probes of the first worker by all these testers in a window, and waits until all count.
pub(crate) async fn probe_window(
    chain: &TestChain,
    agreement: &Agreement,
    testers: &[DaemonContext],
    window: u8,
) {
    let mut ticks = Vec::new();
    for (number, tester) in testers.iter().enumerate() {
        let of_tester = probe_ticks(tester, agreement, (0, window)).await;
        ticks.extend(of_tester.into_iter().map(|tick| (tick, number)));
    }
    ticks.sort_unstable();
    let measured = |tester| measured(tester, agreement.address(), (0, window));
    for (tick, _) in &ticks {
        chain.advance_to(*tick).await;
        for (number, tester) in testers.iter().enumerate() {
            let due = ticks.iter().filter(|(at, of)| *of == number && at <= tick).count();
            wait_until(async || usize::from(measured(tester).begun) >= due).await;
        }
    }
    for tester in testers {
        wait_until(async || measured(tester).made == PROBES).await;
    }
}
