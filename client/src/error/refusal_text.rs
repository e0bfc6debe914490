//! The text of every revert and of every reason to refuse a purchase: what is wrong, what is allowed, what
//! to do.

use alloy::primitives::Address;
use muster_protocol::abi::IWorkAgreement::IWorkAgreementErrors as Agreement;
use muster_protocol::abi::IWorkerDispatcher::IWorkerDispatcherErrors as Dispatcher;
use muster_protocol::abi::{Reason, State};

use crate::amount::Ether;
use crate::application::Application;

/// The text of a refused purchase, with the amounts where the reason is about them.
pub(crate) fn purchase_text(reason: Reason, required: u128, sent: u128) -> String {
    match reason {
        Reason::ValueTooLow => format!(
            "the price is {}, but only {} were offered: offer the price",
            Ether::from(required),
            Ether::from(sent)
        ),
        other => reason_text(other).to_owned(),
    }
}

/// The text for a reason to refuse an order.
#[must_use]
pub const fn reason_text(reason: Reason) -> &'static str {
    match reason {
        Reason::None => "the order can be bought",
        Reason::ValueTooLow => "the value is below the price: offer the price",
        Reason::Redundancy => "the redundancy must be from 1 to 8 workers",
        Reason::Length => {
            "the length must be from the market's shortest to its longest agreement, in ticks of its clock: \
             buy again before the end for longer work"
        }
        Reason::Windows => {
            "windows must be from 1 to 21, none shorter than the market's shortest window, and at least 4 for \
             a tested order of twice the shortest length: ask for more or fewer windows, or for a longer time"
        }
        Reason::Testers => {
            "the testers of a window must be an odd number from 3 to 15, with at most 63 seats in all windows, \
             or 0 with a single window"
        }
        Reason::NotForSale => "testers cannot be bought: ask for another application",
        Reason::ApplicationUnknown => {
            "nobody has registered for this application, which is `0` where none is named: look at what workers offer"
        }
        Reason::NotEnoughWorkers => {
            "too few workers fit: ask for fewer of them, a shorter agreement, a lower uptime, or try later"
        }
        Reason::NotEnoughTesters => {
            "too few testers are listed in this epoch: ask for fewer, for none, or try when more have checked in"
        }
        Reason::Expired => "the order's last tick has passed: set a later one",
        Reason::PriceOverflow => "the price exceeds what the market can hold: ask for less",
        Reason::WorkerUnfit => {
            "a hired worker is not listed for this application or does not fit the order: look at the workers"
        }
        Reason::__Invalid => {
            "the contract gave a reason that this program does not know: update the program"
        }
    }
}

