//! `muster dashboard` as a process: its pages show the chain, and what it prepares can be signed.

use serde_json::{Value, json};

use crate::harness::{BackgroundProcess, TestMarket, until};

/// A dashboard, and the market that it shows.
struct TestDashboard {
    test_market: TestMarket,
    process: BackgroundProcess,
    url: String,
}

impl TestDashboard {
    /// A market with a worker and three testers, indexed by the dashboard itself.
    async fn start(name: &str) -> Self {
        let test_market = TestMarket::with_long_windows(name).await;
        test_market.fund_accounts(&["ada"]);
        let offer = "--price 2gwei --capacity 2 --stake 0.5eth";
        test_market.folder.json(&format!("worker register --account dev:ada {offer}"));
        test_market.join_testers(&["tom", "una", "vic"]);
        let args = "dashboard --index --listen 127.0.0.1:0 --interval 0.05";
        let mut process = BackgroundProcess::start(&test_market.folder, args);
        let ready: Value = serde_json::from_str(&process.next_line()).unwrap();
        let url = ready["url"].as_str().unwrap().to_owned();
        Self { test_market, process, url }
    }

    /// A page.
    async fn get(&self, path: &str) -> String {
        reqwest::get(format!("{}{path}", self.url)).await.unwrap().text().await.unwrap()
    }

    /// Waits until a page says this.
    async fn says(&self, path: &str, words: &str) {
        until(async || self.get(path).await.contains(words)).await;
    }

    /// The account that the chain signs for.
    async fn wallet(&self) -> String {
        let accounts = self.test_market.rpc("eth_accounts", json!([])).await;
        accounts[0].as_str().unwrap().to_owned()
    }

