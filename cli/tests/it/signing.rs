//! Whose key signs.

use std::fs;

use alloy::primitives::keccak256;
use alloy::signers::local::PrivateKeySigner;

use crate::harness::TestMarket;

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
    fs::write(folder.file("password"), "wrong").unwrap();
    let line = folder.refused(&format!("credit --keystore {name} --password-file password"));
    assert!(
        line.starts_with(&format!("this password does not open the keystore {name}, ")),
        "{line}"
    );
    let line = folder.refused(&format!("credit --keystore {name}"));
    assert_eq!(line, "the keystore needs a password: give --password-file, or set MUSTER_PASSWORD");
}
