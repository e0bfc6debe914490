//! `muster deploy`: deploys a market and records its address for this folder.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use muster_client::protocol::abi::{Clock, Settings};
use muster_client::protocol::settings;
use muster_client::{Node, Program};

use crate::clock::{self, ClockError, Span, TickClock};
use crate::context::Context;
use crate::contracts::{self, EmbeddedContract};
use crate::deployments;
use crate::error::CliError;
use crate::options::heading;
use crate::output::{Cell, CommandOutput, Table, print_note};
use crate::{parse, progress};

/// What to deploy, and the constants that hold for ever.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Examples:\n  muster deploy\n  muster deploy --rpc https://arb1.arbitrum.io/rpc --clock second"
)]
pub(crate) struct Options {
    /// Constants to begin with; without it, `dev` on a dev chain and `production` everywhere else
    #[arg(long, value_enum)]
    preset: Option<Preset>,

    /// What a tick is; without it, `second` on a dev chain and `block` everywhere else
    #[arg(long, value_enum)]
    clock: Option<TickUnit>,

    /// Time in which a chosen worker may accept
    #[arg(long, value_name = "TICKS|TIME", value_parser = clock::length)]
    accept_window: Option<Span>,

    /// Time after the end in which testers may report
    #[arg(long, value_name = "TICKS|TIME", value_parser = clock::length)]
    report_window: Option<Span>,

    /// Shortest agreement
    #[arg(long, value_name = "TICKS|TIME", value_parser = clock::length)]
    min_length: Option<Span>,

    /// Longest agreement
    #[arg(long, value_name = "TICKS|TIME", value_parser = clock::length)]
    max_agreement: Option<Span>,

    /// Shortest window
    #[arg(long, value_name = "TICKS|TIME", value_parser = clock::length)]
    min_window: Option<Span>,

    /// Length of a tester epoch
    #[arg(long, value_name = "TICKS|TIME", value_parser = clock::length)]
    epoch_length: Option<Span>,

    /// Epochs for which a tester's bond stays locked after the last list with the tester
    #[arg(long, value_name = "N")]
    lock_epochs: Option<u8>,

    /// Shortest list of testers that an order may draw from
    #[arg(long, value_name = "N")]
    min_pool: Option<u32>,

    /// Probes that a tester makes of a worker in a window
    #[arg(long, value_name = "N")]
    probes: Option<u8>,

    /// Lowest uptime a worker may promise
    #[arg(long, value_name = "PERCENT", value_parser = parse::basis_points)]
    min_promise: Option<u16>,

    /// Bond, as a part of price × length
    #[arg(long, value_name = "PERCENT", value_parser = parse::basis_points)]
    bond: Option<u16>,

    /// Fee of a tester's seat, as a part of what the worker earns in a window
    #[arg(long, value_name = "PERCENT", value_parser = parse::basis_points)]
    tester_fee: Option<u16>,

    /// Lowest bond of one worker in one agreement
    #[arg(long, value_name = "AMOUNT", value_parser = parse::wei)]
    min_bond: Option<u128>,

    /// Lowest fee of a tester's seat
    #[arg(long, value_name = "AMOUNT", value_parser = parse::wei)]
    min_tester_fee: Option<u128>,

    /// Stake that a tester must hold
    #[arg(long, value_name = "AMOUNT", value_parser = parse::wei)]
    tester_bond: Option<u128>,

    /// Fees of testers that make an agreement weigh one observation in a worker's reputation
    #[arg(long, value_name = "AMOUNT", value_parser = parse::wei)]
    reputation_unit: Option<u128>,

    /// Compiled module of the agreement; without it, the one that this command embeds
    #[arg(long, env = "MUSTER_AGREEMENT_WASM", value_name = "FILE", requires = "dispatcher_wasm")]
    agreement_wasm: Option<PathBuf>,

    /// Compiled module of the dispatcher; without it, the one that this command embeds
    #[arg(long, env = "MUSTER_DISPATCHER_WASM", value_name = "FILE", requires = "agreement_wasm")]
    dispatcher_wasm: Option<PathBuf>,
}

/// A set of constants.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Preset {
    /// Agreements of seconds, three testers are enough
    Dev,
    /// For chains where money is real
    Production,
}

/// What a tick is.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum TickUnit {
    /// A block of the L2 chain
    Block,
    /// A second
    Second,
}

