//! Prints the interface for `cargo stylus export-abi`, and the constructor for `cargo stylus deploy`.

fn main() {}
