//! The embedded contracts: what `contracts/digests.toml` says of them is true, and the compiler that it names builds them
//! from the sources of this workspace.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that meets what it does not expect should end there, and says what it did not check"
)]

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

use muster_client::Program;
use wasmparser::{KnownCustom, Parser, Payload};

/// Set by `scripts/wasm --embed`: the files are written anew instead of compared.
const WRITE_VARIABLE: &str = "MUSTER_CONTRACTS_WRITE";

/// Length of what precedes the compressed module in the code on chain.
const PREFIX_LENGTH: usize = 4;

/// Both contracts.
const CONTRACTS: [&str; 2] = ["agreement", "dispatcher"];

/// A file in the folder of the embedded contracts.
fn embedded(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("contracts").join(name)
}

/// What `scripts/wasm` built.
struct Built {
    /// The program.
    program: Program,
    /// The compiler, as the module names it.
    compiler: String,
}

impl Built {
    /// Reads a contract's module.
    fn read(contract: &str) -> Self {
        let folder = "../target/wasm32-unknown-unknown/release";
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(contract);
        let path = path.with_extension("wasm");
        let module = fs::read(&path);
        let module = module.unwrap_or_else(|e| panic!("{}: {e}: run scripts/wasm", path.display()));
        Self { program: Program::from_wasm(&module).unwrap(), compiler: compiler(&module) }
    }
}

/// The compiler in a module's section `producers`.
fn compiler(module: &[u8]) -> String {
    for payload in Parser::new(0).parse_all(module) {
        let Payload::CustomSection(section) = payload.unwrap() else { continue };
        let KnownCustom::Producers(fields) = section.as_known() else { continue };
        for field in fields {
            for value in field.unwrap().values {
                let value = value.unwrap();
                if value.name == "rustc" {
                    return value.version.to_owned();
                }
            }
        }
    }
    panic!("the module does not name its compiler")
}

/// Writes both contracts, and their digests.
fn write() {
    let [agreement, dispatcher] = CONTRACTS.map(Built::read);
    assert_eq!(agreement.compiler, dispatcher.compiler, "two compilers: run scripts/wasm");
    let mut digests = String::from(
        "# Written by `scripts/wasm --embed`: the compiler, and keccak256 of each contract's code on chain.\n",
    );
    writeln!(digests, "compiler = \"{}\"", agreement.compiler).unwrap();
    digests.push_str("\n[code_hash]\n");
    for (name, built) in CONTRACTS.iter().zip([agreement, dispatcher]) {
        let compressed = built.program.code().get(PREFIX_LENGTH..).unwrap();
        fs::write(embedded(&format!("{name}.wasm.br")), compressed).unwrap();
        writeln!(digests, "{name} = \"{}\"", built.program.code_hash()).unwrap();
    }
    fs::write(embedded("digests.toml"), digests).unwrap();
}

/// What the file of digests says.
fn recorded() -> toml::Table {
    fs::read_to_string(embedded("digests.toml")).unwrap().parse().unwrap()
}

#[test]
fn the_embedded_contracts_have_the_recorded_digests() {
    let recorded = recorded();
    for name in CONTRACTS {
        let compressed = fs::read(embedded(&format!("{name}.wasm.br"))).unwrap();
        let mut module = Vec::new();
        brotli::BrotliDecompress(&mut &*compressed, &mut module).unwrap();
        let program = Program::from_wasm(&module).unwrap();
        assert_eq!(program.code().get(PREFIX_LENGTH..).unwrap(), compressed, "{name}");
        let digest = recorded["code_hash"][name].as_str().unwrap();
        assert_eq!(program.code_hash().to_string(), digest, "{name}");
    }
}

/// A compiler other than the recorded one may compile to other code. `scripts/test` then says so at its end.
#[test]
fn the_sources_compile_to_the_embedded_contracts() {
    if env::var_os(WRITE_VARIABLE).is_some() {
        write();
    }
    let recorded = recorded();
    let recorded_compiler = recorded["compiler"].as_str().unwrap();
    for name in CONTRACTS {
        let Built { program, compiler } = Built::read(name);
        if compiler != recorded_compiler {
            println!("NOT CHECKED: {name}: built by {compiler}, recorded for {recorded_compiler}");
            continue;
        }
        let digest = recorded["code_hash"][name].as_str().unwrap();
        let built = program.code_hash().to_string();
        assert_eq!(built, digest, "{name}: run scripts/wasm --embed and commit cli/contracts");
    }
}