/// The text of an error of the dispatcher.
pub(crate) fn dispatcher_text(error: &Dispatcher) -> String {
    match error {
        Dispatcher::MalformedCall(e) => malformed_call_text(e.word),
        Dispatcher::UnknownCall(e) => unknown_call_text(&e.selector),
        Dispatcher::NotPayable(e) => not_payable_text(e.value),
        Dispatcher::Reentered(_) => {
            "it is paying an account and takes no calls until that is done: do not call it from inside a payment".into()
        }
        Dispatcher::AlreadyDeployed(_) => "it is set up already: its constructor runs once".into(),
        Dispatcher::BadSetting(e) => {
            let (name, range) = setting_constraint(e.index);
            format!("the deployment constant number {} ({name}) must be {range}", e.index)
        }
        Dispatcher::AlreadyRegistered(e) => {
            format!("{} is registered already: update it, or use another account", e.account)
        }
        Dispatcher::NotRegistered(e) => format!("{} is not registered: register it first", e.account),
        Dispatcher::PriceOutOfRange(e) => format!(
            "a price must be from 1 wei to below {} a tick, not {}",
            Ether::from(e.limit),
            Ether::from(e.price)
        ),
        Dispatcher::MaxLengthTooShort(e) => format!(
            "the longest agreement must be at least {} ticks, not {}",
            e.minimum, e.maxLength
        ),
        Dispatcher::PromiseOutOfRange(e) => format!(
            "the promised uptime must be from {} to 10000 basis points, not {}",
            e.minimum, e.promised
        ),
        Dispatcher::CapacityZero(_) => "a worker takes at least one agreement at a time: give a capacity of 1 or more".into(),
        Dispatcher::KeyZero(_) => "the key for messages must not be zero: give one".into(),
        Dispatcher::WrongApplication(e) => format!(
            "an account that is registered for application {} cannot do this: use another account",
            Application(e.application)
        ),
        Dispatcher::StakeTooLow(e) => format!(
            "the stake is {}, and {} are needed: stake more, or ask for less",
            Ether::from(e.have),
            Ether::from(e.need)
        ),
        Dispatcher::StakeTooHigh(e) => format!(
            "a stake must stay below {}, and this makes it {}: stake less",
            Ether::from(e.limit),
            Ether::from(e.stake)
        ),
        Dispatcher::NotListable(e) => format!(
            "{} cannot be listed: it is listed already, takes no new work, is at its capacity, or has too \
             little free stake",
            e.worker
        ),
        Dispatcher::AlreadyCheckedIn(e) => {
            format!("the account is in the list of epoch {} already: check in again in the next epoch", e.epoch)
        }
        Dispatcher::StillListed(e) => format!(
            "agreements may still ask this tester for reports: its bond is free from epoch {} on",
            e.free
        ),
        Dispatcher::NothingToWithdraw(e) => format!("{} has no credit to withdraw", e.account),
        Dispatcher::TransferFailed(e) => format!(
            "{} did not take {}: withdraw to an account that takes ether",
            e.to,
            Ether::from(e.amount)
        ),
        Dispatcher::NotAnAgreement(e) => not_an_agreement_text(e.caller),
        Dispatcher::CreationFailed(_) => {
            "the chain did not create the agreement: send more gas, or check the market's agreement code".into()
        }
    }
}

/// The text of an error of an agreement.
pub(crate) fn agreement_text(error: &Agreement) -> String {
    match error {
        Agreement::MalformedCall(e) => malformed_call_text(e.word),
        Agreement::UnknownCall(e) => unknown_call_text(&e.selector),
        Agreement::NotPayable(e) => not_payable_text(e.value),
        Agreement::NotAnAgreement(e) => not_an_agreement_text(e.caller),
        Agreement::WrongState(e) => {
            format!("it is {}, and this call belongs to another state", state_text(e.state))
        }
        Agreement::NotAWorker(e) => {
            format!("{} is none of its workers: use a worker's account", e.caller)
        }
        Agreement::AlreadyAccepted(e) => format!("{} has accepted already", e.worker),
        Agreement::TooLateToAccept(e) => {
            format!("the last tick to accept was {}, and it is {} now", e.last, e.tick)
        }
        Agreement::SeedNotReady(e) => format!(
            "it was bought in block {}, whose hash the chain does not have: accept in a later block, within a day \
             of the purchase",
            e.purchaseBlock
        ),
        Agreement::NotTheTester(e) => format!(
            "{} does not hold place {} in its list of testers: report from the account that does",
            e.caller, e.place
        ),
        Agreement::PlaceOutOfRange(e) => {
            format!("its list of testers has {} places, and {} is none of them", e.pool, e.place)
        }
        Agreement::AlreadyReported(e) => {
            format!("the tester at place {} has reported already", e.place)
        }
        Agreement::NotTheClient(e) => format!("{} is not its client", e.caller),
        Agreement::CannotShorten(e) => {
            format!("it ends in tick {} already, and cancelling now would not shorten it", e.end)
        }
        Agreement::NotAccepted(e) => format!("{} has not accepted it", e.worker),
        Agreement::AlreadyResigned(e) => format!("{} has resigned already", e.worker),
        Agreement::TooEarlyToRelease(e) => format!(
            "workers may accept until tick {}, and it is {} now: release after that",
            e.last, e.tick
        ),
        Agreement::NothingToRelease(_) => {
            "no worker is absent, and no slot is occupied that could be freed".into()
        }
        Agreement::BadReceipt(e) => format!(
            "entry number {} has no receipt of its worker for this session, window and parts, or claims more \
             than two served probes for each part",
            e.entry
        ),
        Agreement::NothingReported(_) => "a report needs at least one entry".into(),
        Agreement::BadEntry(e) => format!(
            "entry number {} is truncated, names no worker, is out of order, or claims more served probes than \
             made or more made than due",
            e.entry
        ),
        Agreement::NoSeat(e) => format!(
            "entry number {} is about window {}, in which this place has no seat",
            e.entry, e.window
        ),
        Agreement::TooFewProbes(e) => format!(
            "entry number {} has {} probes, and only reports of {} or more count: leave it out",
            e.entry, e.made, e.needed
        ),
        Agreement::BadBatch(e) => {
            format!("the report that begins at byte {} of the batch is truncated", e.offset)
        }
        Agreement::WindowOutOfRange(e) => {
            format!(
                "entry number {} is about window {}, in which its worker is not judged",
                e.entry, e.window
            )
        }
        Agreement::WindowUnknown(e) => {
            format!(
                "there are {} windows, counted from 0, and {} is none of them",
                e.windows, e.window
            )
        }
        Agreement::SettlementFailed(_) => {
            "the market did not answer, or did not accept the settlement".into()
        }
    }
}

