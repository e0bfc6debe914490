//! A worker that is killed while it is brought jobs, runs them, and sends what they left.

use tokio::task::block_in_place;

use super::FaultRunner;
use crate::job_market::{JobMarket, compile};
use crate::worker::is_listed;

/// The points of a job, in the order in which one passes them.
const POINTS: [&str; 6] = [
    "job/arriving",
    "job/taken",
    "result/asked",
    "result/answered",
    "output/asked",
    "output/answered",
];

/// Kills the only worker at every step of a job, each time of another one with another output, while the client waits.
pub(super) async fn kill_worker() -> Vec<(String, &'static str)> {
    let market = JobMarket::start("faults-job-worker", &[]).await;
    let folder = market.folder();
    market.market.fund_accounts(&["ada"]);
    compile(folder, "echo");
    let options = format!("--state ada.db --courtesy 0 --relay {}", market.relay.url());
    let run = format!("worker run --account dev:ada --price 1gwei {options} --compute");
    let mut ada = FaultRunner::new(|_| folder.command(&run));
    for point in POINTS {
        let mut worker = ada.start_with_failpoint(point, "");
        worker.ready();
        // Its only slot is in use from then on.
        if market.agreements() == 0 {
            is_listed(folder, "ada").await;
        }
        let name = point.replace('/', "-");
        let options = format!("--replicas 1 --budget 1eth --yes -- {name}");
        let mut client = market.client(&format!("run echo.wasm {options}")).spawn().unwrap();
        ada.expect_killed(worker, point, "run once");
        let mut worker = ada.start("");
        worker.ready();
        let ended = block_in_place(|| client.wait()).unwrap();
        assert_eq!(ended.code(), Some(0), "{point}");
        assert_eq!(worker.terminate(), Some(0), "{point}");
        let (code, stdout, stderr) = market.run(&format!("run echo.wasm {options}"));
        assert_eq!((code, stdout.as_str()), (0, name.as_str()), "{point}: {stderr}");
    }
    assert_eq!(market.agreements(), 1);
    ada.reached
}
