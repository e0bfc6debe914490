//! Modules that can be deployed, and modules that cannot.

use std::io::Read;

use wasm_encoder::CustomSection;

use super::panics::check_no_panics;
use super::program::{Program, named_wasm};
use super::program_error::ProgramError;
use super::wasm::{STYLUS_PREFIX, compress, decompress, without_custom_sections};

/// The program of a module with this body, and the memory and entry point of a contract.
fn program(body: &str) -> Result<Program, ProgramError> {
    Program::from_wasm(&module(body))
}

/// A module as a compiler writes it, with names and other custom sections.
fn module(body: &str) -> Vec<u8> {
    let memory = if body.contains("(memory ") { "" } else { "(memory (export \"memory\") 1)" };
    wat::parse_str(format!(
        "(module {memory} {body} (@custom \"producers\" \"compiler\")
           (func $entry (export \"user_entrypoint\") (param i32) (result i32) (i32.const 0)))"
    ))
    .unwrap()
}

#[test]
fn a_program_is_its_module_with_one_custom_section() {
    let program = program("").unwrap();
    let (prefix, packed) = program.code().split_first_chunk().unwrap();
    assert_eq!(*prefix, STYLUS_PREFIX);
    let mut wasm = Vec::new();
    brotli::Decompressor::new(packed, 4096).read_to_end(&mut wasm).unwrap();
    assert_eq!(program.wasm_sizes().1, wasm.len());
    // Sections type, function, memory, export, code, and then only this one.
    let ids: Vec<u8> = wasmparser::Parser::new(0)
        .parse_all(&wasm)
        .filter_map(|payload| payload.unwrap().as_section().map(|(id, _)| id))
        .collect();
    assert_eq!(ids, [1, 3, 5, 7, 10, 0]);
    let mut last = vec![0, 45, 12];
    last.extend_from_slice(b"project_hash");
    last.extend_from_slice(&[0; 32]);
    assert!(wasm.ends_with(&last));
}

#[test]
fn names_come_with_the_code_on_chain() {
    let named = named_wasm(&module("(func $helper)")).unwrap();
    let on_chain = decompress(program("(func $helper)").unwrap().code()).unwrap();
    assert_eq!(without_custom_sections(&named).unwrap().finish(), on_chain);
    let sections = wasmparser::Parser::new(0).parse_all(&named).filter_map(|payload| {
        let wasmparser::Payload::CustomSection(section) = payload.unwrap() else { return None };
        Some((section.name().to_owned(), section.data().to_vec()))
    });
    let sections: Vec<_> = sections.collect();
    let [(name, data)] = sections.as_slice() else { panic!("{sections:?}") };
    assert_eq!(name, "name");
    assert!(data.windows(6).any(|part| part == b"helper"));
}

#[test]
fn the_same_module_is_the_same_code() {
    assert_eq!(program("").unwrap(), program("").unwrap());
    assert_ne!(program("").unwrap().code_hash(), program("(func)").unwrap().code_hash());
}

#[test]
fn matches_code_ignores_the_project_hash() {
    let ours = program("").unwrap();
    let mut project = without_custom_sections(&module("")).unwrap();
    project
        .section(&CustomSection { name: "project_hash".into(), data: [7; 32].as_slice().into() });
    let deployed = compress(&project.finish()).unwrap();
    assert_ne!(deployed, *ours.code());
    assert!(ours.matches_code(&deployed));
    assert!(!ours.matches_code(program("(func)").unwrap().code()));
    assert!(!ours.matches_code(b"no program"));
    assert!(!ours.matches_code(&[STYLUS_PREFIX.as_slice(), b"no brotli"].concat()));
}

#[test]
fn check_budget_rejects_large_code() {
    // Bytes that do not compress.
    let noise = |len: u32| {
        let mut seed = 1_u32;
        let mut next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            format!("\\{:02x}", seed >> 24)
        };
        let bytes: String = (0..len).map(|_| next()).collect();
        program(&format!("(data (i32.const 0) \"{bytes}\")")).unwrap()
    };
    assert!(noise(21_500).check_budget().is_ok());
    let large = noise(23_000);
    let size = large.code().len();
    assert!(
        matches!(large.check_budget(), Err(ProgramError::OverBudget(reported)) if reported == size)
    );
}

/// The same as in a transaction that cargo-stylus sent: 0x7f, the length, a fixed tail, the code.
#[test]
fn init_code_copies_what_follows_its_prelude() {
    let program = program("").unwrap();
    let init = program.init_code();
    let (prelude, code) = init.split_at(43);
    assert_eq!(code, program.code());
    assert_eq!(prelude[0], 0x7f);
    assert_eq!(prelude[31..33], u16::try_from(code.len()).unwrap().to_be_bytes());
    assert_eq!(prelude[33..], [0x80, 0x60, 0x2b, 0x60, 0, 0x39, 0x60, 0, 0xf3, 0]);
}

#[test]
fn allowed_wasm_features_pass() {
    program("(func (memory.copy (i32.const 0) (i32.const 0) (i32.const 0)))").unwrap();
    program("(func (result i32) (i32.extend8_s (i32.const 0)))").unwrap();
    program("(global (export \"g\") (mut i32) (i32.const 0))").unwrap();
    program("(func (param f32) (result i32) (i32.trunc_sat_f32_s (local.get 0)))").unwrap();
}

#[test]
fn forbidden_wasm_features_are_rejected() {
    for body in [
        "(func (result i32 i32) (i32.const 0) (i32.const 0))",
        "(table 1 externref)",
        "(func (result v128) (v128.const i64x2 0 0))",
        "(func $f (return_call $f))",
        "(memory 1) (memory 1)",
        "(memory i64 1)",
    ] {
        let error = program(body).unwrap_err();
        assert!(matches!(error, ProgramError::Invalid(_)), "{body}: {error}");
    }
    assert!(matches!(Program::from_wasm(b"text"), Err(ProgramError::NotWasm(_))));
}

#[test]
fn check_rejects_too_many_pages_and_too_much_data() {
    let check = |body: &str| program(body).unwrap().check();
    let data = |bytes: usize| format!("(data (i32.const 0) \"{}\")", "x".repeat(bytes));
    assert!(check("(memory (export \"memory\") 1)").is_ok());
    assert!(matches!(check("(memory (export \"memory\") 2)"), Err(ProgramError::TooManyPages(2))));
    assert!(check(&data(1_000)).is_ok());
    assert!(matches!(check(&data(1_001)), Err(ProgramError::TooMuchData(1_001))));
}

#[test]
fn modules_over_the_chain_limits_are_rejected() {
    // A multiplicative generator: bytes that do not compress.
    let step = |seed: &u32| Some(seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
    let noise = std::iter::successors(Some(1_u32), step).skip(1).take(25_000);
    let noise: Vec<_> = noise.map(|number| format!("\\{:02x}", number >> 24)).collect();
    let noise = noise.concat();
    let error = program(&format!("(data (i32.const 0) \"{noise}\")")).unwrap_err();
    assert!(matches!(error, ProgramError::CodeTooLarge(size) if size > 24_576), "{error}");
    let zeros = "\\00".repeat(131_072);
    let error = program(&format!("(memory 3) (data (i32.const 0) \"{zeros}\")")).unwrap_err();
    assert!(matches!(error, ProgramError::WasmTooLarge(size) if size > 131_072), "{error}");
}

#[test]
fn functions_that_panic_are_found_by_name() {
    assert!(check_no_panics(&module("(func $harmless)")).is_ok());
    match check_no_panics(&module("(func $core::panicking::panic)")).unwrap_err() {
        ProgramError::Panics(name) => assert_eq!(&*name, "core::panicking::panic"),
        other => panic!("{other}"),
    }
    let nameless = wat::parse_str("(module (func))").unwrap();
    assert!(matches!(check_no_panics(&nameless), Err(ProgramError::NoNames)));
}
