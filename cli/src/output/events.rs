//! Events of the market as fields, and as lines.

use muster_client::protocol::abi::IWorkAgreement::{
    IWorkAgreementErrors, IWorkAgreementEvents as Agreement,
};
use muster_client::protocol::abi::IWorkerDispatcher::IWorkerDispatcherEvents as Dispatcher;
use muster_client::{Application, EventRecord, MarketEvent, reason_text, state_text};

use crate::clock::TickClock;
use crate::error::CliError;
use crate::output::cell::Cell;
use crate::output::command_output::{Fields, print_event_line};
use crate::output::ticks::{length_cell, price_cell, tick_cell};
use crate::output::units::{format_observations, format_percent, number_list};

/// Prints an event with its block.
pub(crate) fn print_record(
    record: &EventRecord,
    clock: &TickClock,
    json: bool,
) -> Result<(), CliError> {
    let mut fields = vec![("block", Cell::Count(record.block))];
    fields.extend(event_fields(&record.event, clock));
    print_event_line(event_name(&record.event), &fields, json)
}

/// Prints that a reorg replaced all blocks after this one, so that their events did not happen.
pub(crate) fn print_reorg(block: u64, json: bool) -> Result<(), CliError> {
    print_event_line("MovedBack", &vec![("block", Cell::Count(block))], json)
}

/// The event's name in the interface.
const fn event_name(event: &MarketEvent) -> &'static str {
    match event {
        MarketEvent::Dispatcher(event) => match event {
            Dispatcher::WorkerRegistered(_) => "WorkerRegistered",
            Dispatcher::WorkerUpdated(_) => "WorkerUpdated",
            Dispatcher::KeyChanged(_) => "KeyChanged",
            Dispatcher::AvailabilityChanged(_) => "AvailabilityChanged",
            Dispatcher::Listed(_) => "Listed",
            Dispatcher::Unlisted(_) => "Unlisted",
            Dispatcher::StakeChanged(_) => "StakeChanged",
            Dispatcher::CheckedIn(_) => "CheckedIn",
            Dispatcher::ContractBought(_) => "ContractBought",
            Dispatcher::PurchaseRefused(_) => "PurchaseRefused",
            Dispatcher::AgreementSettled(_) => "AgreementSettled",
            Dispatcher::AbsentReleased(_) => "AbsentReleased",
            Dispatcher::Burned(_) => "Burned",
            Dispatcher::ReputationChanged(_) => "ReputationChanged",
            Dispatcher::Credited(_) => "Credited",
            Dispatcher::Withdrawn(_) => "Withdrawn",
        },
        MarketEvent::Agreement(_, event) => match event {
            Agreement::Accepted(_) => "Accepted",
            Agreement::Started(_) => "Started",
            Agreement::Reported(_) => "Reported",
            Agreement::Cancelled(_) => "Cancelled",
            Agreement::Resigned(_) => "Resigned",
            Agreement::Released(_) => "Released",
            Agreement::ReportSkipped(_) => "ReportSkipped",
            Agreement::Closed(_) => "Closed",
        },
    }
}

/// The event's fields.
fn event_fields(event: &MarketEvent, clock: &TickClock) -> Fields {
    match event {
        MarketEvent::Dispatcher(event) => dispatcher_event_fields(event, clock),
        MarketEvent::Agreement(address, event) => {
            let mut fields = vec![("agreement", Cell::address(address))];
            fields.extend(agreement_event_fields(event, clock));
            fields
        }
    }
}

