//! Names of functions: the name section of the wasm, demangled.

use std::collections::BTreeMap;

use wasmparser::{KnownCustom, Name, NameSectionReader, Parser, Payload};

/// Names of functions by index; empty for a stripped module.
#[derive(Clone, Debug, Default)]
pub(crate) struct FunctionNames(BTreeMap<u32, String>);

impl FunctionNames {
    /// Reads the name section of a module. What is malformed is left out: names are no part of the
    /// code.
    pub(crate) fn read(wasm: &[u8]) -> Self {
        let mut names = BTreeMap::new();
        for payload in Parser::new(0).parse_all(wasm).flatten() {
            if let Payload::CustomSection(custom) = payload
                && let KnownCustom::Name(section) = custom.as_known()
            {
                names.extend(function_names(section));
            }
        }
        Self(names)
    }

    /// The name of a function.
    pub(crate) fn name(&self, function: u32) -> String {
        self.0.get(&function).cloned().unwrap_or_else(|| format!("function {function}"))
    }
}

/// The names of functions in a name section.
fn function_names(section: NameSectionReader<'_>) -> impl Iterator<Item = (u32, String)> {
    let maps = section.into_iter().flatten().filter_map(|name| match name {
        Name::Function(map) => Some(map),
        _ => None,
    });
    maps.flatten().flatten().map(|naming| (naming.index, demangle(naming.name)))
}

/// A name as in the source, without the compiler's hash.
fn demangle(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}