/// The name of an agreement's state, to follow "it is".
#[must_use]
pub const fn state_text(state: State) -> &'static str {
    match state {
        State::Offered => "offered",
        State::Running => "running",
        State::Reporting => "reporting",
        State::Due => "due",
        State::Settled => "settled",
        State::Void => "void",
        State::__Invalid => "in a state that this program does not know",
    }
}

/// The name of the deployment constant at an index of the settings, and its allowed range.
const fn setting_constraint(index: u8) -> (&'static str, &'static str) {
    match index {
        0 => ("clock", "a clock of blocks or of seconds"),
        1 => ("acceptWindow", "at least 1 tick"),
        2 => ("reportWindow", "at least 1 tick"),
        3 => ("minLength", "at least acceptWindow + reportWindow, and twice minWindow"),
        4 => (
            "maxAgreement",
            "at least minLength, and with acceptWindow and reportWindow at most lockEpochs epochs",
        ),
        5 => ("minWindow", "at least twice acceptWindow, and a tick for each probe"),
        6 => ("epochLength", "at least 1 tick"),
        7 => ("lockEpochs", "at least 1"),
        8 => ("minPool", "at least 3"),
        9 => ("probes", "from 1 to 60"),
        10 => ("minPromise", "from 1 to 10000 basis points"),
        11 => ("bondBps", "at most 10000 basis points"),
        12 => ("testerFeeBps", "at most 10000 basis points"),
        13 => ("minBond", "below 2^72 wei"),
        14 => ("minTesterFee", "below 2^64 wei"),
        15 => ("testerBond", "below 2^80 wei"),
        16 => ("reputationUnit", "at least 1 wei and 12 times minTesterFee, and below 2^96 wei"),
        17 => ("agreement", "the address of a contract"),
        _ => ("unknown", "known to this program"),
    }
}

/// The text of `MalformedCall`, which both contracts have.
fn malformed_call_text(word: u32) -> String {
    format!("word {word} of the call is not a value of its type")
}

/// The text of `UnknownCall`, which both contracts have.
fn unknown_call_text(selector: &impl std::fmt::Display) -> String {
    format!(
        "it has no function {selector}: it is another contract, or older or newer than this program"
    )
}

/// The text of `NotPayable`, which both contracts have.
fn not_payable_text(value: u128) -> String {
    format!("{} were sent with a call that takes no ether: send none", Ether::from(value))
}

/// The text of `NotAnAgreement`, which both contracts have.
fn not_an_agreement_text(caller: Address) -> String {
    format!("{caller} is no agreement of this market")
}
