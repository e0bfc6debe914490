//! The programs: what is random in each.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use super::random::{log_uniform, word};

/// Bytes of a page of memory.
const PAGE: u32 = 65_536;

/// Where the name of the first file is: behind the module's random bytes.
const NAMES: usize = 544;

/// A program, and what it gets.
#[derive(Debug, Default)]
pub(super) struct Program {
    /// Its functions, with names between `@` in place of random numbers.
    pub(super) text: &'static str,
    /// The numbers.
    constants: Vec<(&'static str, u32)>,
    /// The random functions beside it.
    pub(super) functions: usize,
    /// Pages of memory.
    pub(super) pages: u32,
    /// Its argument.
    pub(super) number: u32,
    /// Standard input.
    pub(super) stdin: Option<Vec<u8>>,
    /// The file that it reads.
    pub(super) input: Option<(String, Vec<u8>)>,
    /// The file that it writes.
    pub(super) output: Option<String>,
}

impl Program {
    /// One of the programs.
    pub(super) fn random(rng: &mut StdRng) -> Self {
        let programs: [fn(&mut StdRng) -> Self; 5] = [stream, primes, sort, matrix, machine];
        let mut program = programs.choose(rng).map_or_else(Self::default, |make| make(rng));
        program.functions = usize::try_from(log_uniform(rng, 4, 127)).unwrap_or(4);
        program.pages = program.pages.saturating_add(rng.random_range(0..16));
        program.constants.push(("constant", rng.random()));
        program.constants.push(("operations", u32::try_from(program.functions).unwrap_or(4)));
        let mut at = NAMES;
        let names = [("in_at", "in_length"), ("out_at", "out_length")];
        for ((start, length), name) in names.into_iter().zip(program.names()) {
            program.constants.push((start, u32::try_from(at).unwrap_or_default()));
            program.constants.push((length, u32::try_from(name.len()).unwrap_or_default()));
            at = at.saturating_add(name.len());
        }
        program
    }

    /// The name of the file that it reads and of the one that it writes; empty where there is none.
    fn names(&self) -> [String; 2] {
        let input = self.input.as_ref().map(|(name, _)| name.clone());
        [input.unwrap_or_default(), self.output.clone().unwrap_or_default()]
    }

    /// The same, one after the other.
    pub(super) fn files(&self) -> impl Iterator<Item = String> + use<> {
        self.names().into_iter()
    }

    /// A part of the text with its numbers.
    pub(super) fn fill(&self, part: &str) -> String {
        let fill = |text: String, (name, value): &(&str, u32)| {
            text.replace(&format!("@{name}@"), &value.to_string())
        };
        self.constants.iter().fold(part.to_owned(), fill)
    }
}

/// Random bytes; how many, is as likely to be few as many.
fn bytes(rng: &mut StdRng, least: u32, most: u32) -> Vec<u8> {
    (0..log_uniform(rng, least, most)).map(|_| rng.random()).collect()
}

/// A path below a folder.
fn path(rng: &mut StdRng) -> String {
    format!("{}/{}", word(rng), word(rng))
}

/// Mixes standard input.
fn stream(rng: &mut StdRng) -> Program {
    let input = bytes(rng, 64, 48 << 10);
    let length = u32::try_from(input.len()).unwrap_or(u32::MAX);
    let calls = log_uniform(rng, 20_000, 1_500_000);
    Program {
        text: include_str!("wat/stream.wat"),
        number: calls.div_ceil(length.max(1)),
        stdin: Some(input),
        pages: 2,
        ..Program::default()
    }
}

/// Sums primes.
fn primes(rng: &mut StdRng) -> Program {
    let number = log_uniform(rng, 100_000, 4_000_000);
    Program {
        text: include_str!("wat/primes.wat"),
        constants: vec![("rotation", rng.random_range(1..32))],
        pages: number.div_ceil(PAGE).saturating_add(1),
        number,
        ..Program::default()
    }
}

/// Sorts a file.
fn sort(rng: &mut StdRng) -> Program {
    Program {
        text: include_str!("wat/sort.wat"),
        input: Some((path(rng), bytes(rng, 2_000, 24_000))),
        output: Some(path(rng)),
        pages: 6,
        number: rng.random(),
        ..Program::default()
    }
}

/// Multiplies matrices.
fn matrix(rng: &mut StdRng) -> Program {
    let size = log_uniform(rng, 16, 127);
    let products = size.saturating_pow(3);
    let number = log_uniform(rng, 500_000, 30_000_000).div_ceil(products);
    Program {
        text: include_str!("wat/matrix.wat"),
        constants: vec![
            ("size", size),
            ("row_bytes", size.saturating_mul(8)),
            ("divisor", rng.random_range(3..1_000_000_000)),
        ],
        output: Some(path(rng)),
        pages: 6,
        number,
        ..Program::default()
    }
}

/// Interprets standard input.
fn machine(rng: &mut StdRng) -> Program {
    Program {
        text: include_str!("wat/machine.wat"),
        constants: vec![("jump", rng.random_range(2..97))],
        stdin: Some(bytes(rng, 128, 8_191)),
        pages: 3,
        number: log_uniform(rng, 50_000, 3_000_000),
        ..Program::default()
    }
}
