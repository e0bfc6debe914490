//! What is known of a module without compiling it: whether the profile can run it, and what it needs.

use crate::{
    Digest,
    profile::{FEATURES, FUNCTIONS, IMPORTS_FROM, MAX_MODULE, TABLE_ELEMENT_COST},
};
use std::collections::BTreeSet;
use wasmtime::wasmparser::{
    BinaryReaderError, CompositeInnerType, ExternalKind, Import, Parser, Payload, TypeRef, ValType,
    Validator,
    types::{CoreTypeId, TypesRef},
};

/// Why no machine runs a module under the profile.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModuleError {
    /// More bytes than the profile allows.
    #[error("module has {0} bytes, more than {MAX_MODULE}")]
    TooLarge(usize),
    /// A component, which can be a service but not a job.
    #[error("this is a WebAssembly component, and a job needs a core module (WASI preview 1)")]
    Component,
    /// Truncated, damaged, or made with features that the profile lacks.
    #[error("module is not valid: {0}")]
    Invalid(#[from] BinaryReaderError),
    /// An import that is not one of the profile's functions.
    #[error("module imports {module}.{name}, which the profile does not have")]
    Import {
        /// The import's module.
        module: String,
        /// The import's name.
        name: String,
    },
    /// A function of the profile, imported with other parameters or as something else.
    #[error("module imports {name} with another type than WASI preview 1 gives it")]
    ImportType {
        /// The function's name.
        name: String,
    },
    /// A memory that threads could share.
    #[error("module has a shared memory, and the profile has no threads")]
    SharedMemory,
    /// A library or a reactor, not a command.
    #[error("module exports no function _start without parameters and results: it is no command")]
    NoStart,
}

/// What a module needs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModuleInfo {
    /// Its SHA-256.
    pub digest: Digest,
    /// The functions that it imports.
    pub imports: BTreeSet<String>,
    /// The limit of memory below which it does not start, in bytes.
    pub initial_memory: u64,
}

/// Checks that the profile can run a module. Takes time in proportion to its length, and does not compile it.
///
/// # Errors
/// The first [`ModuleError`] that is found.
pub fn check_module(wasm: &[u8]) -> Result<ModuleInfo, ModuleError> {
    if wasm.len() > MAX_MODULE {
        return Err(ModuleError::TooLarge(wasm.len()));
    }
    if Parser::is_component(wasm) {
        return Err(ModuleError::Component);
    }
    let types = Validator::new_with_features(FEATURES).validate_all(wasm)?;
    let types = types.as_ref();
    let mut info =
        ModuleInfo { digest: Digest::of(wasm), imports: BTreeSet::new(), initial_memory: 0 };
    let mut has_start = false;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    info.imports.insert(check_import(&import?, &types)?);
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories {
                    let memory = memory?;
                    if memory.shared {
                        return Err(ModuleError::SharedMemory);
                    }
                    let bytes = memory.initial.saturating_mul(65_536);
                    info.initial_memory = info.initial_memory.saturating_add(bytes);
                }
            }
            Payload::TableSection(tables) => {
                for table in tables {
                    let bytes = table?.ty.initial.saturating_mul(TABLE_ELEMENT_COST);
                    info.initial_memory = info.initial_memory.saturating_add(bytes);
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    has_start |= export.name == "_start"
                        && export.kind == ExternalKind::Func
                        && is_function(&types, types.core_function_at(export.index), "", "");
                }
            }
            _ => {}
        }
    }
    if has_start { Ok(info) } else { Err(ModuleError::NoStart) }
}

/// Checks that an import is a function of the profile, and returns its name.
fn check_import(import: &Import<'_>, types: &TypesRef<'_>) -> Result<String, ModuleError> {
    let name = import.name.to_owned();
    let function = FUNCTIONS.iter().find(|(known, ..)| *known == name);
    let Some((_, params, results)) = function.filter(|_| import.module == IMPORTS_FROM) else {
        return Err(ModuleError::Import { module: import.module.to_owned(), name });
    };
    match import.ty {
        TypeRef::Func(index)
            if is_function(types, types.core_type_at_in_module(index), params, results) =>
        {
            Ok(name)
        }
        _ => Err(ModuleError::ImportType { name }),
    }
}

