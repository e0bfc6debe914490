//! An installed `muster` needs nothing but itself.

use std::fs;
use std::process::Command;

use serde_json::Value;
use stylus_devnode::{Config, Devnode};

use crate::harness::{MUSTER, TestFolder};

/// The digests of the embedded contracts.
const DIGESTS: &str = include_str!("../../contracts/digests.toml");

#[tokio::test(flavor = "multi_thread")]
async fn an_installed_muster_deploys_a_market_from_an_empty_folder() {
    let chain = Devnode::start(Config::any_port()).await.unwrap();
    let root = std::env::temp_dir().join(format!("muster-install-{}", std::process::id()));
    let [bin, home, work] = ["bin", "home", "work"].map(|name| root.join(name));
    for folder in [&bin, &home, &work] {
        fs::create_dir_all(folder).unwrap();
    }
    fs::copy(MUSTER, bin.join("muster")).unwrap();
    let run = |args: &str| -> Value {
        let mut command = Command::new(bin.join("muster"));
        command.args(args.split_whitespace()).current_dir(&work).env_clear();
        let output = command.env("HOME", &home).env("MUSTER_RPC", chain.url()).output().unwrap();
        assert!(output.status.success(), "{args}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let deployed = tokio::task::block_in_place(|| run("deploy --json"));
    let digests: toml::Table = DIGESTS.parse().unwrap();
    for contract in deployed["contracts"].as_array().unwrap() {
        let name = contract["contract"].as_str().unwrap();
        assert_eq!(contract["source"], "embedded", "{name}");
        assert_eq!(contract["code_hash"].as_str(), digests["code_hash"][name].as_str(), "{name}");
    }
    let shown = tokio::task::block_in_place(|| run("market show --json"));
    assert_eq!(shown["dispatcher"], deployed["contracts"][1]["address"]);
    fs::remove_dir_all(root).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_contract_from_a_file_needs_the_other_too() {
    let folder = TestFolder::new("one-wasm", "http://127.0.0.1:1");
    let result = folder.run("deploy --agreement-wasm x");
    assert_eq!(result.code, 2);
    assert!(result.stderr.contains("--dispatcher-wasm"), "{}", result.stderr);
}
