//! Prints what `cargo stylus` asks a contract for: its interface, and its constructor.
#![expect(clippy::print_stdout, reason = "that is what the program is for")]

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("constructor") => {} // it has none
        _ => muster_protocol::abi::solidity::agreement().for_each(|line| println!("{line}")),
    }
}
