//! The arguments of events as JSON: names as in the interface, addresses with checksums, amounts as texts.

use alloy::primitives::Address;
use muster_client::protocol::abi::IWorkAgreement::IWorkAgreementEvents as Agreement;
use muster_client::protocol::abi::IWorkerDispatcher::IWorkerDispatcherEvents as Dispatcher;
use muster_client::protocol::abi::{TesterResult, WorkerResult};
use muster_client::{MarketEvent, reason_text, state_text};
use serde_json::{Value, json};

use super::values::{Account, ApplicationName, Wei};

/// An address.
const fn account(address: &Address) -> Account {
    Account(*address)
}

/// What a worker got and lost.
fn worker_result(result: &WorkerResult) -> Value {
    json!({
        "account": account(&result.account), "pay": Wei(result.pay), "slash": Wei(result.slash), "fees": Wei(result.fees),
        "accepted": result.accepted, "resigned": result.resigned, "ticks": result.ticks, "known": result.known,
        "uptime": result.uptime,
    })
}

/// What a tester got.
fn tester_result(result: &TesterResult) -> Value {
    json!({"account": account(&result.account), "fee": Wei(result.fee), "seats": result.seats})
}

/// The arguments of an event.
pub(super) fn event_json(event: &MarketEvent) -> Value {
    match event {
        MarketEvent::Dispatcher(event) => dispatcher_json(event),
        MarketEvent::Agreement(_, event) => agreement_json(event),
    }
}

/// The arguments of an event of the dispatcher.
fn dispatcher_json(event: &Dispatcher) -> Value {
    let results = |workers: &[WorkerResult]| workers.iter().map(worker_result).collect::<Value>();
    match event {
        Dispatcher::WorkerRegistered(e) => json!({
            "worker": account(&e.worker), "number": e.number, "application": ApplicationName(e.application),
            "key": e.key.to_string(), "stake": Wei(e.stake),
        }),
        Dispatcher::WorkerUpdated(e) => json!({
            "worker": account(&e.worker), "price": Wei(e.price), "maxLength": e.maxLength, "promised": e.promised,
            "capacity": e.capacity,
        }),
        Dispatcher::KeyChanged(e) => {
            json!({"worker": account(&e.worker), "key": e.key.to_string()})
        }
        Dispatcher::AvailabilityChanged(e) => {
            json!({"worker": account(&e.worker), "available": e.available})
        }
        Dispatcher::Listed(e) => json!({"worker": account(&e.worker)}),
        Dispatcher::Unlisted(e) => json!({"worker": account(&e.worker)}),
        Dispatcher::StakeChanged(e) => {
            json!({"worker": account(&e.worker), "stake": Wei(e.stake)})
        }
        Dispatcher::CheckedIn(e) => {
            json!({"tester": account(&e.tester), "epoch": e.epoch, "place": e.place})
        }
        Dispatcher::ContractBought(e) => json!({
            "agreement": account(&e.agreement), "client": account(&e.client), "escrow": Wei(e.escrow),
            "workers": e.workers.iter().map(account).collect::<Vec<_>>(),
        }),
        Dispatcher::PurchaseRefused(e) => json!({
            "client": account(&e.client), "reason": reason_text(e.reason), "required": Wei(e.required), "sent": Wei(e.sent),
        }),
        Dispatcher::AgreementSettled(e) => json!({
            "agreement": account(&e.agreement), "client": account(&e.client), "refund": Wei(e.refund),
            "compensation": Wei(e.compensation), "workers": results(&e.workers),
            "testers": e.testers.iter().map(tester_result).collect::<Value>(),
        }),
        Dispatcher::AbsentReleased(e) => json!({
            "agreement": account(&e.agreement), "client": account(&e.client), "refund": Wei(e.refund),
            "workers": results(&e.workers),
        }),
        Dispatcher::Burned(e) => {
            json!({"agreement": account(&e.agreement), "amount": Wei(e.amount)})
        }
        Dispatcher::ReputationChanged(e) => json!({
            "worker": account(&e.worker), "good": e.good.to_string(), "bad": e.bad.to_string(),
        }),
        Dispatcher::Credited(e) => {
            json!({"account": account(&e.account), "amount": Wei(e.amount)})
        }
        Dispatcher::Withdrawn(e) => {
            json!({"account": account(&e.account), "to": account(&e.to), "amount": Wei(e.amount)})
        }
    }
}

/// The arguments of an event of an agreement.
fn agreement_json(event: &Agreement) -> Value {
    match event {
        Agreement::Accepted(e) => json!({"worker": account(&e.worker), "index": e.index}),
        Agreement::Started(e) => {
            json!({"start": e.start, "end": e.end, "seed": e.seed.to_string()})
        }
        Agreement::Reported(e) => {
            let finding = |[worker, window, made, served]: &[u8; 4]| json!({"worker": worker, "window": window, "made": made, "served": served});
            let findings: Value = e.findings.as_chunks().0.iter().map(finding).collect();
            json!({"tester": account(&e.tester), "place": e.place, "findings": findings})
        }
        Agreement::ReportSkipped(e) => {
            json!({"place": e.place, "reason": e.reason.to_string()})
        }
        Agreement::Cancelled(e) => json!({"windows": e.windows, "end": e.end}),
        Agreement::Resigned(e) => {
            json!({"worker": account(&e.worker), "index": e.index, "tick": e.tick})
        }
        Agreement::Released(e) => json!({"absent": e.absent, "freed": e.freed}),
        Agreement::Closed(e) => json!({"state": state_text(e.state)}),
    }
}
