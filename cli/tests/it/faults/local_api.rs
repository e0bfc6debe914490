//! A client daemon that is killed while its API buys.

use muster_daemons::FAILPOINT_VAR;
use reqwest::Method;
use serde_json::json;

use super::client::failpoints_of;
use crate::harness::until;
use crate::local_api::{ApiDaemon, agreements, market, token, wei};

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_interrupted_buys_once_and_is_charged_once() {
    let test_market = market("faults-api").await;
    let folder = &test_market.folder;
    let spender = token(folder, "spender", "--right read --right buy --limit 1eth");
    let body = json!({"order": {"length": 1200, "testers": 0}});
    let (mut bought, mut price) = (0, 0);
    for point in failpoints_of("buy") {
        for is_repeated in [true, false] {
            let key = format!("{point} {is_repeated}");
            let mut command = ApiDaemon::command(folder);
            command.env(FAILPOINT_VAR, &point);
            let daemon = ApiDaemon::start(command);
            let request = daemon.request(Method::POST, "/v1/purchases", &spender);
            let sent = request.header("Idempotency-Key", &key).json(&body).send().await;
            assert!(sent.is_err(), "{point}: the daemon died");
            assert_eq!(daemon.process.wait(), None, "{point}");

            let daemon = ApiDaemon::start(ApiDaemon::command(folder));
            if is_repeated {
                let (status, made) =
                    daemon.post("/v1/purchases", &spender, &key, body.clone()).await;
                assert_eq!(status, 201, "{point}: {made}");
                price = wei(&made["escrow"]);
                let again = daemon.post("/v1/purchases", &spender, &key, body.clone()).await;
                assert_eq!(again, (201, made), "{point}");
                bought += 1;
            } else if point != "buy/signed" {
                // Nobody repeats it, and it is found out what became of it.
                bought += 1;
            }
            let mut charged = 0;
            until(async || {
                let spending =
                    daemon.get("/v1/account", &spender).await.1["token"]["spending"].take();
                charged = wei(&spending["spent"]);
                wei(&spending["reserved"]) == 0
            })
            .await;
            assert_eq!(agreements(folder), bought, "{point}, repeated: {is_repeated}");
            assert_eq!(charged, price * u128::try_from(bought).unwrap(), "{point}");
            assert_eq!(daemon.process.terminate(), Some(0));
        }
    }
}
