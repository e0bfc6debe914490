//! Prints the contract's interface, or its constructor with the argument `constructor`, for `cargo stylus`.
#![expect(clippy::print_stdout, reason = "the program prints to standard output")]

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("constructor") => println!("{}", muster_protocol::abi::solidity::constructor()),
        _ => muster_protocol::abi::solidity::dispatcher().for_each(|line| println!("{line}")),
    }
}
