//! What each path answers is what the index says.

use muster_index::query;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::generator::{self, agreement_address, client, tester, worker};
use crate::server::{MARKET, TestServer};

#[tokio::test(flavor = "multi_thread")]
async fn every_path_answers_with_what_the_index_says() {
    let test = TestServer::start(2_000).await;
    let (index, id) = (&test.index, test.id);
    let application = generator::application(1);
    let (ada, cleo, tom) = (worker(1), client(0), tester(0));
    let address = agreement_address(4);
    let (from, to) = (generator::FIRST_SECOND, generator::FIRST_SECOND + 80 * 86_400);

    let markets = test.json(StatusCode::OK, "/v1/markets").await;
    assert_eq!(markets, json!(index.read(|t| query::status(t)).unwrap()));
    assert_eq!(markets[0]["market"], MARKET.to_string());

    let expected: Vec<(String, Value)> = vec![
        (
            "/v1/applications".into(),
            json!(index.read(|t| query::applications(t, id, None, None)).unwrap()),
        ),
        (
            "/v1/applications/app1/book".into(),
            json!(index.read(|t| query::book(t, id, application)).unwrap()),
        ),
        (
            format!("/v1/applications/{application}/prices?from={from}&to={to}"),
            json!(index.read(|t| query::prices(t, id, application, from, to)).unwrap()),
        ),
        (format!("/v1/workers/{ada}"), json!(index.read(|t| query::worker(t, id, ada)).unwrap())),
        (
            format!("/v1/workers/{ada}/history?market={MARKET}"),
            json!(index.read(|t| query::worker_history(t, id, ada)).unwrap()),
        ),
        (
            format!("/v1/agreements/{address}"),
            json!(index.read(|t| query::agreement(t, id, address)).unwrap()),
        ),
        ("/v1/testers".into(), json!(index.read(|t| query::testers(t, id, None, None)).unwrap())),
        (format!("/v1/testers/{tom}"), json!(index.read(|t| query::tester(t, id, tom)).unwrap())),
        (
            format!("/v1/accounts/{cleo}"),
            json!(index.read(|t| query::account(t, id, cleo)).unwrap()),
        ),
        (
            format!("/v1/accounts/{cleo}/statement?limit=5"),
            json!(
                index
                    .read(|t| {
                        let filter = query::StatementFilter {
                            limit: Some(5),
                            ..query::StatementFilter::default()
                        };
                        query::statement(t, id, cleo, &filter)
                    })
                    .unwrap()
            ),
        ),
    ];
    for (path, expected) in expected {
        assert!(expected.as_array().is_none_or(|list| !list.is_empty()), "{path}");
        assert_eq!(test.data(&path).await, expected, "{path}");
    }
    let paid = test.data(&format!("/v1/accounts/{cleo}")).await["paid"].clone();
    assert!(paid.as_str().is_some_and(|digits| digits.parse::<u128>().unwrap() > 0), "{paid}");
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_orders_and_pages_reach_the_index() {
    let test = TestServer::start(2_000).await;
    let (index, id) = (&test.index, test.id);
    let filter = query::WorkerFilter {
        application: Some(generator::application(1)),
        listed: Some(true),
        free: true,
        max_price: Some(1_000_900_000),
        min_score: Some(1),
        order: query::WorkerOrder::Price,
        limit: Some(3),
        after: None,
    };
    let path = "/v1/workers?application=app1&listed=true&free=true&max_price=1000900000&min_score=1&order=price&limit=3";
    let first = index.read(|t| query::workers(t, id, &filter)).unwrap();
    assert_eq!(test.data(path).await, json!(first));
    let after = first.next.unwrap();
    let second = query::WorkerFilter { after: Some(after.clone()), ..filter };
    let second = index.read(|t| query::workers(t, id, &second)).unwrap();
    assert!(!second.items.is_empty());
    assert_eq!(test.data(&format!("{path}&after={after}")).await, json!(second));

    let (cleo, ada) = (client(0), worker(1));
    let filter = query::AgreementFilter {
        client: Some(cleo),
        worker: Some(ada),
        application: Some(generator::application(1)),
        state: Some(query::AgreementState::Settled),
        limit: Some(2),
        after: Some("100".to_owned()),
    };
    let expected = index.read(|t| query::agreements(t, id, &filter)).unwrap();
    assert!(!expected.items.is_empty());
    let path = format!(
        "/v1/agreements?client={cleo}&worker={ada}&application=app1&state=settled&limit=2&after=100"
    );
    assert_eq!(test.data(&path).await, json!(expected));

    let filter = query::EventFilter {
        subject: Some(cleo),
        name: Some("ContractBought".to_owned()),
        latest_first: true,
        limit: Some(2),
        after: Some("100000-0".to_owned()),
    };
    let expected = index.read(|t| query::events(t, id, &filter)).unwrap();
    assert_eq!(expected.items.len(), 2);
    let path = format!(
        "/v1/events?subject={cleo}&name=ContractBought&latest_first=true&limit=2&after=100000-0"
    );
    assert_eq!(test.data(&path).await, json!(expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_is_comma_separated_too_page_by_page() {
    let test = TestServer::start(2_000).await;
    let cleo = client(0);
    let entries = test.data(&format!("/v1/accounts/{cleo}/statement")).await;
    let entries = entries["items"].as_array().unwrap().clone();
    let (from, to) = (entries[1]["time"].as_u64().unwrap(), entries[60]["time"].as_u64().unwrap());
    let meant: Vec<_> = entries
        .iter()
        .filter(|entry| (from..to).contains(&entry["time"].as_u64().unwrap()))
        .collect();
    let base = format!("/v1/accounts/{cleo}/statement.csv");
    let mut rows = Vec::new();
    let mut query = Some(format!("?from={from}&to={to}&limit=25"));
    while let Some(rest) = query {
        let response = test.get(&format!("{base}{rest}")).await;
        assert_eq!(response.headers()["content-type"], "text/csv; charset=utf-8");
        assert!(response.headers().contains_key("muster-block-hash"));
        query = response.headers().get("link").map(|link| {
            let link = link.to_str().unwrap();
            link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap().to_owned()
        });
        let csv = response.text().await.unwrap();
        let (head, body) = csv.split_once('\n').unwrap();
        assert_eq!(head, "time,block,entry,income_wei,cost_wei,agreement,transaction");
        rows.extend(body.lines().map(str::to_owned));
    }
    assert!(meant.len() > 50 && rows.len() == meant.len(), "{} of {}", rows.len(), meant.len());
    for (row, entry) in rows.iter().zip(meant) {
        let fields: Vec<_> = row.split(',').collect();
        let (income, cost) = (entry["income"].as_str().unwrap(), entry["cost"].as_str().unwrap());
        let amounts = [income, cost].map(|amount| if amount == "0" { "" } else { amount });
        assert_eq!(fields[3..5], amounts, "{row}");
        assert_eq!(fields[1], entry["block"].to_string(), "{row}");
        assert_eq!(
            [fields[2], fields[5], fields[6]].map(Value::from),
            [entry["entry"].clone(), entry["agreement"].clone(), entry["transaction"].clone()]
        );
        assert!(fields[0].starts_with("2023-11-") && fields[0].ends_with('Z'), "{row}");
    }
}
