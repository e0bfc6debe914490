//! What is refused, in words and with the right exit code.

use crate::harness::{Folder, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_not_there_is_one_clear_line() {
    let folder = Folder::new("no-node", "http://127.0.0.1:1");
    let line = folder.refused("workers");
    assert_eq!(
        line,
        "no node answers at http://127.0.0.1:1: check that it runs and that the URL is right \
         (`muster devnode` starts one, --rpc names another)"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_without_a_market_says_so() {
    let world = World::new("no-market").await;
    let elsewhere = Folder::new("no-market-elsewhere", &world.chain.url());
    assert_eq!(
        elsewhere.refused("workers"),
        "no market is known on chain 412346: deploy one with `muster deploy`, or give --market \
         (looked into .muster/market.json)"
    );
    let nobody = format!("0x{}", "11".repeat(20));
    assert_eq!(
        elsewhere.refused(&format!("workers --market {nobody}")),
        format!(
            "there is no contract at {nobody} on this chain: check the address and the chain \
             (`muster deploy` makes a market, --market names another)"
        )
    );
    assert_eq!(
        world.folder.refused(&format!("agreement show {nobody}")),
        format!("{nobody} is no agreement of this market: check the address and the market")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_markets_own_reasons_come_in_words() {
    let world = World::new("reasons").await;
    let folder = &world.folder;
    assert_eq!(
        folder.refused("client quote"),
        "the purchase was refused: nobody has registered for this application: check its name"
    );
    assert_eq!(
        folder.refused("client buy --redundancy 9"),
        "the purchase was refused: the redundancy must be from 1 to 8 workers"
    );
    folder.json("worker register --price 1gwei");
    let again = folder.refused("worker register --price 1gwei");
    assert_eq!(
        again,
        "the market refused: 0x3f1Eae7D46d88F08fc2F8ed27FCb2AB183EB2d0E is registered already: update it, \
         or use another account"
    );
    let price = folder.refused("client buy --at-most 1wei");
    assert_eq!(
        price,
        "the purchase was refused: the price is 8gwei, but only 1wei were offered: offer the price"
    );
    assert!(folder.refused("withdraw").ends_with("has no credit"));
    assert!(folder.refused("fund dev:ada 5000eth").contains("but this takes 5000eth with gas"));
    let constants =
        folder.refused("deploy --accept-window 0 --agreement-wasm x --dispatcher-wasm y");
    assert!(constants.starts_with("x is not there: build the contracts with scripts/wasm"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_command_line_is_exit_code_2() {
    let folder = Folder::new("usage", "http://127.0.0.1:1");
    for (args, expected) in [
        ("", "requires a subcommand"),
        ("fund alice 1eth", "an address is 0x and 40 hexadecimal digits"),
        ("fund dev:ada 1parsec", "an amount's unit is eth, gwei or wei"),
        ("agreement show dev", "a contract's address is 0x and 40 hexadecimal digits"),
        ("worker available maybe", "[possible values: yes, no]"),
        ("tester report 0x0000000000000000000000000000000000000001", "--state <FILE>|--entry"),
        ("credit --key 0x12", "a private key is 64 hexadecimal digits"),
        ("client buy --min-uptime 101%", "a share is basis points from 0 to 10000"),
    ] {
        let outcome = folder.run(args);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{args}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(expected), "{args}: {}", outcome.stderr);
    }
}
