//! What the pages say.

use axum::http::StatusCode;
use axum::http::header::LOCATION;

use crate::chain::{AGREEMENTS, CLIENT, TESTERS, TestSite, WORKERS, pages};
use crate::document::Document;

/// An application.
const FACTOR: [u8; 8] = *b"factor\0\0";

/// A market of that application.
fn site() -> TestSite {
    TestSite::new(FACTOR, "a text")
}

/// The text of a page without blanks that a browser does not show.
async fn text(site: &TestSite, path: &str) -> String {
    let answer = site.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
    let document = Document::parse(&answer.body);
    let main = document.all("main").next().unwrap();
    main.text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Asserts that a page says all of this.
async fn assert_says(site: &TestSite, path: &str, expected: &[&str]) {
    let found = text(site, path).await;
    for expected in expected {
        assert!(found.contains(expected), "{path} does not say {expected:?}:\n{found}");
    }
}

#[tokio::test]
async fn the_market_shows_books_prices_and_uptime() {
    let expected = [
        "factor",
        "Workers in the book2",
        "Lowest price1.5gwei per second",
        "Depth of the book",
        "Median",
        "Uptime of the market",
        "62.50%",
        "settled",
    ];
    assert_says(&site(), "/", &expected).await;
}

#[tokio::test]
async fn an_application_shows_its_workers_and_its_document() {
    let site = site();
    let all = text(&site, "/application/factor").await;
    assert!(all.contains("2gwei") && all.contains("Canonical form"), "{all}");
    let cheap = text(&site, "/application/factor?max_price=1.7gwei").await;
    let rows = |text: &str| text.matches("95%").count();
    assert_eq!((rows(&all), rows(&cheap)), (2, 1));
    let wrong = site.get("/application/factor?max_price=cheap").await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    assert!(wrong.body.contains("it is an amount such as 20gwei"), "{}", wrong.body);
}

#[tokio::test]
async fn a_worker_shows_its_offer_its_past_and_its_agreements() {
    let expected = [
        "Worker 1",
        "1.5gwei per second",
        "Promised uptime95%",
        "Income and losses by day",
        "running",
    ];
    assert_says(&site(), &format!("/worker/{}", WORKERS[0]), &expected).await;
}

#[tokio::test]
async fn an_agreement_shows_its_course_its_money_and_what_was_measured() {
    let site = site();
    let [open, settled] = AGREEMENTS;
    let expected = [
        "Agreement 2",
        "settled",
        "Who got what",
        "nobody: burned",
        "100gwei",
        "tester 0x1111…1111 at place 1",
        "100%",
        "First worker accepted",
        "AgreementSettled",
    ];
    // Short addresses keep their checksums, so the expected text is made of one.
    let tester = TESTERS[1].to_string();
    let tester = format!("tester {}…{} at place 1", &tester[..8], &tester[36..]);
    let expected: Vec<_> = expected
        .into_iter()
        .map(|text| if text.contains("at place") { &tester } else { text })
        .collect();
    assert_says(&site, &format!("/agreement/{settled}"), &expected).await;
    let expected = ["Who would get what by the reports so far", "report", "Window 3"];
    assert_says(&site, &format!("/agreement/{open}"), &expected).await;
}

#[tokio::test]
async fn a_tester_shows_its_bond_and_its_fees() {
    let expected = ["Tester 4", "Bond0.05eth", "Fees so far0.04gwei", "Reports so far1"];
    assert_says(&site(), &format!("/tester/{}", TESTERS[1]), &expected).await;
}

#[tokio::test]
async fn an_account_shows_credit_agreements_bonds_and_its_statement() {
    let site = site();
    let expected = [
        "Credit, to be withdrawn6200gwei",
        "Agreements that it bought",
        "purchase",
        "compensation",
    ];
    assert_says(&site, &format!("/account/{CLIENT}"), &expected).await;
    assert_says(&site, &format!("/account/{}", WORKERS[0]), &["Registered asworker 1", "pay"])
        .await;
    let moved = site.get(&format!("/account?address={CLIENT}")).await;
    assert_eq!(moved.headers[LOCATION], format!("/account/{CLIENT}"));
    let wrong = site.get("/account?address=0x12").await;
    assert!(wrong.body.contains("is no address"), "{}", wrong.body);
}

#[tokio::test]
async fn events_can_be_chosen_by_subject_and_name() {
    let site = site();
    let path = format!("/events?subject={}&name=Reported", AGREEMENTS[1]);
    let found = text(&site, &path).await;
    assert_eq!(found.matches("place").count(), 3, "{found}");
    assert!(!found.contains("ContractBought "), "{found}");
}

#[tokio::test]
async fn a_search_leads_to_what_has_the_address_or_the_name() {
    let site = site();
    for (text, path) in [
        (AGREEMENTS[0].to_string(), format!("/agreement/{}", AGREEMENTS[0])),
        (WORKERS[0].to_string(), format!("/worker/{}", WORKERS[0])),
        (TESTERS[0].to_string().to_lowercase(), format!("/tester/{}", TESTERS[0])),
        (CLIENT.to_string(), format!("/account/{CLIENT}")),
        ("factor".to_owned(), "/application/factor".to_owned()),
    ] {
        let answer = site.get(&format!("/search?q={text}")).await;
        assert_eq!(answer.headers.get(LOCATION).unwrap(), path.as_str(), "{text}");
    }
    assert_says(&site, "/search?q=other", &["Nothing is called “other”"]).await;
}

#[tokio::test]
async fn what_is_not_there_is_404_and_says_so() {
    let site = site();
    for path in ["worker", "agreement", "tester"]
        .map(|page| format!("/{page}/{}", alloy::primitives::Address::ZERO))
    {
        let answer = site.get(&path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(answer.body.contains("of this market"), "{path}");
    }
    assert_eq!(site.get("/agreements?after=x").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(site.get("/agreements?after=99999999999").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(site.get("/agreements?after=0").await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_index_without_the_market_says_what_to_do() {
    let site = TestSite::empty();
    for path in pages(FACTOR).iter().filter(|path| !path.starts_with("/search?")) {
        let answer = site.get(path).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(answer.body.contains("muster index"), "{path}");
    }
}