/// Whether a type is a function with these parameters and results, written as in [`FUNCTIONS`].
fn is_function(types: &TypesRef<'_>, id: CoreTypeId, params: &str, results: &str) -> bool {
    let equal = |types: &[ValType], signature: &str| {
        let of = |code| if code == 'I' { ValType::I64 } else { ValType::I32 };
        types.iter().copied().eq(signature.chars().map(of))
    };
    let Some(CompositeInnerType::Func(function)) =
        types.get(id).map(|sub| &sub.composite_type.inner)
    else {
        return false;
    };
    equal(function.params(), params) && equal(function.results(), results)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    fn check(text: &str) -> Result<ModuleInfo, ModuleError> {
        check_module(&wat::parse_str(text).unwrap())
    }

    const START: &str = r#"(func (export "_start"))"#;

    #[test]
    fn command_is_accepted_with_what_it_needs() {
        let info = check(
            r#"(module
                (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
                (import "wasi_snapshot_preview1" "fd_seek" (func (param i32 i64 i32 i32) (result i32)))
                (memory (export "memory") 2) (table 10 funcref) (func (export "_start")))"#,
        )
        .unwrap();
        assert_eq!(info.imports.iter().collect::<Vec<_>>(), ["fd_seek", "proc_exit"]);
        assert_eq!(info.initial_memory, 2 * 65_536 + 160);
    }

    #[test]
    fn every_function_of_the_profile_can_be_imported() {
        let mut imports = String::new();
        for (name, params, results) in FUNCTIONS {
            let of = |signature: &str| {
                signature.replace('i', "1").replace('I', "i64 ").replace('1', "i32 ")
            };
            write!(
                imports,
                r#"(import "wasi_snapshot_preview1" "{name}" (func (param {}) (result {})))"#,
                of(params),
                of(results)
            )
            .unwrap();
        }
        assert_eq!(check(&format!("(module {imports} {START})")).unwrap().imports.len(), 46);
    }

    #[test]
    fn import_that_the_profile_lacks_is_named() {
        for (module, name, kind) in [
            ("env", "fd_read", "(func)"),
            ("wasi_snapshot_preview1", "thread_spawn", "(func)"),
            ("wasi_unstable", "fd_close", "(func (param i32) (result i32))"),
            ("env", "memory", "(memory 1)"),
            ("env", "t", "(table 1 funcref)"),
        ] {
            let error = check(&format!(r#"(module (import "{module}" "{name}" {kind}) {START})"#));
            match error {
                Err(ModuleError::Import { module: m, name: n }) => {
                    assert_eq!((m.as_str(), n.as_str()), (module, name));
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn function_of_the_profile_with_another_type_is_refused() {
        for kind in [
            "(func (param i32) (result i64))",
            "(func (param i64) (result i32))",
            "(func (param i32))",
            "(global i32)",
            "(memory 1)",
        ] {
            let module =
                format!(r#"(module (import "wasi_snapshot_preview1" "fd_close" {kind}) {START})"#);
            assert!(matches!(check(&module), Err(ModuleError::ImportType { .. })), "{kind}");
        }
    }

    #[test]
    fn what_is_no_command_is_refused() {
        for module in [
            "(module)",
            r#"(module (func (export "_start") (param i32)))"#,
            r#"(module (func (export "_start") (result i32) (i32.const 0)))"#,
            r#"(module (memory (export "_start") 1))"#,
            r#"(module (func (export "_initialize")))"#,
        ] {
            assert!(matches!(check(module), Err(ModuleError::NoStart)), "{module}");
        }
    }

    #[test]
    fn features_outside_the_profile_are_refused() {
        for text in [
            "(memory i64 1)",
            "(memory 1) (memory 1)",
            "(type (struct))",
            "(type (func (param (ref func))))",
        ] {
            let result = check(&format!("(module {text} {START})"));
            assert!(matches!(result, Err(ModuleError::Invalid(_))), "{text}: {result:?}");
        }
        let shared = check(&format!("(module (memory 1 1 shared) {START})"));
        assert!(matches!(shared, Err(ModuleError::SharedMemory)));
        let component = check_module(b"\0asm\x0d\0\x01\0");
        assert!(matches!(component, Err(ModuleError::Component)));
    }

    #[test]
    fn features_of_the_profile_are_accepted() {
        for text in [
            "(memory 1) (func (drop (i32.atomic.load (i32.const 0))))",
            "(tag) (func (throw 0))",
            "(func $f (return_call $f))",
            "(func (drop (i32x4.relaxed_trunc_f32x4_s (v128.const i64x2 0 0))))",
            "(global i32 (i32.add (i32.const 1) (i32.const 2)))",
            "(func (result i32 i32) (i32.const 1) (i32.const 2))",
        ] {
            assert!(check(&format!("(module {text} {START})")).is_ok(), "{text}");
        }
    }

    #[test]
    fn every_truncation_is_refused() {
        let wasm = wat::parse_str(format!("(module (memory 1) {START})")).unwrap();
        for end in 0..wasm.len() {
            assert!(check_module(&wasm[..end]).is_err(), "{end}");
        }
    }
}