    /// Signs the call that a page has prepared. Returns what the dashboard says of the transaction.
    async fn sign(&self, page: &str) -> Value {
        let field = |name: &str| {
            let begin = format!("data-{name}=\"");
            let value = page.split_once(&begin).unwrap_or_else(|| panic!("{page}")).1;
            value.split('"').next().unwrap().to_owned()
        };
        let [from, to, value, data] = ["from", "to", "value", "data"].map(field);
        let call = json!({"from": from, "to": to, "value": value, "data": data});
        let hash = self.test_market.rpc("eth_sendTransaction", json!([call])).await;
        let path = format!("/transaction/{}", hash.as_str().unwrap());
        let found: Value = serde_json::from_str(&self.get(&path).await).unwrap();
        for name in ["from", "to", "value", "data"] {
            let (found, sent) = (found[name].as_str().unwrap(), call[name].as_str().unwrap());
            assert!(found.eq_ignore_ascii_case(sent), "{name}: {found} for {sent}");
        }
        assert_eq!(found["state"], "done", "{found}");
        found
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_buys_cancels_settles_and_withdraws() {
    let dashboard = TestDashboard::start("dashboard-visitor").await;
    let wallet = dashboard.wallet().await;
    dashboard.says("/", "2gwei").await;

    let order = "redundancy=1&length=2400&windows=4&testers=3";
    let dear = dashboard.get(&format!("/act/buy?{order}&at_most=5wei&from={wallet}")).await;
    assert!(dear.contains("but only 5wei were offered"), "{dear}");
    let page = dashboard.get(&format!("/act/buy?{order}&at_most=0.1eth&from={wallet}")).await;
    assert!(page.contains("1 worker of application 0") && page.contains("in 4 windows"), "{page}");
    let bought = dashboard.sign(&page).await;
    let agreement = bought["link"].as_str().unwrap();
    assert!(bought["says"][0].as_str().unwrap().contains("was bought for"), "{bought}");
    dashboard.says(agreement, "offered").await;

    let address = agreement.rsplit('/').next().unwrap();
    dashboard.test_market.folder.json(&format!("worker accept {address} --account dev:ada"));
    dashboard.says(agreement, "running").await;
    let stranger = format!("/act/cancel?agreement={address}&from={address}");
    assert!(dashboard.get(&stranger).await.contains("is not its client"));
    let page = dashboard.get(&format!("/act/cancel?agreement={address}&from={wallet}")).await;
    assert!(page.contains("costs at most"), "{page}");
    dashboard.sign(&page).await;
    dashboard.says(agreement, "Cancelled").await;

    dashboard.test_market.advance_time(4_000).await;
    dashboard.says(agreement, "/act/settle").await;
    let page = dashboard.get(&format!("/act/release?agreement={address}&from={wallet}")).await;
    dashboard.sign(&page).await;
    let page = dashboard.get(&format!("/act/settle?agreement={address}&from={wallet}")).await;
    dashboard.sign(&page).await;
    dashboard.says(agreement, "Who got what").await;

    let path = format!("/act/withdraw?to={wallet}&from={wallet}");
    let page = dashboard.get(&path).await;
    assert!(page.contains("Pays the whole credit"), "{page}");
    dashboard.sign(&page).await;
    assert!(dashboard.get(&path).await.contains("has no credit to withdraw"));
    assert_eq!(dashboard.process.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_repeats_what_was_typed_as_text_and_says_what_is_wrong() {
    let dashboard = TestDashboard::start("dashboard-forms").await;
    let wallet = dashboard.wallet().await;
    let script = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E";
    for path in [
        format!("/act/price?price={script}&from={wallet}"),
        format!("/act/price?price=1gwei&from={script}"),
        format!("/act/availability?available={script}&from={wallet}"),
        format!("/act/settle?agreement={script}&from={wallet}"),
        format!("/act/buy?redundancy={script}&length=1&at_most=1&from={wallet}"),
        format!("/act/{script}"),
    ] {
        let page = dashboard.get(&path).await;
        assert!(
            !page.contains("<script>alert") && page.contains("role=\"alert\""),
            "{path}: {page}"
        );
    }
    let page = dashboard.get(&format!("/act/price?price=1gwei&from={wallet}")).await;
    assert!(page.contains("is not registered: register it first"), "{page}");
    let page = dashboard.get("/act/buy?application=factor").await;
    assert!(page.contains("Nothing is sent by this form"), "an incomplete form prepares nothing");
    let unknown = format!("/transaction/0x{}", "ab".repeat(32));
    assert_eq!(dashboard.get(&unknown).await, r#"{"state":"unknown"}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn new_blocks_are_told_to_pages_that_listen() {
    let dashboard = TestDashboard::start("dashboard-live").await;
    let mut stream = reqwest::get(format!("{}/live", dashboard.url)).await.unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let mut read = String::new();
    for _ in 0..2 {
        dashboard.test_market.advance_time(10).await;
        let head = dashboard.test_market.rpc("eth_blockNumber", json!([])).await;
        let head = u64::from_str_radix(&head.as_str().unwrap()[2..], 16).unwrap();
        let event = format!("data: {head}\n");
        while !read.contains(&event) {
            let part = stream.chunk().await.unwrap().unwrap();
            read.push_str(std::str::from_utf8(&part).unwrap());
        }
    }
    assert!(read.contains("event: block\n") && read.contains("id: 0x"), "{read}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dashboard_needs_an_index_and_reads_the_one_of_another_process() {
    let test_market = TestMarket::with_long_windows("dashboard-reader").await;
    let refused = test_market.folder.refused("dashboard --listen 127.0.0.1:0");
    assert!(refused.contains("run `muster index` with this database first"), "{refused}");
    let mut index = BackgroundProcess::start(&test_market.folder, "index");
    index.next_line();
    let mut process =
        BackgroundProcess::start(&test_market.folder, "dashboard --listen 127.0.0.1:0");
    let ready: Value = serde_json::from_str(&process.next_line()).unwrap();
    let url = ready["url"].as_str().unwrap();
    until(async || {
        let page = reqwest::get(url).await.unwrap().text().await.unwrap();
        page.contains("no worker is registered")
    })
    .await;
}
