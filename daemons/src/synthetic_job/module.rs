//! From a program to a module: random functions beside it, all in a random order.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::mixer;
use super::program::Program;
use super::random::log_uniform;

/// What programs share.
const LIBRARY: &str = include_str!("wat/library.wat");

/// The functions that programs call, and their types.
const IMPORTS: [(&str, &str); 8] = [
    ("args_get", "(param i32 i32) (result i32)"),
    ("clock_time_get", "(param i32 i64 i32) (result i32)"),
    ("fd_close", "(param i32) (result i32)"),
    ("fd_read", "(param i32 i32 i32 i32) (result i32)"),
    ("fd_write", "(param i32 i32 i32 i32) (result i32)"),
    ("path_open", "(param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)"),
    ("proc_exit", "(param i32)"),
    ("random_get", "(param i32 i32) (result i32)"),
];

/// Where the random bytes of a module are, and after them the names of its files.
const DATA: u32 = 512;

/// The module of a program.
pub(super) fn compile(rng: &mut StdRng, program: &Program) -> Result<Vec<u8>, wat::Error> {
    let mut functions = mixer::functions(rng, program.functions);
    functions.push("(func (export \"_start\") (call $start))".to_owned());
    for part in LIBRARY.split("\n\n").chain(program.text.split("\n\n")) {
        functions.push(program.fill(part));
    }
    functions.shuffle(rng);

    let mut imports = IMPORTS.map(|(name, signature)| {
        format!("(import \"wasi_snapshot_preview1\" \"{name}\" (func ${name} {signature}))")
    });
    imports.shuffle(rng);
    let random: [u8; 32] = rng.random();
    let names: String = program.files().collect();
    let table = (0..program.functions).map(|number| format!("$f{number} "));
    let (table, functions) = (table.collect::<String>(), functions.join("\n"));
    let padding = (0..log_uniform(rng, 1, 16 << 10)).map(|_| rng.random()).collect::<Vec<u8>>();
    wat::parse_str(format!(
        "(module
          (type $operation (func (param i32) (result i32)))
          {}
          (memory (export \"memory\") {})
          (table funcref (elem {table}))
          (data (i32.const {DATA}) \"{}{names}\")
          (data \"{}\")
          {functions}
        )",
        imports.join("\n"),
        program.pages,
        escape(&random),
        escape(&padding),
    ))
}

/// Bytes as they are written in a string.
fn escape(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| ["\\".to_owned(), format!("{byte:02x}")]).collect()
}
