//! `muster client run --api`: a program without keys buys with a token, and no more than its limit.

mod runs;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use futures::future::join_all;
use reqwest::header::{HOST, ORIGIN};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::harness::{BackgroundProcess, TestFolder, TestMarket, until};

/// A client daemon with its API.
pub(crate) struct ApiDaemon {
    /// The process.
    pub(crate) process: BackgroundProcess,
    /// The URL of its API.
    pub(crate) url: String,
}

impl ApiDaemon {
    /// The command that serves the API of cleo's account.
    pub(crate) fn command(folder: &TestFolder) -> Command {
        folder.command("client run --account dev:cleo --api 127.0.0.1:0 --courtesy 3600")
    }

    /// Starts a command that serves an API.
    pub(crate) fn start(command: Command) -> Self {
        let mut process = BackgroundProcess::spawn(command);
        let url = process.field("api");
        Self { process, url }
    }

    /// A request with a token.
    pub(crate) fn request(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.url);
        reqwest::Client::new().request(method, url).bearer_auth(token)
    }

    /// Status and body of a GET.
    pub(crate) async fn get(&self, path: &str, token: &str) -> (u16, Value) {
        answer(self.request(Method::GET, path, token)).await
    }

    /// Status and body of a POST under an idempotency key.
    pub(crate) async fn post(
        &self,
        path: &str,
        token: &str,
        key: &str,
        body: Value,
    ) -> (u16, Value) {
        let request = self.request(Method::POST, path, token).header("Idempotency-Key", key);
        answer(request.json(&body)).await
    }
}

/// Status and body of a response.
pub(crate) async fn answer(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap())
}

/// Makes a token of cleo's account.
pub(crate) fn token(folder: &TestFolder, name: &str, options: &str) -> String {
    let made = folder.json(&format!("client token add {name} --account dev:cleo {options}"));
    made["token"].as_str().unwrap().to_owned()
}

/// A market with two workers in the book, of whom nobody runs a daemon.
pub(crate) async fn market(name: &str) -> TestMarket {
    let test_market = TestMarket::with_long_windows(name).await;
    test_market.fund_accounts(&["ada", "ben", "cleo"]);
    for worker in ["ada", "ben"] {
        let offer = "--price 1gwei --capacity 16 --stake 0.5eth";
        test_market.folder.json(&format!("worker register --account dev:{worker} {offer}"));
    }
    test_market
}

/// The number of agreements.
pub(crate) fn agreements(folder: &TestFolder) -> usize {
    folder.json("agreement list")["agreements"].as_array().unwrap().len()
}

