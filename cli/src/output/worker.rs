//! A worker or tester as a command's output.

use muster_client::Application;
use muster_client::protocol::abi::Worker;

use crate::clock::TickClock;
use crate::output::cell::Cell;
use crate::output::command_output::CommandOutput;
use crate::output::ticks::{length_cell, price_cell};
use crate::output::units::format_percent;

/// Everything that the market stores about a worker or tester, without credit and reputation.
pub(crate) fn worker_output(worker: &Worker, clock: &TickClock) -> CommandOutput {
    let tester = worker.application == Application::TESTER.0;
    let mut output = CommandOutput::new([
        ("account", Cell::address(worker.account)),
        ("number", Cell::count(worker.number)),
        ("application", Cell::text(Application(worker.application))),
    ]);
    if tester {
        output = output.field("last_epoch", Cell::count(worker.lastEpoch));
    } else {
        output = output
            .field("price", price_cell(clock, worker.price))
            .field("max_length", length_cell(clock, worker.maxLength))
            .field("promise", Cell::text(format_percent(worker.promised)))
            .field("capacity", Cell::count(worker.capacity))
            .field("active", Cell::count(worker.active))
            .field("available", Cell::Flag(worker.available))
            .field("listed", Cell::Flag(worker.listed))
            .field("locked", Cell::wei(worker.locked));
    }
    output.field("stake", Cell::wei(worker.stake)).field("key", Cell::text(worker.key))
}