/// Deploys both contracts.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let agreement = load_contract(options.agreement_wasm.as_deref(), &contracts::AGREEMENT)?;
    let dispatcher = load_contract(options.dispatcher_wasm.as_deref(), &contracts::DISPATCHER)?;
    let node = context.signing_node().await?;
    let settings = options.settings(&node).await?;
    let busy = progress::spinner(context, "deploying and activating both contracts");
    let deployed = node.deploy_market(&agreement.program, &dispatcher.program, &settings).await?;
    drop(busy);
    let path = deployments::save_dispatcher(node.chain_id(), deployed.dispatcher.address)?;
    print_note(format!("the market is written down in {}", path.display()));

    let gas = deployed.dispatcher.gas_used.saturating_add(deployed.agreement.gas_used);
    let parts = [
        ("agreement", deployed.agreement, agreement),
        ("dispatcher", deployed.dispatcher, dispatcher),
    ];
    let rows = parts.map(|(name, deployment, contract)| {
        vec![
            Cell::text(name),
            Cell::address(deployment.address),
            Cell::size(contract.program.code().len()),
            Cell::count(deployment.gas_used),
            Cell::Flag(deployment.cached),
            Cell::text(contract.source),
            Cell::text(contract.program.code_hash()),
        ]
    });
    let page =
        CommandOutput::new([("chain_id", Cell::count(node.chain_id())), ("gas", Cell::count(gas))]);
    context.print(&page.table(Table::new(
        "contracts",
        ["contract", "address", "bytes", "gas", "cached", "source", "code_hash"],
        rows,
    )))
}

/// A contract to deploy.
struct Contract {
    /// What goes on chain.
    program: Program,
    /// Where it comes from: the path of its module, or `embedded`.
    source: String,
}

/// Loads a contract from a compiled module if one is given, else the embedded one.
fn load_contract(path: Option<&Path>, embedded: &EmbeddedContract) -> Result<Contract, CliError> {
    let Some(path) = path else {
        return Ok(Contract { program: embedded.program()?, source: "embedded".to_owned() });
    };
    let module = fs::read(path).map_err(|source| match source.kind() {
        ErrorKind::NotFound => CliError::NoWasm(path.into()),
        _ => CliError::Read { path: path.into(), source },
    })?;
    let program = Program::from_wasm(&module)
        .map_err(|source| CliError::Program { path: path.into(), source })?;
    Ok(Contract { program, source: path.display().to_string() })
}

impl Options {
    /// The preset for this node's chain, with everything that was chosen in place of its constants.
    async fn settings(&self, node: &Node) -> Result<Settings, ClockError> {
        let dev_chain = node.chain_id() == stylus_devnode::CHAIN_ID;
        let clock = match (self.clock, dev_chain) {
            (Some(TickUnit::Second), _) | (None, true) => Clock::Second,
            (Some(TickUnit::Block), _) | (None, false) => Clock::ArbBlock,
        };
        let preset = match (self.preset, dev_chain) {
            (Some(Preset::Dev), _) | (None, true) => settings::dev(clock),
            (Some(Preset::Production), _) | (None, false) => settings::production(clock),
        };
        let lengths = [
            self.accept_window,
            self.report_window,
            self.min_length,
            self.max_agreement,
            self.min_window,
            self.epoch_length,
        ];
        let has_time = lengths.iter().any(|length| matches!(length, Some(Span::Time(_))));
        let ticks = if has_time { TickClock::on(node, clock).await? } else { TickClock::UNKNOWN };
        let length =
            |chosen: Option<Span>, preset| chosen.map_or(Ok(preset), |length| ticks.length(length));
        Ok(Settings {
            clock,
            acceptWindow: length(self.accept_window, preset.acceptWindow)?,
            reportWindow: length(self.report_window, preset.reportWindow)?,
            minLength: length(self.min_length, preset.minLength)?,
            maxAgreement: length(self.max_agreement, preset.maxAgreement)?,
            minWindow: length(self.min_window, preset.minWindow)?,
            epochLength: length(self.epoch_length, preset.epochLength)?,
            lockEpochs: self.lock_epochs.unwrap_or(preset.lockEpochs),
            minPool: self.min_pool.unwrap_or(preset.minPool),
            probes: self.probes.unwrap_or(preset.probes),
            minPromise: self.min_promise.unwrap_or(preset.minPromise),
            bondBps: self.bond.unwrap_or(preset.bondBps),
            testerFeeBps: self.tester_fee.unwrap_or(preset.testerFeeBps),
            minBond: self.min_bond.unwrap_or(preset.minBond),
            minTesterFee: self.min_tester_fee.unwrap_or(preset.minTesterFee),
            testerBond: self.tester_bond.unwrap_or(preset.testerBond),
            reputationUnit: self.reputation_unit.unwrap_or(preset.reputationUnit),
        })
    }
}
