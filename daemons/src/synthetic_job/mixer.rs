//! Random functions from a number to a number, by which each module has a shape of its own.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

/// Operations with two operands.
const BINARY: [&str; 10] =
    ["add", "sub", "mul", "xor", "rotl", "rotr", "shr_u", "shl", "or", "and"];

/// Operations with one operand.
const UNARY: [&str; 5] = ["clz", "ctz", "popcnt", "extend8_s", "extend16_s"];

/// Functions that call no others. The rest calls these alone, so that no function takes long.
const LEAVES: usize = 4;

/// The text of `count` functions, and of `$mix`, which calls three of them.
pub(super) fn functions(rng: &mut StdRng, count: usize) -> Vec<String> {
    let mut functions: Vec<_> = (0..count).map(|number| function(rng, number)).collect();
    let mut calls = "(local.get $x)".to_owned();
    for _ in 0..3 {
        calls = format!("(call $f{} {calls})", rng.random_range(0..count));
    }
    functions.push(format!("(func $mix (param $x i32) (result i32) {calls})"));
    functions
}

/// One function. Its argument counts whatever the expression is.
fn function(rng: &mut StdRng, number: usize) -> String {
    let (depth, rotation) = (rng.random_range(2..5), rng.random_range(1..32));
    let expression = expression(rng, depth, number >= LEAVES);
    format!(
        "(func $f{number} (param $x i32) (result i32)
          (i32.xor (i32.rotl (local.get $x) (i32.const {rotation})) {expression}))"
    )
}

/// A random expression of a depth, which cannot trap.
fn expression(rng: &mut StdRng, depth: u32, calls: bool) -> String {
    let Some(depth) = depth.checked_sub(1) else {
        return match rng.random_range(0..3) {
            0 => format!("(i32.const {})", rng.random::<i32>()),
            _ => "(local.get $x)".to_owned(),
        };
    };
    match rng.random_range(0..10) {
        0 => {
            let operation = UNARY.choose(rng).unwrap_or(&"clz");
            format!("(i32.{operation} {})", expression(rng, depth, calls))
        }
        // One of the module's random bytes.
        1 | 2 => {
            let at = expression(rng, depth, calls);
            format!("(i32.load offset=512 (i32.and {at} (i32.const 28)))")
        }
        3 if calls => {
            let called = rng.random_range(0..LEAVES);
            format!("(call $f{called} {})", expression(rng, depth, false))
        }
        _ => {
            let operation = BINARY.choose(rng).unwrap_or(&"add");
            let [a, b] = [(); 2].map(|()| expression(rng, depth, calls));
            format!("(i32.{operation} {a} {b})")
        }
    }
}
