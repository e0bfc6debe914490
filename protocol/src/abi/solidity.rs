//! The interface as Solidity source: the text inside the `sol!` blocks that generate the Rust types.

/// The first lines of an exported file.
const HEADER: &str = "// SPDX-License-Identifier: MIT OR Apache-2.0\n\
    // Exported by the contract; change protocol/src/abi instead.\n\
    pragma solidity ^0.8.24;\n";

/// `IWorkerDispatcher`, line by line.
pub fn dispatcher() -> impl Iterator<Item = &'static str> {
    HEADER.lines().chain(sol_lines(include_str!("dispatcher.rs")))
}

/// `IWorkAgreement`, line by line.
pub fn agreement() -> impl Iterator<Item = &'static str> {
    HEADER.lines().chain(sol_lines(include_str!("agreement.rs")))
}

/// The dispatcher's constructor in one line of Solidity, for tools that deploy it.
#[must_use]
pub fn constructor() -> &'static str {
    let line = sol_lines(include_str!("construct.rs")).find_map(|line| {
        let line = line.trim_start();
        line.starts_with("constructor(").then_some(line)
    });
    line.unwrap_or_default().trim_end_matches(';')
}

/// The lines inside `sol! { … }`, without Rust attributes.
fn sol_lines(source: &'static str) -> impl Iterator<Item = &'static str> {
    let inside = source.lines().skip_while(|line| *line != "sol! {");
    let inside = inside.skip(1).take_while(|line| *line != "}");
    inside
        .filter(|line| !line.trim_start().starts_with("#["))
        .map(|line| line.strip_prefix("    ").unwrap_or(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exported_source_matches_the_abi_folder() {
        let exported = include_str!("../../../abi/IWorkerDispatcher.sol");
        assert!(dispatcher().eq(exported.lines()));
        let exported = include_str!("../../../abi/IWorkAgreement.sol");
        assert!(agreement().eq(exported.lines()));
    }

    #[test]
    fn the_constructor_is_one_line_of_solidity() {
        assert!(constructor().starts_with("constructor(uint8 clock, uint32 acceptWindow, "));
        assert!(constructor().ends_with(", uint128 reputationUnit, address agreement)"));
    }
}
