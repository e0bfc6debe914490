//! `muster keepalive` before and after programs expire.

use crate::harness::TestMarket;

/// Seconds of a day.
const DAY: u64 = 86_400;

#[tokio::test(flavor = "multi_thread")]
async fn the_markets_programs_get_another_life() {
    let test_market = TestMarket::new("keepalive").await;
    let keepalive = |options: &str| {
        let page = test_market.folder.json(&format!("keepalive {options}"));
        [0, 1].map(|program| {
            let program = &page["programs"][program];
            (program["days_left"].as_u64().unwrap(), program["done"].as_str().map(str::to_owned))
        })
    };
    let same = |days: u64, done: Option<&str>| [(); 2].map(|()| (days, done.map(str::to_owned)));
    assert_eq!(keepalive(""), same(364, Some("nothing: it is too young")));
    test_market.advance_time(100 * DAY).await;
    assert_eq!(keepalive("--look"), same(264, None));
    assert_eq!(keepalive(""), same(364, Some("kept alive")));
    test_market.advance_time(400 * DAY).await;
    let dead = test_market.folder.refused("market show");
    assert!(!dead.is_empty());
    assert_eq!(keepalive(""), same(364, Some("activated again")));
    test_market.folder.json("market show");
}