/// Wei in a response.
pub(crate) fn wei(value: &Value) -> u128 {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_buys_up_to_its_limit_also_at_the_same_time_and_over_a_restart() {
    let test_market = market("api-limit").await;
    let folder = &test_market.folder;
    let price = folder.json("client quote --length 1200 --testers 0")["price"].clone();
    let price = wei(&price);
    // Enough for three.
    let limit = price * 3 + price / 2;
    let spender = token(folder, "spender", &format!("--right read --right buy --limit {limit}wei"));
    let daemon = ApiDaemon::start(ApiDaemon::command(folder));
    let order = json!({"length": 1200, "testers": 0});
    let (status, quote) = daemon.post("/v1/quotes", &spender, "quote", order.clone()).await;
    assert_eq!((status, wei(&quote["price"])), (200, price), "{quote}");
    assert_eq!(quote["work"], quote["price"], "there are no testers: {quote}");

    let purchase = json!({"order": order});
    let (status, first) = daemon.post("/v1/purchases", &spender, "first", purchase.clone()).await;
    assert_eq!((status, wei(&first["escrow"])), (201, price), "{first}");
    let again = daemon.post("/v1/purchases", &spender, "first", purchase.clone()).await;
    assert_eq!(again, (201, first.clone()), "the same request");
    let other = json!({"order": {"length": 1300, "testers": 0}});
    let (status, twice) = daemon.post("/v1/purchases", &spender, "first", other).await;
    assert_eq!((status, &twice["error"]), (422, &"key_reused".into()), "{twice}");
    assert_eq!(agreements(folder), 1);

    // Two of four fit.
    let keys: Vec<_> = (0..4).map(|number| format!("many{number}")).collect();
    let many = keys.iter().map(|key| daemon.post("/v1/purchases", &spender, key, purchase.clone()));
    let mut statuses: Vec<_> = join_all(many).await.into_iter().map(|answer| answer.0).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 201, 402, 402]);
    assert_eq!(agreements(folder), 3);

    // Killed and started again, it knows all of that.
    drop(daemon);
    let daemon = ApiDaemon::start(ApiDaemon::command(folder));
    let (_, account) = daemon.get("/v1/account", &spender).await;
    let spending = &account["token"]["spending"];
    assert_eq!((wei(&spending["spent"]), wei(&spending["reserved"])), (price * 3, 0), "{account}");
    assert_eq!(wei(&account["token"]["left"]), price / 2);
    let again = daemon.post("/v1/purchases", &spender, "first", purchase.clone()).await;
    assert_eq!(again, (201, first));
    let (status, over) = daemon.post("/v1/purchases", &spender, "next", purchase.clone()).await;
    assert_eq!((status, &over["error"]), (402, &"over_limit".into()), "{over}");
    let cheap = json!({"order": purchase["order"], "at_most": "1gwei"});
    let (status, refused) = daemon.post("/v1/purchases", &spender, "cheap", cheap).await;
    assert_eq!((status, &refused["error"]), (409, &"refused".into()), "{refused}");
    let (_, account) = daemon.get("/v1/account", &spender).await;
    assert_eq!(wei(&account["token"]["left"]), price / 2, "nothing stays reserved");
    let (_, listed) = daemon.get("/v1/agreements", &spender).await;
    assert_eq!(listed["agreements"].as_array().unwrap().len(), 3, "{listed}");
    assert_eq!(agreements(folder), 3);
    assert_eq!(daemon.process.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_token_or_right_and_web_pages_are_refused() {
    let test_market = market("api-refused").await;
    let folder = &test_market.folder;
    let start = |address: &str| {
        let result = folder.run(&format!("client run --account dev:cleo --api {address}"));
        assert_eq!((result.code, result.stdout.as_str()), (1, ""), "{}", result.stderr);
        result.stderr
    };
    let missing = start("127.0.0.1:0");
    assert!(missing.contains("client token add"), "{missing}");
    let reader = token(folder, "reader", "--right read");
    let refused = folder.refused("client token add reader --account dev:cleo --right buy");
    assert!(refused.contains("reader"), "{refused}");
    let file =
        folder.json("client token add other --account dev:cleo --right read")["file"].clone();
    let file = folder.file(file.as_str().unwrap());
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("sha256:") && !text.contains(&reader), "{text}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let open = start("127.0.0.1:0");
    assert!(open.contains("0644") && open.contains("chmod 600"), "{open}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let exposed = start("0.0.0.0:0");
    assert!(exposed.contains("--api-exposed"), "{exposed}");

    let mut command = ApiDaemon::command(folder);
    command.args(["--api-origin", "https://app.example"]);
    let daemon = ApiDaemon::start(command);
    let purchase = json!({"order": {}});
    let (status, refused) = daemon.post("/v1/purchases", &reader, "a", purchase).await;
    assert_eq!((status, &refused["error"]), (403, &"no_right".into()), "{refused}");
    for path in
        ["/v1/withdrawals", "/v1/agreements/0x8ba1f109551bD432803012645Ac136ddd64DBA72/cancel"]
    {
        let (status, refused) = daemon.post(path, &reader, "b", json!({})).await;
        assert_eq!((status, &refused["error"]), (403, &"no_right".into()), "{path}: {refused}");
    }
    let (status, refused) = daemon.get("/v1/account", "muster_wrong").await;
    assert_eq!((status, &refused["error"]), (401, &"no_token".into()), "{refused}");
    let account = || daemon.request(Method::GET, "/v1/account", &reader);
    let (status, refused) = answer(account().header(HOST, "evil.example")).await;
    assert_eq!((status, &refused["error"]), (421, &"wrong_host".into()), "{refused}");
    let (status, refused) = answer(account().header(ORIGIN, "https://evil.example")).await;
    assert_eq!((status, &refused["error"]), (403, &"wrong_origin".into()), "{refused}");
    let allowed = account().header(ORIGIN, "https://app.example").send().await.unwrap();
    assert_eq!(allowed.headers()["access-control-allow-origin"], "https://app.example");
    let (status, wrong) = daemon.get("/v1/agreements/0x12", &reader).await;
    assert_eq!((status, &wrong["error"]), (400, &"bad_request".into()), "{wrong}");
    let (status, wrong) = daemon.get("/v1/agreement", &reader).await;
    assert_eq!((status, &wrong["error"]), (404, &"no_route".into()), "{wrong}");
    let (_, document) = daemon.get("/openapi.json", "").await;
    assert!(document["paths"]["/v1/purchases"].is_object());

    // A token that is removed is refused at once.
    assert_eq!(daemon.get("/v1/account", &reader).await.0, 200);
    folder.json("client token remove reader --account dev:cleo");
    assert_eq!(daemon.get("/v1/account", &reader).await.0, 401);
    assert_eq!(daemon.process.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_is_cancelled_settled_and_its_refund_withdrawn_to_where_the_operator_said() {
    let test_market = market("api-ends").await;
    let folder = &test_market.folder;
    let rights = "--right read --right buy --right cancel --right settle --right withdraw";
    let token = token(folder, "all", &format!("{rights} --limit 1eth --per day"));
    let payout = folder.json("key show --account dev:zed")["account"].clone();
    let mut command = ApiDaemon::command(folder);
    command.args(["--payout", payout.as_str().unwrap(), "--withdraw-at", "1000eth"]);
    let daemon = ApiDaemon::start(command);
    let purchase = json!({"order": {"length": 4800, "testers": 0}, "at_most": "0.5eth"});
    let (status, bought) = daemon.post("/v1/purchases", &token, "a", purchase).await;
    assert_eq!(status, 201, "{bought}");
    let agreement = bought["agreement"].as_str().unwrap().to_owned();
    let path = format!("/v1/agreements/{agreement}");
    let (_, shown) = daemon.get(&path, &token).await;
    assert_eq!((&shown["state"], &shown["end"]), (&"offered".into(), &Value::Null), "{shown}");
    let (status, early) = daemon.post(&format!("{path}/settle"), &token, "b", json!({})).await;
    assert_eq!((status, &early["error"]), (409, &"refused".into()), "{early}");

    let worker = shown["workers"][0]["account"].clone();
    let ada = folder.json("key show --account dev:ada")["account"].clone();
    let name = if worker == lower(&ada) { "ada" } else { "ben" };
    folder.json(&format!("worker accept {agreement} --account dev:{name}"));
    let (status, cancelled) = daemon.post(&format!("{path}/cancel"), &token, "c", json!({})).await;
    assert_eq!(status, 200, "{cancelled}");
    let (_, shown) = daemon.get(&path, &token).await;
    assert_eq!((&shown["state"], &shown["end"]), (&"running".into(), &cancelled["end"]), "{shown}");
    test_market.advance_time(4800).await;
    until(async || daemon.get(&path, &token).await.1["state"] == "due").await;
    let (status, settled) = daemon.post(&format!("{path}/settle"), &token, "d", json!({})).await;
    assert_eq!(status, 200, "{settled}");
    assert!(wei(&settled["refund"]) > 0, "{settled}");
    let again = daemon.post(&format!("{path}/settle"), &token, "d", json!({})).await;
    assert_eq!(again, (200, settled.clone()));
    let (_, account) = daemon.get("/v1/account", &token).await;
    assert_eq!(account["credit"], settled["refund"], "{account}");
    let (status, paid) = daemon.post("/v1/withdrawals", &token, "e", json!({})).await;
    assert_eq!((status, &paid["to"], &paid["amount"]), (200, &lower(&payout), &settled["refund"]));
    // Nobody chooses where money goes.
    let to = json!({"to": ada});
    assert_eq!(daemon.post("/v1/withdrawals", &token, "f", to).await.0, 400);
    assert_eq!(daemon.process.terminate(), Some(0));
}

/// An address in lower case, as JSON of the API has it.
fn lower(address: &Value) -> Value {
    address.as_str().unwrap().to_ascii_lowercase().into()
}
