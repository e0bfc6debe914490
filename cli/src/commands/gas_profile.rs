//! `muster gas-profile`: the gas of a transaction or a call by the functions of the programs that it runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use alloy::primitives::{Address, B256, Bytes};
use clap::Args;

use crate::commands::gas_profile::arguments::{ProgramName, ProgramWasm};
use crate::commands::gas_profile::call_tree::CallTree;
use crate::commands::gas_profile::output::profile_output;
use crate::commands::gas_profile::profiling_node::{Call, ProfilingNode, Run, Target};
use crate::commands::gas_profile::{flame_graph::flame_graph, speedscope::speedscope};
use crate::context::Context;
use crate::error::{CliError, ProfileCommandError};
use crate::options::heading;
use crate::output::account_text;
use crate::parse;

mod arguments;
mod call_tree;
mod flame_graph;
mod output;
mod profiling_node;
mod speedscope;

/// Options of `muster gas-profile`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Examples:\n  muster gas-profile 0xb1e5f8a3d9c27a640f1d53e2c4b8a7960e1f2d3c4b5a69788796a5b4c3d2e1f0 \
        --wasm agreement=target/wasm32-unknown-unknown/release/agreement.wasm --flame-graph settle.svg\n  \
        muster gas-profile --to 0x8ba1f109551bD432803012645Ac136ddd64DBA72 --data 0x11da60b4 --speedscope call.json"
)]
pub(crate) struct Options {
    /// Transaction to run again
    #[arg(value_parser = arguments::transaction_hash, required_unless_present = "to", conflicts_with = "to")]
    transaction: Option<B256>,

    /// Call this contract on the latest block, in place of a transaction
    #[arg(long, value_name = "ADDRESS", value_parser = parse::contract_address)]
    to: Option<Address>,

    /// Calldata of the call, as hexadecimal digits
    #[arg(long, value_name = "HEX", value_parser = arguments::calldata, requires = "to")]
    data: Option<Bytes>,

    /// Account that calls [default: the zero address]
    #[arg(long, value_name = "ACCOUNT", value_parser = parse::account_address, requires = "to")]
    from: Option<Address>,

    /// Ether that the call sends
    #[arg(long, value_name = "AMOUNT", value_parser = parse::wei, requires = "to")]
    value: Option<u128>,

    /// Compiled contract (.wasm) with the names of a program's functions; the program is an address, or the market's
    /// `dispatcher` or `agreement`. Repeat it for several programs
    #[arg(long, value_name = "PROGRAM=FILE", value_parser = arguments::program_wasm)]
    wasm: Vec<ProgramWasm>,

    /// Write a flame graph (.svg)
    #[arg(long, value_name = "FILE")]
    flame_graph: Option<PathBuf>,

    /// Write a profile for <https://www.speedscope.app> (.json)
    #[arg(long, value_name = "FILE")]
    speedscope: Option<PathBuf>,

    /// Functions to show, those that use most gas first; 0 for all
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    top: usize,
}

/// A program whose wasm was given.
struct GivenProgram<'a> {
    /// Whether it was given by a name, which may stand for a program that does not run.
    name: Option<&'static str>,
    /// The file.
    file: &'a Path,
    /// Its wasm, as it is on the chain but with names.
    wasm: Bytes,
}

/// Runs the transaction or call again, and shows where its gas goes.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let programs = given_programs(context, &options.wasm).await?;
    let node = ProfilingNode::connect(context).await?;
    let target = target(&options);
    node.check_target(&target).await?;
    let wasm = programs.iter().map(|(&address, given)| (address, given.wasm.clone())).collect();
    let runs = node.profile(&target, wasm).await?;
    check_runs(&runs, &programs)?;

    let label = |address: Address| match programs.get(&address).and_then(|given| given.name) {
        Some(name) => name.to_owned(),
        None => account_text(address),
    };
    let tree = CallTree::new(&runs, label);
    let cost = node.cost(&target).await?;
    if let Some(path) = &options.flame_graph {
        write(path, &flame_graph(&tree, &target.to_string(), &cost)?)?;
    }
    if let Some(path) = &options.speedscope {
        write(path, &speedscope(&tree, &target.to_string(), &cost))?;
    }
    context.print(&profile_output(&tree, options.transaction, &cost, options.top))
}

/// What is profiled.
fn target(options: &Options) -> Target {
    match (options.transaction, options.to) {
        (Some(hash), _) => Target::Transaction(hash),
        (None, to) => Target::Call(Call {
            from: options.from.unwrap_or_default(),
            to: to.unwrap_or_default(),
            data: options.data.clone().unwrap_or_default(),
            value: options.value.unwrap_or_default(),
        }),
    }
}

/// The programs of --wasm by address.
async fn given_programs<'a>(
    context: &Context,
    files: &'a [ProgramWasm],
) -> Result<BTreeMap<Address, GivenProgram<'a>>, CliError> {
    let mut programs = BTreeMap::new();
    for ProgramWasm { program, file } in files {
        let module =
            fs::read(file).map_err(|source| CliError::Read { path: file.into(), source })?;
        let wasm = muster_client::named_wasm(&module)
            .map_err(|source| CliError::Program { path: file.into(), source })?;
        let (address, name) = match *program {
            ProgramName::Address(address) => (address, None),
            ProgramName::Agreement => {
                (context.market().await?.implementation().await?, Some("agreement"))
            }
            ProgramName::Dispatcher => (context.market().await?.dispatcher(), Some("dispatcher")),
        };
        programs.insert(address, GivenProgram { name, file, wasm: wasm.into() });
    }
    Ok(programs)
}

/// Checks that each given program has the code on the chain, and ran if an address named it.
fn check_runs(
    runs: &[Run],
    programs: &BTreeMap<Address, GivenProgram<'_>>,
) -> Result<(), CliError> {
    for (&address, given) in programs {
        match runs.iter().find(|run| run.address == address) {
            Some(run) if !run.is_same_code => {
                return Err(CliError::OtherProgram { address, file: given.file.into() });
            }
            None if given.name.is_none() => {
                let mut ran: Vec<_> = runs.iter().map(|run| run.address).collect();
                ran.sort_unstable();
                ran.dedup();
                return Err(ProfileCommandError::NotRun { address, ran }.into());
            }
            _ => {}
        }
    }
    Ok(())
}

/// Writes a file.
fn write(path: &Path, content: &[u8]) -> Result<(), CliError> {
    fs::write(path, content).map_err(|source| CliError::Write { path: path.into(), source })
}
