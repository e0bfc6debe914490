//! Precompile calldata with random damage, from the fuzzer's seeds. Every call gets a response, and
//! never an internal error.

use std::{fs, path::Path};

use proptest::{prelude::*, sample::Index, test_runner::TestRunner};
use stylus_devnode::{Config, Devnode};
use tokio::runtime::Runtime;

/// The seeds: the last byte of the address, then calldata.
fn seeds() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds/precompile");
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 10, "the seeds are there");
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

#[test]
fn precompiles_answer_any_calldata() {
    let runtime = Runtime::new().unwrap();
    let chain = runtime.block_on(Devnode::start(Config::any_port())).unwrap();
    let byte = (any::<Index>(), any::<u8>());
    let changed = (
        prop::sample::select(seeds()),
        prop::collection::vec(byte, 0..5),
        prop::collection::vec(any::<u8>(), 0..65),
        any::<Index>(),
    )
        .prop_map(|(mut bytes, changes, more, end)| {
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            bytes.extend(more);
            bytes.truncate(1 + end.index(bytes.len()));
            bytes
        });
    let config = ProptestConfig::with_cases(2000);
    TestRunner::new(config)
        .run(&changed, |bytes| {
            let (low, calldata) = bytes.split_first().unwrap();
            let calldata = alloy::hex::encode(calldata);
            let body = format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[{{"to":"0x{low:040x}","input":"0x{calldata}"}},"latest"]}}"#
            );
            let response = runtime.block_on(chain.raw_request(&body));
            let whole = response.contains(r#""result""#) || response.contains(r#""error""#);
            prop_assert!(whole && !response.contains("-32603"), "{}", response);
            Ok(())
        })
        .unwrap();
}
