//! Names for addresses.

use std::fs;

use serde_json::{Value, json};
use tokio::task::block_in_place;

use crate::harness::{BackgroundProcess, TestFolder, TestMarket, until};

/// Exit code, standard output and standard error of a command whose user has a folder of their own.
fn run(folder: &TestFolder, args: &str) -> (i32, String, String) {
    let mut command = folder.command(args);
    let output = block_in_place(|| command.env("HOME", folder.file("home")).output()).unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// The JSON of a command that succeeds.
fn json(folder: &TestFolder, args: &str) -> Value {
    let (code, stdout, stderr) = run(folder, &format!("{args} --json"));
    assert_eq!(code, 0, "{args}: {stderr}");
    serde_json::from_str(&stdout).unwrap()
}

/// The first line on standard error of a command that ends with this code.
fn refused(folder: &TestFolder, args: &str, expected: i32) -> String {
    let (code, _, stderr) = run(folder, args);
    assert_eq!(code, expected, "{args}: {stderr}");
    stderr.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_stands_for_its_address_and_is_shown_beside_it() {
    let test_market = TestMarket::new("alias").await;
    let folder = &test_market.folder;
    test_market.fund_accounts(&["ada", "cleo"]);
    folder.json("worker register --account dev:ada --price 1gwei --capacity 2");
    let ada = folder.json("worker show dev:ada")["account"].clone();
    let address = ada.as_str().unwrap();
    let file = folder.file("home/.config/muster/aliases.toml").display().to_string();

    assert_eq!(json(folder, "alias list"), json!({"aliases": []}));
    let set = json(folder, "alias set miller dev:ada");
    let expected = json!({"alias": "miller", "address": ada, "previous": null, "file": file});
    assert_eq!(set, expected);
    let again = json(folder, &format!("alias set miller {}", address.to_lowercase()));
    assert_eq!(again["previous"], ada);
    let listed = json(folder, "alias list");
    assert_eq!(listed, json!({"aliases": [{"alias": "miller", "address": ada}]}));

    // Wherever an address is taken; JSON has the address alone.
    assert_eq!(json(folder, "worker show miller")["account"], ada);
    assert_eq!(json(folder, "credit miller")["account"], ada);
    assert_eq!(json(folder, "fund miller 1gwei")["to"], ada);
    let order = "--worker miller --testers 0 --account dev:cleo";
    let agreement = json(folder, &format!("client buy {order}"))["agreement"].clone();
    json(folder, &format!("alias set deal {}", agreement.as_str().unwrap()));
    assert_eq!(json(folder, "agreement show deal")["agreement"], agreement);
    let market = json(folder, "market show")["dispatcher"].clone();
    json(folder, &format!("alias set bazaar {}", market.as_str().unwrap()));
    assert_eq!(json(folder, "market show --market bazaar")["dispatcher"], market);
    fs::write(folder.file(".muster/config.toml"), "market = \"bazaar\"").unwrap();
    assert_eq!(json(folder, "market show")["dispatcher"], market);

    for args in ["worker list", "agreement show deal", "history", "client quote --testers 0"] {
        let (code, shown, stderr) = run(folder, args);
        assert!(
            code == 0 && shown.contains(&format!("{address} (miller)")),
            "{args}: {shown}{stderr}"
        );
    }
    assert_eq!(json(folder, "worker list")["workers"][0]["account"], ada);

    for name in ["bazaar", "deal"] {
        fs::remove_file(folder.file(".muster/config.toml")).ok();
        json(folder, &format!("alias remove {name}"));
    }
    let unknown = refused(folder, "worker show deal", 2);
    assert!(unknown.contains("a name of `muster alias list`"), "{unknown}");
    let unknown = refused(folder, "alias remove deal", 1);
    assert_eq!(unknown, "error: no address is called deal: see `muster alias list`");
    let invalid = refused(folder, "alias set 3 dev:ada", 2);
    assert!(invalid.contains("an alias has 1 to 32 characters"), "{invalid}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_file_of_names_is_an_error_that_names_the_file() {
    let folder = TestFolder::new("alias-invalid", "http://127.0.0.1:1");
    fs::create_dir_all(folder.file("home/.config/muster")).unwrap();
    let file = folder.file("home/.config/muster/aliases.toml");
    fs::write(&file, "miller = \"0x12\"").unwrap();
    let error = refused(&folder, "alias list", 1);
    assert!(error.starts_with(&format!("error: {}: ", file.display())), "{error}");
    let error = refused(&folder, "credit miller", 2);
    assert!(error.contains("the file with names for addresses is invalid"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_logs_name_the_account() {
    let test_market = TestMarket::new("alias-logs").await;
    let folder = &test_market.folder;
    test_market.fund_accounts(&["cleo"]);
    let mut relay = BackgroundProcess::start(folder, "relay --listen 127.0.0.1:0");
    let relay = relay.field("url");
    json(folder, "alias set customer dev:cleo");
    for (home, name) in [("home", "customer"), ("nobody", "dev:cleo")] {
        let log = folder.file(&format!("{name}.log"));
        let mut command = folder.command(&format!("client run --account dev:cleo --relay {relay}"));
        command.env("HOME", folder.file(home)).stderr(fs::File::create(&log).unwrap());
        let mut daemon = BackgroundProcess::spawn(command);
        daemon.ready();
        let ending = format!(" account={name}");
        until(async || {
            fs::read_to_string(&log).unwrap().lines().any(|line| line.ends_with(&ending))
        })
        .await;
        assert_eq!(daemon.terminate(), Some(0));
        let text = fs::read_to_string(&log).unwrap();
        let named = text.lines().filter(|line| line.contains("muster_daemons"));
        assert!(named.clone().all(|line| line.ends_with(&ending)), "{text}");
    }
}
