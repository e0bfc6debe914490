//! Whose key signs.

use std::fs;

use alloy::primitives::keccak256;
use alloy::signers::local::PrivateKeySigner;

use serde_json::Value;
use tokio::task::block_in_place;

use crate::harness::{TestFolder, TestMarket};

#[tokio::test(flavor = "multi_thread")]
async fn a_key_a_keystore_and_a_name_are_the_same_account() {
    let test_market = TestMarket::new("signing").await;
    let folder = &test_market.folder;
    let key = keccak256("muster dev account ada");
    let signer = PrivateKeySigner::from_bytes(&key).unwrap();
    let name = "ada.json";
    fs::write(folder.file(name), include_str!("ada.json")).unwrap();
    fs::write(folder.file("password"), "secret\n").unwrap();

    let address = signer.address().to_string();
    for who in [
        "--account dev:ada".to_owned(),
        format!("--insecure-key --key {key}"),
        format!("--keystore {name} --password-file password"),
    ] {
        assert_eq!(folder.json(&format!("credit {who}"))["account"], address, "{who}");
    }
    let mut command = folder.command("credit --json");
    command.env("MUSTER_KEY", key.to_string());
    let output = block_in_place(|| command.output()).unwrap();
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(shown["account"], address, "MUSTER_KEY");

    fs::write(folder.file("password"), "wrong").unwrap();
    let line = folder.refused(&format!("credit --keystore {name} --password-file password"));
    assert!(
        line.starts_with(&format!("this password does not open the keystore {name}, ")),
        "{line}"
    );
    let line = folder.refused(&format!("credit --keystore {name}"));
    assert_eq!(line, "the keystore needs a password: give --password-file, or set MUSTER_PASSWORD");
}

#[test]
fn a_key_on_the_command_line_is_refused_without_insecure_key() {
    let folder = TestFolder::new("insecure-key", "http://127.0.0.1:1");
    let key = "11".repeat(32);
    let plain = format!("key show --key {key}");
    let output = folder.command(&plain).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &b""[..]), "{error}");
    assert!(error.starts_with("error: --key on the command line"), "{error}");
    assert!(!error.contains(&key), "{error}");
    // The key decides the account as soon as it is allowed.
    let allowed = folder.command(&format!("{plain} --insecure-key")).output().unwrap();
    assert!(allowed.status.success(), "{}", String::from_utf8_lossy(&allowed.stderr));
}
