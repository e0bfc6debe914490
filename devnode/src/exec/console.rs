//! What contracts print: the console imports of programs, and Solidity's `console.log`, which is a call
//! to an address without code.

use std::{collections::HashMap, sync::LazyLock};

use alloy::primitives::{Address, U256, address, keccak256};
use alloy_dyn_abi::{DynSolType, DynSolValue};
use revm::interpreter::CallInputs;

use super::evm::Ctx;
use crate::{contracts::display, unlogged::print_unlogged};

/// The address that Solidity's `console.log` calls.
const CONSOLE: Address = address!("000000000000000000636F6e736F6c652e6c6f67");

/// Types of the arguments of `console.log`, of which it takes up to [`MAX_ARGUMENTS`].
const TYPES: [&str; 4] = ["uint256", "string", "bool", "address"];

/// Maximum number of arguments of `console.log`.
const MAX_ARGUMENTS: usize = 4;

/// Functions with one argument of another type, or under another name.
const OTHERS: [&str; 10] = [
    "log(int256)",
    "log(bytes)",
    "log(string,int256)",
    "logUint(uint256)",
    "logInt(int256)",
    "logString(string)",
    "logBool(bool)",
    "logAddress(address)",
    "logBytes(bytes)",
    "log(bytes32)",
];

/// Argument types of each function, by its selector.
static FUNCTIONS: LazyLock<HashMap<[u8; 4], DynSolType>> = LazyLock::new(functions);

/// Prints a line of a program.
pub(super) fn print_program(program: Address, text: &str) {
    tracing::info!(target: "stylus_devnode::console", %program, text, "program output");
    print_unlogged(format_args!("{program}: {text}"));
}

/// Prints the line of a call of `console.log`, if it is one.
pub(super) fn print_call(ctx: &Ctx<'_>, call: &CallInputs) {
    if !ctx.chain.output.console || call.bytecode_address != CONSOLE {
        return;
    }
    let Some(text) = line(&call.input.as_bytes(ctx)) else { return };
    let contract = call.caller;
    tracing::info!(target: "stylus_devnode::console", %contract, text, "contract output");
    print_unlogged(format_args!("{contract}: {text}"));
}

/// The functions of the console, with the selectors that old libraries have for numbers, too.
fn functions() -> HashMap<[u8; 4], DynSolType> {
    let mut signatures = vec!["log()".to_owned()];
    let mut lists: Vec<String> = TYPES.map(str::to_owned).into();
    for _ in 0..MAX_ARGUMENTS {
        signatures.extend(lists.iter().map(|list| format!("log({list})")));
        let longer = |list: &String| TYPES.map(|name| format!("{list},{name}"));
        lists = lists.iter().flat_map(longer).collect();
    }
    let bytes = (1..=32).map(|size| format!("logBytes{size}(bytes{size})"));
    let all = signatures.into_iter().chain(bytes).chain(OTHERS.map(str::to_owned));
    all.flat_map(|signature| {
        let types = signature.split_once('(').and_then(|(_, types)| {
            let types = types.trim_end_matches(')').split(',').filter(|name| !name.is_empty());
            types.map(|name| DynSolType::parse(name).ok()).collect::<Option<Vec<_>>>()
        });
        [signature.replace("int256", "int"), signature].into_iter().filter_map(move |name| {
            let selector = keccak256(name).first_chunk().copied()?;
            Some((selector, DynSolType::Tuple(types.clone()?)))
        })
    })
    .collect()
}

/// The line that a call of the console prints; `None` for another function.
fn line(input: &[u8]) -> Option<String> {
    let (selector, data) = input.split_first_chunk()?;
    let arguments = FUNCTIONS.get(selector)?.abi_decode_params(data).ok()?;
    let DynSolValue::Tuple(arguments) = arguments else { return None };
    Some(match arguments.split_first() {
        Some((DynSolValue::String(format), rest)) => format_line(format, rest),
        _ => join(String::new(), &arguments),
    })
}

/// Replaces the placeholders of a format by arguments, as `util.format` of Node.js does, and appends the
/// other arguments.
fn format_line(format: &str, mut arguments: &[DynSolValue]) -> String {
    let mut line = String::new();
    let mut rest = format;
    while let Some((before, after)) = rest.split_once('%') {
        line.push_str(before);
        let placeholder = after.chars().next().filter(|kind| "sdiofjxO%".contains(*kind));
        match (placeholder, arguments.split_first()) {
            (Some('%'), _) => line.push('%'),
            (Some('x'), Some((DynSolValue::Uint(number, _), others))) => {
                line.push_str(&hex_number(*number));
                arguments = others;
            }
            (Some(_), Some((argument, others))) => {
                line.push_str(&display(argument));
                arguments = others;
            }
            _ => {
                line.push('%');
                rest = after;
                continue;
            }
        }
        rest = after.get(1..).unwrap_or_default();
    }
    line.push_str(rest);
    join(line, arguments)
}

/// A number in hexadecimal.
fn hex_number(number: U256) -> String {
    format!("{number:#x}")
}

/// Appends arguments, separated by spaces.
fn join(mut line: String, arguments: &[DynSolValue]) -> String {
    for argument in arguments {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&display(argument));
    }
    line
}

#[cfg(test)]
mod tests {
    use alloy::{primitives::I256, sol_types::SolValue};

    use super::*;

    /// The line of a call of `signature` with these encoded arguments.
    fn printed(signature: &str, arguments: &[u8]) -> Option<String> {
        line(&[&keccak256(signature)[..4], arguments].concat())
    }

    #[test]
    fn arguments_are_separated_by_spaces() {
        let arguments = ("balance", U256::from(5), true, Address::ZERO).abi_encode_params();
        let text = "balance 5 true 0x0000000000000000000000000000000000000000";
        assert_eq!(printed("log(string,uint256,bool,address)", &arguments).unwrap(), text);
        assert_eq!(printed("log()", &[]).unwrap(), "");
        let negative = I256::try_from(-7).unwrap().abi_encode();
        assert_eq!(printed("log(int256)", &negative).unwrap(), "-7");
        assert_eq!(printed("logBytes2(bytes2)", &[0x12; 32]).unwrap(), "0x1212");
    }

    #[test]
    fn old_libraries_have_other_selectors() {
        assert_eq!(printed("log(uint)", &U256::from(9).abi_encode()).unwrap(), "9");
    }

    #[test]
    fn placeholders_are_replaced() {
        let arguments = ("%s has %d%% of %x, 5% é%z", "ada", U256::from(10), U256::from(255));
        let text = printed("log(string,string,uint256,uint256)", &arguments.abi_encode_params());
        assert_eq!(text.unwrap(), "ada has 10% of 0xff, 5% é%z");
        let few = ("%s and %s", "one").abi_encode_params();
        assert_eq!(printed("log(string,string)", &few).unwrap(), "one and %s");
    }

    #[test]
    fn other_calls_print_nothing() {
        assert_eq!(printed("transfer(address,uint256)", &[0; 64]), None);
        assert_eq!(printed("log(string)", &[0xff; 32]), None);
    }
}
