//! Activation rules that the recorded answers do not cover: one invalid module for each.

use stylus_engine::{ActivationError, BuildError, Limit, ParseError, activate};

use crate::VERSION;
use wasm_encoder::{
    CodeSection, ExportKind, ExportSection, Function, FunctionSection, MemorySection, MemoryType,
    Module, RefType, TableSection, TableType, TypeSection, ValType,
};

/// Memory and entry point of a valid program.
const PROGRAM: &str = "(memory (export \"memory\") 1 1) \
     (func (export \"user_entrypoint\") (param i32) (result i32) (i32.const 0))";

/// The error of activating a module with these parts on a chain without debug imports.
fn activation_error(parts: &str) -> ActivationError {
    activation_error_with(parts, 128, u64::MAX)
}

/// The error of activating a module with these parts, this page limit and this much gas.
fn activation_error_with(parts: &str, pages: u16, gas: u64) -> ActivationError {
    let wasm = wat::parse_str(format!("(module {parts})")).unwrap();
    activate(&wasm, VERSION, pages, gas, false).unwrap_err()
}

#[test]
fn start_functions_need_a_debug_chain() {
    let text = format!("(module {PROGRAM} (start $f) (func $f))");
    let wasm = wat::parse_str(text).unwrap();
    let error = activate(&wasm, VERSION, 128, u64::MAX, false).unwrap_err();
    assert!(matches!(error, ActivationError::Parse(ParseError::StartFunction)), "{error}");
    assert!(activate(&wasm, VERSION, 128, u64::MAX, true).is_ok());
}

#[test]
fn memory_that_can_grow_must_import_the_payment() {
    for memory in ["1", "1 2"] {
        let parts = PROGRAM.replace("1 1", memory);
        let error = activation_error(&parts);
        assert!(matches!(error, ActivationError::Parse(ParseError::MissingGrowImport)), "{error}");
        assert!(error.to_string().contains("pay_for_memory_grow"), "{error}");
    }
}

#[test]
fn initial_pages_are_limited() {
    let parts = PROGRAM.replace("1 1", "3 3");
    let error = activation_error_with(&parts, 2, u64::MAX);
    let expected = ParseError::TooManyInitialPages { found: 3, most: 2 };
    assert_eq!(error.to_string(), ActivationError::from(expected).to_string());
}

#[test]
fn activation_needs_its_exact_gas() {
    let wasm = wat::parse_str(format!("(module {PROGRAM})")).unwrap();
    let gas = activate(&wasm, VERSION, 128, u64::MAX, false).unwrap().gas;
    assert!(activate(&wasm, VERSION, 128, gas, false).is_ok());
    let error = activate(&wasm, VERSION, 128, gas - 1, false).unwrap_err();
    assert!(matches!(error, ActivationError::OutOfGas), "{error}");
    assert_eq!(error.to_string(), "program activation failed: out of gas");
}

#[test]
fn names_of_metering_globals_are_reserved() {
    let error = activation_error(&format!("{PROGRAM} (func (export \"stylus_ink_left\"))"));
    assert!(matches!(error, ActivationError::Parse(ParseError::ReservedName(_))), "{error}");
}

#[test]
fn only_functions_may_be_imported() {
    let error = activation_error(&format!("(import \"vm_hooks\" \"x\" (global i32)) {PROGRAM}"));
    assert!(matches!(error, ActivationError::Parse(ParseError::ImportKind(_))), "{error}");
}

#[test]
fn elements_must_fit_the_table() {
    let error =
        activation_error(&format!("{PROGRAM} (table 1 funcref) (elem (i32.const 1) $f) (func $f)"));
    let expected = BuildError::ElementsOutOfBounds { offset: 1, size: 1 };
    assert_eq!(error.to_string(), ActivationError::from(expected).to_string());
}

#[test]
fn table_operators_are_rejected() {
    let parts = format!(
        "{PROGRAM} (table 1 funcref) (func \
        (table.copy (i32.const 0) (i32.const 0) (i32.const 0)))"
    );
    let error = activation_error(&parts);
    assert!(matches!(error, ActivationError::Build(BuildError::UnsupportedOpcode(_))), "{error}");
}

#[test]
fn one_above_each_limit_is_rejected() {
    let many = |count: usize, part: &str| format!("{PROGRAM} {}", part.repeat(count));
    let export = |number| format!("(export \"e{number}\" (func 0))");
    let exports = (0..1019).map(export).collect::<Vec<_>>().concat();
    for (parts, limit) in [
        (many(4096, "(func)"), Limit::Functions),
        (many(129, "(data (i32.const 0) \"\")"), Limit::DataSegments),
        (
            format!("{PROGRAM} (table 1 funcref) {}", "(elem (i32.const 0))".repeat(129)),
            Limit::ElementSegments,
        ),
        (format!("{PROGRAM} {exports}"), Limit::Exports),
        (many(32_765, "(global i32 (i32.const 0))"), Limit::Globals),
        (
            format!("{PROGRAM} (func {} {})", "(i32.const 0) ".repeat(4097), "drop ".repeat(4097)),
            Limit::Operands,
        ),
    ] {
        let error = activation_error(&parts);
        let ActivationError::Parse(ParseError::LimitExceeded { what, found }) = error else {
            panic!("{limit:?}: {error}");
        };
        assert_eq!((what, found), (limit, limit.max() + 1));
    }
}

/// Compilers with reference types enabled encode the table index of an indirect call in five bytes.
#[test]
fn an_overlong_table_index_is_rejected_with_nitros_text() {
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32], [ValType::I32]);
    let mut functions = FunctionSection::new();
    functions.function(0);
    let mut tables = TableSection::new();
    let (minimum, maximum) = (1, None);
    let element_type = RefType::FUNCREF;
    tables.table(TableType { element_type, minimum, maximum, table64: false, shared: false });
    let mut memories = MemorySection::new();
    let (maximum, page_size_log2) = (Some(1), None);
    memories.memory(MemoryType {
        minimum,
        maximum,
        memory64: false,
        shared: false,
        page_size_log2,
    });
    let mut exports = ExportSection::new();
    exports.export("user_entrypoint", ExportKind::Func, 0);
    exports.export("memory", ExportKind::Memory, 0);
    let wasm = |table: &[u8]| {
        let mut function = Function::new([]);
        let code = [&[0x20, 0, 0x41, 0, 0x11, 0], table, &[0x0b]].concat();
        function.raw(code);
        let mut code = CodeSection::new();
        code.function(&function);
        let mut module = Module::new();
        module.section(&types).section(&functions).section(&tables).section(&memories);
        module.section(&exports).section(&code);
        module.finish()
    };
    assert!(activate(&wasm(&[0]), VERSION, 128, u64::MAX, false).is_ok());
    let error =
        activate(&wasm(&[0x80, 0x80, 0x80, 0x80, 0]), VERSION, 128, u64::MAX, false).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("program activation failed: failed to parse wasm"), "{text}");
    assert!(text.contains("reference-types not enabled: zero byte expected"), "{text}");
}
