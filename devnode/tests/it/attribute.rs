//! The attribute `#[stylus_devnode::test]`.

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::Command,
    sync::Barrier,
};

use stylus_devnode::{
    Account, Config, Constructor, Contract, Devnode,
    testing::{Argument, Package, Setup, build, run},
};

use crate::contracts::cell;

/// A program that prints "ahoy", and reverts if it is called with arguments.
const TALKATIVE: &str = r#"(module
    (import "console" "log_txt" (func $log (param i32 i32)))
    (memory (export "memory") 1 1)
    (data (i32.const 0) "ahoy")
    (func (export "user_entrypoint") (param $len i32) (result i32)
        (call $log (i32.const 0) (i32.const 4))
        (i32.ne (local.get $len) (i32.const 4))))"#;

/// A constructor with this number.
fn number(number: u64) -> Constructor {
    Constructor::new("constructor(uint256)", &[&number]).unwrap()
}

/// A file with a program.
fn file(wasm: &[u8]) -> PathBuf {
    // Each test has a file of its own.
    let thread = std::thread::current().name().unwrap_or_default().replace("::", "-");
    let file = std::env::temp_dir().join(format!("devnode-{thread}-{}.wasm", std::process::id()));
    std::fs::write(&file, wasm).unwrap();
    file
}

/// A file with the program that is a cell.
fn cell_file() -> PathBuf {
    file(&cell(0))
}

#[stylus_devnode::test(wasm = cell_file(), constructor = number(8))]
async fn a_test_has_what_it_asks_for(
    [alice, bob]: [Account; 2],
    contract: Contract,
    chain: &Devnode,
) -> Result<(), Box<dyn std::error::Error>> {
    assert_eq!(alice.address, chain.accounts()[1].address);
    assert_eq!(bob.address, chain.accounts()[2].address);
    assert_eq!(contract.call("get()(uint256)", &[]).await?, ["8"]);
    contract.send(&bob, "set(uint256)", &[&9]).await?;
    assert_eq!(contract.call("get()(uint256)", &[]).await?, ["9"]);
    Ok(())
}

#[stylus_devnode::test(config = Config { accounts: 1, chain_id: 7, ..Config::any_port() })]
async fn a_test_configures_its_chain(chain: &Devnode) {
    assert_eq!(chain.accounts().len(), 2);
    assert_eq!(chain.chain_id().await.unwrap(), 7);
}

#[stylus_devnode::test]
fn a_plain_function_may_block(chain: &Devnode, [alice]: [Account; 1]) {
    let url = chain.url();
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":["{}","latest"]}}"#,
        alice.address
    );
    let head =
        "POST / HTTP/1.1\r\nHost: devnode\r\nContent-Type: application/json\r\nConnection: close";
    write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert!(response.contains("\"0x21e19e0c9bab2400000\""), "{response}");
}

#[test]
fn each_test_has_a_chain_of_its_own() {
    let wasm = cell_file();
    let both_have_written = Barrier::new(2);
    let test = |value: u64| {
        let setup = Setup::new("/nowhere").with_wasm(&wasm).with_constructor(number(0));
        run(setup, |fixture| {
            let contract = fixture.block_on(<Contract as Argument>::from_fixture(fixture));
            let [alice] = fixture.block_on(<[Account; 1] as Argument>::from_fixture(fixture));
            fixture.block_on(contract.send(&alice, "set(uint256)", &[&value])).unwrap();
            both_have_written.wait();
            let stored = fixture.block_on(contract.call("get()(uint256)", &[])).unwrap();
            assert_eq!(stored, [value.to_string()]);
            contract.address()
        })
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| test(5));
        assert_eq!(test(4), other.join().unwrap(), "the chains are alike");
    });
}

#[stylus_devnode::test(wasm = file(&wat::parse_str(TALKATIVE).unwrap()))]
#[ignore = "fails, and another test reads why"]
async fn a_transaction_that_reverts(contract: Contract, [alice]: [Account; 1]) {
    contract.send(&alice, "succeed()", &[]).await.unwrap();
    contract.send(&alice, "fail(uint256)", &[&1]).await.unwrap();
}

#[test]
fn a_failing_test_shows_what_happened_on_its_chain() {
    let failing = "attribute::a_transaction_that_reverts";
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", failing])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("Reverted"), "{text}");
    // Once for each transaction, and not for estimates that succeed.
    assert_eq!(text.matches(": ahoy\n").count(), 2, "{text}");
    let calls =
        text.lines().filter(|line| line.contains("::")).filter(|line| line.contains("] 0x"));
    assert_eq!(calls.count(), 2, "{text}");
    assert!(text.contains("[Revert]"), "{text}");
    assert!(text.lines().all(|line| line.len() < 500), "{text}");
}

#[stylus_devnode::test]
#[should_panic(expected = "the test wants 11 accounts, and the chain has 10")]
fn a_test_that_wants_too_many_accounts_fails(_: [Account; 11]) {}

#[stylus_devnode::test(wasm = "no/program.wasm")]
#[should_panic(expected = "cannot read the program")]
fn a_missing_program_is_named(_: Contract) {}

#[stylus_devnode::test(wasm = file(b"no module"))]
#[should_panic(expected = "cannot deploy the program of ")]
fn a_program_that_is_none_is_named(_: Contract) {}

#[test]
#[should_panic(expected = "Cargo.toml` does not exist")]
fn a_package_that_cannot_be_built_shows_cargos_messages() {
    let _ = build(&Package { folder: "/nowhere".into(), features: String::new() });
}
