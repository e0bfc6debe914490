//! What is known of a component without compiling it: whether it can be a service.

use muster_compute::Digest;
use std::collections::BTreeSet;
use wasmtime::wasmparser::{
    BinaryReaderError, ComponentExternalKind, Encoding, Parser, Payload, Validator, WasmFeatures,
    component_types::ComponentEntityType, types::TypesRef,
};

/// The largest component, in bytes.
const MAX_COMPONENT: usize = 256 << 20;

/// What a component must export, without its version.
const HANDLER: &str = "wasi:http/incoming-handler";

/// What a component may import, without versions: the world `wasi:http/proxy`, and what the standard libraries of
/// languages import beside it. There are no files behind `wasi:filesystem`.
const INTERFACES: [&str; 22] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:http/outgoing-handler",
    "wasi:http/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
];

/// The packages by which copies of a component can answer differently.
const VARYING: [&str; 2] = ["wasi:clocks/", "wasi:random/"];

/// What a component may be made of: what a job's module may, several memories, and the component model without its
/// asynchronous part.
const FEATURES: WasmFeatures = WasmFeatures::WASM2
    .union(WasmFeatures::TAIL_CALL)
    .union(WasmFeatures::EXCEPTIONS)
    .union(WasmFeatures::RELAXED_SIMD)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::THREADS)
    .union(WasmFeatures::MULTI_MEMORY)
    .union(WasmFeatures::COMPONENT_MODEL);

/// Why a file cannot be a service.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ComponentError {
    /// More bytes than allowed.
    #[error("component has {0} bytes, more than {MAX_COMPONENT}")]
    TooLarge(usize),
    /// A core module, which can be a job but not a service.
    #[error(
        "this is a core WebAssembly module, and a service needs a component that exports {HANDLER}@0.2: build it \
         for the target wasm32-wasip2, or make one of it with `wasm-tools component new`"
    )]
    CoreModule,
    /// Truncated, damaged, no WebAssembly, or made with features that are not supported.
    #[error("component is not valid: {0}")]
    Invalid(#[from] BinaryReaderError),
    /// It imports what a service does not get.
    #[error("component imports {0}, which a service does not get")]
    Import(String),
    /// It is of another world.
    #[error("component exports no {HANDLER}@0.2, which a service needs; it exports {}", list(.0))]
    NoHandler(BTreeSet<String>),
}

/// Names for a message.
fn list(names: &BTreeSet<String>) -> String {
    if names.is_empty() {
        return "nothing".to_owned();
    }
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// What a component needs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ComponentInfo {
    /// Its SHA-256.
    pub digest: Digest,
    /// The interfaces that it imports, with their versions.
    pub imports: BTreeSet<String>,
    /// An interface by which copies of it can answer differently: a clock or randomness of which it imports a function, and
    /// not types alone, as `wasi:http/types` does.
    pub varies_by: Option<String>,
}