/// The fields of an event of the dispatcher.
fn dispatcher_event_fields(event: &Dispatcher, clock: &TickClock) -> Fields {
    match event {
        Dispatcher::WorkerRegistered(e) => vec![
            ("worker", Cell::address(e.worker)),
            ("number", Cell::count(e.number)),
            ("application", Cell::text(Application(e.application))),
            ("key", Cell::text(e.key)),
            ("stake", Cell::wei(e.stake)),
        ],
        Dispatcher::WorkerUpdated(e) => vec![
            ("worker", Cell::address(e.worker)),
            ("price", price_cell(clock, e.price)),
            ("max_length", length_cell(clock, e.maxLength)),
            ("promise", Cell::text(format_percent(e.promised))),
            ("capacity", Cell::count(e.capacity)),
        ],
        Dispatcher::KeyChanged(e) => {
            vec![("worker", Cell::address(e.worker)), ("key", Cell::text(e.key))]
        }
        Dispatcher::AvailabilityChanged(e) => {
            vec![("worker", Cell::address(e.worker)), ("available", Cell::Flag(e.available))]
        }
        Dispatcher::Listed(e) => vec![("worker", Cell::address(e.worker))],
        Dispatcher::Unlisted(e) => vec![("worker", Cell::address(e.worker))],
        Dispatcher::StakeChanged(e) => {
            vec![("worker", Cell::address(e.worker)), ("stake", Cell::wei(e.stake))]
        }
        Dispatcher::CheckedIn(e) => vec![
            ("tester", Cell::address(e.tester)),
            ("epoch", Cell::count(e.epoch)),
            ("place", Cell::count(e.place)),
        ],
        Dispatcher::ContractBought(e) => vec![
            ("agreement", Cell::address(e.agreement)),
            ("client", Cell::address(e.client)),
            ("escrow", Cell::wei(e.escrow)),
            ("worker_accounts", Cell::addresses(e.workers.iter().copied())),
        ],
        Dispatcher::PurchaseRefused(e) => vec![
            ("client", Cell::address(e.client)),
            ("reason", Cell::text(reason_text(e.reason))),
            ("required", Cell::wei(e.required)),
            ("sent", Cell::wei(e.sent)),
        ],
        Dispatcher::AgreementSettled(e) => vec![
            ("agreement", Cell::address(e.agreement)),
            ("client", Cell::address(e.client)),
            ("refund", Cell::wei(e.refund)),
            ("compensation", Cell::wei(e.compensation)),
            ("pay", sum(e.workers.iter().map(|worker| worker.pay))),
            ("slashed", sum(e.workers.iter().map(|worker| worker.slash))),
            ("fees", sum(e.testers.iter().map(|tester| tester.fee))),
        ],
        Dispatcher::AbsentReleased(e) => vec![
            ("agreement", Cell::address(e.agreement)),
            ("client", Cell::address(e.client)),
            ("refund", Cell::wei(e.refund)),
            ("slashed", sum(e.workers.iter().map(|worker| worker.slash))),
        ],
        Dispatcher::Burned(e) => {
            vec![("agreement", Cell::address(e.agreement)), ("amount", Cell::wei(e.amount))]
        }
        Dispatcher::ReputationChanged(e) => vec![
            ("worker", Cell::address(e.worker)),
            ("good", Cell::text(format_observations(e.good))),
            ("bad", Cell::text(format_observations(e.bad))),
        ],
        Dispatcher::Credited(e) => {
            vec![("account", Cell::address(e.account)), ("amount", Cell::wei(e.amount))]
        }
        Dispatcher::Withdrawn(e) => vec![
            ("account", Cell::address(e.account)),
            ("to", Cell::address(e.to)),
            ("amount", Cell::wei(e.amount)),
        ],
    }
}

/// The fields of an event of an agreement.
fn agreement_event_fields(event: &Agreement, clock: &TickClock) -> Fields {
    match event {
        Agreement::Accepted(e) => {
            vec![("worker", Cell::address(e.worker)), ("index", Cell::count(e.index))]
        }
        Agreement::Started(e) => vec![
            ("start", tick_cell(clock, e.start)),
            ("end", tick_cell(clock, e.end)),
            ("seed", Cell::text(e.seed)),
        ],
        Agreement::Reported(e) => {
            let findings =
                e.findings.as_chunks().0.iter().map(|[worker, window, made, served]| {
                    format!("{worker}:{window}:{served}/{made}")
                });
            vec![
                ("tester", Cell::address(e.tester)),
                ("place", Cell::count(e.place)),
                ("findings", Cell::Text(findings.collect::<Vec<_>>().join(" "))),
            ]
        }
        Agreement::Cancelled(e) => {
            vec![("window_count", Cell::count(e.windows)), ("end", tick_cell(clock, e.end))]
        }
        Agreement::Resigned(e) => vec![
            ("worker", Cell::address(e.worker)),
            ("index", Cell::count(e.index)),
            ("judged_until", tick_cell(clock, e.tick)),
        ],
        Agreement::Released(e) => vec![
            ("absent", Cell::text(number_list(e.absent.into()))),
            ("freed", Cell::text(number_list(e.freed.into()))),
        ],
        Agreement::ReportSkipped(e) => {
            let name = IWorkAgreementErrors::name_by_selector(e.reason.0);
            let reason = name.map_or_else(|| Cell::text(e.reason), Cell::text);
            vec![("place", Cell::count(e.place)), ("reason", reason)]
        }
        Agreement::Closed(e) => vec![("state", Cell::text(state_text(e.state)))],
    }
}

/// The sum of amounts.
fn sum(amounts: impl Iterator<Item = u128>) -> Cell {
    Cell::wei(amounts.fold(0, u128::saturating_add))
}
