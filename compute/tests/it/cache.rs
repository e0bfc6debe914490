//! Compiled code is used again, and only if it is what was kept.

use crate::{Bench, runner, start};
use muster_compute::{Cancel, Optimization, StartError};
use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::PathBuf,
};

/// The files of a kind in the cache.
fn files(bench: &Bench, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(bench.cache()).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|e| e == extension)).collect();
    files.sort();
    files
}

/// A module of its own, compiled.
fn prepare(bench: &Bench, number: u32) {
    let module = bench.wat(&start(&format!("(drop (i32.const {number}))"))).module;
    bench.runner.prepare(&module, &Cancel::new().unwrap()).unwrap();
}

fn overwrite(path: &PathBuf, bytes: &[u8]) {
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

#[test]
fn code_is_kept_for_the_next_job_and_the_next_runner() {
    let bench = Bench::new();
    prepare(&bench, 1);
    let code = files(&bench, "code");
    let inode = fs::metadata(&code[0]).unwrap().ino();
    prepare(&bench, 1);
    let bench = Bench { runner: runner(&bench.folder, |_| {}), ..bench };
    prepare(&bench, 1);
    assert_eq!(files(&bench, "code"), code);
    assert_eq!(fs::metadata(&code[0]).unwrap().ino(), inode);
    // Other settings, other code.
    let bench = Bench {
        runner: runner(&bench.folder, |settings| settings.optimization = Optimization::None),
        ..bench
    };
    prepare(&bench, 1);
    assert_eq!(files(&bench, "code").len(), 2);
}

#[test]
fn damaged_or_foreign_code_is_compiled_anew() {
    let bench = Bench::new();
    prepare(&bench, 1);
    prepare(&bench, 2);
    let (code, macs) = (files(&bench, "code"), files(&bench, "mac"));
    let whole = fs::read(&code[0]).unwrap();
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    let other = fs::read(&code[1]).unwrap();
    let other_mac = fs::read(&macs[1]).unwrap();
    // A bit, the end, another module's code, no MAC, another module's MAC, another module's code and MAC.
    let attempts: [&dyn Fn(); 6] = [
        &|| overwrite(&code[0], &damaged),
        &|| overwrite(&code[0], &whole[..middle]),
        &|| overwrite(&code[0], &other),
        &|| fs::remove_file(&macs[0]).unwrap(),
        &|| overwrite(&macs[0], &other_mac),
        &|| {
            overwrite(&code[0], &other);
            overwrite(&macs[0], &other_mac);
        },
    ];
    for attempt in attempts {
        attempt();
        // A runner that has not seen the file before, and one that has.
        let fresh =
            Bench { runner: runner(&bench.folder, |_| {}), folder: tempfile::tempdir().unwrap() };
        for number in [1, 2] {
            let module = bench.wat(&start(&format!("(drop (i32.const {number}))"))).module;
            fresh.runner.prepare(&module, &Cancel::new().unwrap()).unwrap();
        }
        assert!(fs::read(&code[0]).unwrap() == whole);
    }
    overwrite(&code[0], &damaged);
    prepare(&bench, 1);
    prepare(&bench, 2);
    assert!(fs::read(&code[0]).unwrap() == whole);
}

#[test]
fn code_with_another_key_is_compiled_anew() {
    let bench = Bench::new();
    prepare(&bench, 1);
    let mac = files(&bench, "mac").remove(0);
    let old = fs::read(&mac).unwrap();
    overwrite(&bench.cache().join("key"), &[7; 32]);
    let bench = Bench { runner: runner(&bench.folder, |_| {}), ..bench };
    prepare(&bench, 1);
    assert_ne!(fs::read(&mac).unwrap(), old);
}

#[test]
fn what_was_not_used_for_longest_goes_first() {
    let bench = Bench::new();
    prepare(&bench, 1);
    let size = fs::metadata(&files(&bench, "code")[0]).unwrap().len();
    // Room for two and a half.
    let bench = Bench {
        runner: runner(&bench.folder, |settings| settings.cache_size = size * 5 / 2),
        ..bench
    };
    let first = files(&bench, "code");
    prepare(&bench, 2);
    prepare(&bench, 1);
    prepare(&bench, 3);
    let left = files(&bench, "code");
    assert_eq!(left.len(), 2);
    assert!(left.contains(&first[0]));
    assert_eq!(files(&bench, "mac").len(), 2);
}

#[test]
fn code_larger_than_the_cache_is_used_and_neither_kept_nor_makes_room() {
    let bench = Bench::new();
    prepare(&bench, 1);
    let small = files(&bench, "code");
    let size = fs::metadata(&small[0]).unwrap().len();
    let bench =
        Bench { runner: runner(&bench.folder, |settings| settings.cache_size = size), ..bench };
    let long = "(i32.store (i32.const 0) (i32.add (i32.load (i32.const 4)) (i32.const 1)))";
    let result = bench.run(bench.wat(&start(&(long.repeat(5_000) + "unreachable")))).unwrap();
    assert!(result.trap.is_some());
    assert_eq!(files(&bench, "code"), small);
}

#[test]
fn cache_is_private() {
    let bench = Bench::new();
    prepare(&bench, 1);
    let mode = |path: &PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&bench.cache()), 0o700);
    assert_eq!(mode(&bench.cache().join("key")), 0o600);
    assert_eq!(mode(&files(&bench, "code")[0]), 0o400);
    fs::set_permissions(bench.cache(), fs::Permissions::from_mode(0o770)).unwrap();
    let mut settings = muster_compute::Settings::new(bench.cache());
    settings.program = env!("CARGO_BIN_EXE_muster-compute").into();
    let again = muster_compute::Runner::new(settings, bench.runner.blobs().clone());
    assert!(matches!(again, Err(StartError::CacheNotPrivate)));
}

#[test]
fn code_for_other_settings_is_compiled_anew() {
    let bench = Bench::new();
    prepare(&bench, 1);
    let (code, macs) = (files(&bench, "code"), files(&bench, "mac"));
    let bench = Bench {
        runner: runner(&bench.folder, |settings| settings.optimization = Optimization::None),
        ..bench
    };
    prepare(&bench, 1);
    let others = files(&bench, "code").into_iter().filter(|path| *path != code[0]);
    let other = others.collect::<Vec<_>>().remove(0);
    let own = fs::read(&other).unwrap();
    overwrite(&other, &fs::read(&code[0]).unwrap());
    overwrite(&other.with_extension("mac"), &fs::read(&macs[0]).unwrap());
    prepare(&bench, 1);
    assert!(fs::read(&other).unwrap() == own);
}