/// Checks that a component can be a service. Takes time in proportion to its length, and does not compile it.
///
/// A component that passes can still lack a function of an interface that it imports in a newer version; then
/// [`Service`](crate::Service) names it when it starts.
///
/// # Errors
/// The first [`ComponentError`] that is found.
pub fn check_component(wasm: &[u8]) -> Result<ComponentInfo, ComponentError> {
    if wasm.len() > MAX_COMPONENT {
        return Err(ComponentError::TooLarge(wasm.len()));
    }
    if Parser::is_core_wasm(wasm) {
        return Err(ComponentError::CoreModule);
    }
    let types = Validator::new_with_features(FEATURES).validate_all(wasm)?;
    let (mut imports, mut exports) = (BTreeSet::new(), BTreeSet::new());
    let mut has_handler = false;
    // Components and modules lie in each other; only the outermost counts.
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::Version { encoding: Encoding::Module | Encoding::Component, .. } => {
                depth = depth.saturating_add(1);
            }
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    let name = import?.name.name;
                    if !unversioned(name).is_some_and(|name| INTERFACES.contains(&name)) {
                        return Err(ComponentError::Import(name.to_owned()));
                    }
                    imports.insert(name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                for export in section {
                    let export = export?;
                    has_handler |= unversioned(export.name.name) == Some(HANDLER)
                        && export.kind == ComponentExternalKind::Instance;
                    exports.insert(export.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    if has_handler {
        let mut varying =
            imports.iter().filter(|name| VARYING.iter().any(|of| name.starts_with(of)));
        let varies_by = varying.find(|name| has_functions(types.as_ref(), name)).cloned();
        Ok(ComponentInfo { digest: Digest::of(wasm), imports, varies_by })
    } else {
        Err(ComponentError::NoHandler(exports))
    }
}

/// Whether an interface that is imported has functions.
fn has_functions(types: TypesRef<'_>, name: &str) -> bool {
    let Some(ComponentEntityType::Instance(instance)) =
        types.component_item_for_import(name).map(|item| item.ty)
    else {
        return false;
    };
    let exports = types.get(instance).map(|instance| instance.exports.values());
    exports.into_iter().flatten().any(|item| matches!(item.ty, ComponentEntityType::Func(_)))
}

/// The name of an interface of version 0.2.
fn unversioned(name: &str) -> Option<&str> {
    let (name, version) = name.split_once('@')?;
    let patch = version.strip_prefix("0.2.")?;
    (!patch.is_empty() && patch.bytes().all(|byte| byte.is_ascii_digit())).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Exports an instance without anything in it.
    const EXPORT: &str =
        r#"(instance $i) (export "wasi:http/incoming-handler@0.2.6" (instance $i))"#;

    fn check(text: &str) -> Result<ComponentInfo, ComponentError> {
        check_component(&wat::parse_str(format!("(component {text})")).unwrap())
    }

    #[test]
    fn handler_is_accepted_with_what_it_imports() {
        let imports = INTERFACES.map(|name| format!(r#"(import "{name}@0.2.0" (instance))"#));
        let imports = imports.concat();
        let info = check(&format!("{imports} {EXPORT}")).unwrap();
        assert_eq!(info.imports.len(), INTERFACES.len());
        assert!(info.imports.contains("wasi:random/random@0.2.0"));
    }

    #[test]
    fn a_clock_varies_by_its_functions_and_not_by_its_types() {
        let types = r#"(import "wasi:clocks/monotonic-clock@0.2.0"
            (instance (type u64) (export "duration" (type (eq 0)))))"#;
        assert_eq!(check(&format!("{types} {EXPORT}")).unwrap().varies_by, None);
        for name in ["wasi:clocks/monotonic-clock@0.2.0", "wasi:random/random@0.2.3"] {
            let import =
                format!(r#"(import "{name}" (instance (export "now" (func (result u64)))))"#);
            let info = check(&format!("{import} {EXPORT}")).unwrap();
            assert_eq!(info.varies_by.as_deref(), Some(name));
        }
        let print = r#"(import "wasi:cli/stdout@0.2.0" (instance (export "print" (func))))"#;
        assert_eq!(check(&format!("{print} {EXPORT}")).unwrap().varies_by, None);
    }

    #[test]
    fn import_that_a_service_does_not_get_is_named() {
        for name in [
            "wasi:sockets/tcp@0.2.0",
            "wasi:http/types@0.3.0",
            "wasi:http/types@0.2.0-rc-2023-12-05",
            "wasi:http/types",
            "run",
        ] {
            match check(&format!(r#"(import "{name}" (instance)) {EXPORT}"#)) {
                Err(ComponentError::Import(found)) => assert_eq!(found, name),
                other => panic!("{name}: {other:?}"),
            }
        }
    }

    #[test]
    fn component_of_another_world_is_refused_with_what_it_exports() {
        let command = r#"(instance $i) (export "wasi:cli/run@0.2.0" (instance $i))"#;
        let error = check(command).unwrap_err().to_string();
        assert!(error.contains("wasi:http/incoming-handler@0.2"), "{error}");
        assert!(error.contains("it exports wasi:cli/run@0.2.0"), "{error}");
        let error = check("").unwrap_err().to_string();
        assert!(error.contains("it exports nothing"), "{error}");
        // Another version, another kind, and one that lies deeper.
        for other in [
            r#"(instance $i) (export "wasi:http/incoming-handler@0.3.0" (instance $i))"#,
            r#"(component $c) (export "wasi:http/incoming-handler@0.2.0" (component $c))"#,
            &format!("(component {EXPORT})"),
        ] {
            assert!(matches!(check(other), Err(ComponentError::NoHandler(_))), "{other}");
        }
    }

    #[test]
    fn core_module_is_refused_with_what_to_do() {
        let error = check_component(b"\0asm\x01\0\0\0").unwrap_err();
        assert!(matches!(error, ComponentError::CoreModule));
        assert!(error.to_string().contains("wasm-tools component new"));
    }

    #[test]
    fn every_truncation_is_refused() {
        let text = format!(r#"(component (import "wasi:io/poll@0.2.0" (instance)) {EXPORT})"#);
        let wasm = wat::parse_str(text).unwrap();
        assert!(check_component(&wasm).is_ok());
        // Without the names, which no one needs.
        let end = wasm.len().min(check_end(&wasm));
        for end in 0..end {
            assert!(check_component(&wasm[..end]).is_err(), "{end}");
        }
    }

    /// Where the last section but those with names ends.
    fn check_end(wasm: &[u8]) -> usize {
        let payloads = Parser::new(0).parse_all(wasm).map(Result::unwrap);
        let ends = payloads.filter_map(|payload| match payload {
            Payload::ComponentExportSection(section) => Some(section.range().end),
            _ => None,
        });
        ends.max().unwrap()
    }
}
