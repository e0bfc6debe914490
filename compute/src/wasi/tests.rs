//! A small program for each function, run in this process.

mod clock;
mod descriptors;
mod engine;
mod files;
mod folders;
mod limits;
mod process;

use super::{HostFailure, Wasi};
use crate::{
    Digest, Input, Job, JobDocument, JobPath, Optimization, Outcome,
    engine::engine,
    execute::{Ended, NoResult, execute, place_files},
    fs::{Content, FileType},
    profile::FUNCTIONS,
};
use std::fmt::Write;
use wasmtime::Module;

/// A program in short form, and the job that it runs in.
struct Program {
    wat: String,
    document: JobDocument,
    inputs: Vec<Content>,
    stdin: Vec<u8>,
    optimization: Optimization,
}

/// The body of `_start`, and what else the module has, in short: `#1` is `(i32.const 1)`, `##1` is `(i64.const 1)`,
/// `{0}` is address and length of the first text, and functions of WASI are imported as they are used.
///
/// `$is` ends the program with 1000 and a value that is not the expected one; `$out` writes to standard output; `$iov`
/// describes a buffer at address 0, `$size` is the number at address 64.
fn program(texts: &[&str], body: &str) -> Program {
    module(texts, "", body)
}

/// The same with more than `_start` in it.
fn module(texts: &[&str], fields: &str, body: &str) -> Program {
    let mut code = format!(
        r#"{fields}
        (func $is (param i32 i32)
            (if (i32.ne (local.get 0) (local.get 1))
                (then (call $proc_exit (i32.add #1000 (local.get 0))))))
        (func $iov (param i32 i32)
            (i32.store #0 (local.get 0)) (i32.store #4 (local.get 1)))
        (func $out (param i32 i32)
            (call $iov (local.get 0) (local.get 1)) (call $is (call $fd_write #1 #0 #1 #64) #0))
        (func $size (result i32) (i32.load #64))
        (func (export "_start") {body})"#
    );
    let mut data = String::new();
    for (index, text) in texts.iter().enumerate() {
        let at = 4096_usize.saturating_mul(index.saturating_add(1));
        code = code.replace(
            &format!("{{{index}}}"),
            &format!("(i32.const {at}) (i32.const {})", text.len()),
        );
        let bytes: String = text.bytes().fold(String::new(), |mut all, byte| {
            write!(all, "\\{byte:02x}").unwrap();
            all
        });
        writeln!(data, r#"(data (i32.const {at}) "{bytes}")"#).unwrap();
    }
    let mut imports = String::new();
    for (name, params, results) in FUNCTIONS {
        if code.contains(&format!("${name} ")) || code.contains(&format!("${name})")) {
            let types = |codes: &str| -> String {
                codes.chars().map(|code| if code == 'I' { " i64" } else { " i32" }).collect()
            };
            writeln!(
                imports,
                r#"(import "wasi_snapshot_preview1" "{name}" (func ${name} (param{}) (result{})))"#,
                types(params),
                types(results)
            )
            .unwrap();
        }
    }
    let wat =
        format!(r#"(module {imports} (memory (export "memory") 8) {data} {})"#, constants(&code));
    Program {
        wat,
        document: JobDocument::new(Digest::of(b"")),
        inputs: Vec::new(),
        stdin: Vec::new(),
        optimization: Optimization::Speed,
    }
}

/// Replaces `#1` and `##1`.
fn constants(code: &str) -> String {
    let mut result = String::new();
    let mut rest = code;
    while let Some(at) = rest.find('#') {
        let (before, after) = rest.split_at(at);
        result += before;
        let (kind, number) = match after.strip_prefix("##") {
            Some(number) => ("i64", number),
            None => ("i32", &after[1..]),
        };
        let end = number.find(|c: char| !(c.is_ascii_digit() || c == '-')).unwrap_or(number.len());
        write!(result, "({kind}.const {})", &number[..end]).unwrap();
        rest = &number[end..];
    }
    result + rest
}

impl Program {
    fn input(mut self, path: &str, content: &[u8]) -> Self {
        let path = JobPath::new(path).unwrap();
        self.document.inputs.push(Input { blob: Digest::of(content), path });
        self.inputs.push(Content::Memory(content.to_vec()));
        self
    }

    fn change(mut self, change: impl FnOnce(&mut JobDocument)) -> Self {
        change(&mut self.document);
        self
    }

    fn try_run(self) -> Result<Ended, NoResult> {
        let engine = engine(self.optimization, true).unwrap();
        let module = Module::new(&engine, wat::parse_str(&self.wat).unwrap()).unwrap();
        let job = Job::new(self.document).unwrap();
        let mut wasi = Wasi::new(job.document(), job.id(), Content::Memory(self.stdin));
        place_files(&mut wasi, job.document(), self.inputs).unwrap();
        execute(&engine, &module, wasi)
    }

    /// Runs it; it must exit with 0.
    fn run(self) -> Ended {
        let ended = self.try_run().unwrap();
        assert_eq!(ended.outcome, Outcome::Exit(0), "{:?}", ended.trap);
        ended
    }

    /// Runs it, and returns what it wrote to standard output.
    fn stdout(self) -> Vec<u8> {
        self.run().wasi.stdout
    }

    /// The same as text.
    fn text(self) -> String {
        String::from_utf8(self.stdout()).unwrap()
    }
}

/// What is in a file at the end.
fn content(ended: &Ended, path: &str) -> Option<Vec<u8>> {
    let node = ended.wasi.fs.find(&JobPath::new(path).unwrap())?;
    assert_eq!(ended.wasi.fs.stat(node).unwrap().file_type, FileType::File);
    let content = ended.wasi.fs.content(node).unwrap();
    let mut bytes = vec![0; usize::try_from(content.size()).unwrap()];
    content.read_at(&mut bytes, 0).unwrap();
    Some(bytes)
}

#[test]
fn failures_of_the_machine_are_no_results() {
    for failure in [HostFailure::Memory, HostFailure::Input(std::io::ErrorKind::Other.into())] {
        assert!(!failure.to_string().is_empty());
    }
}
