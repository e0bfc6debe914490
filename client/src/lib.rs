#![doc = include_str!("../README.md")]

mod agreement;
mod amount;
mod application;
mod backend;
mod chain;
#[cfg(feature = "deploy")]
mod deploy;
mod error;
mod events;
mod market;
mod node;
mod tx;

pub use muster_protocol as protocol;

pub use crate::agreement::cancel::{CancelPreview, Cancellation};
pub use crate::agreement::job_result::{ResultSignature, ResultSignatureError};
pub use crate::agreement::receipt::{ReceiptError, ServiceReceipt, Session, failed_entry};
pub use crate::agreement::release::{OpenCalls, Release};
pub use crate::agreement::report::{PostedBatch, PostedReport, encode_batch, encode_entries};
pub use crate::agreement::resign::{ResignPreview, Resignation};
pub use crate::agreement::seats::{Tester, holds_seat, seats, window_seats};
pub use crate::agreement::service_request::{
    ServiceAction, ServiceRequestSignature, ServiceRequestSignatureError,
};
pub use crate::agreement::settle::Settlement;
pub use crate::agreement::shares::{WindowShares, measurement, pay_and_slash, window_shares};
pub use crate::agreement::snapshot::Snapshot;
pub use crate::agreement::{Agreement, Progress};
pub use crate::amount::{AmountError, Ether};
pub use crate::application::{Application, ApplicationError, message_key};
pub use crate::backend::connect::BackendKind;
pub use crate::backend::{Head, Log, Receipt, SignedTx, urgent};
#[cfg(feature = "deploy")]
pub use crate::deploy::{
    Deployment, MarketDeployment,
    limits::{CODE_BUDGET, CODE_LIMIT, DATA_BUDGET, WASM_LIMIT},
    panics::check_no_panics,
    program::{Program, named_wasm},
    program_error::ProgramError,
};
pub use crate::error::refusal_text::{reason_text, state_text};
pub use crate::error::{BoxError, MarketError, NodeError, RevertReason};
pub use crate::events::watch::{ChainUpdate, EventWatcher};
pub use crate::events::{EventRecord, MarketEvent, Payment, PaymentKind};
pub use crate::market::buy::Purchase;
pub use crate::market::check_in::CheckIn;
pub use crate::market::offer::Offer;
pub use crate::market::register::Registration;
pub use crate::market::reputation::WorkerReputation;
pub use crate::market::withdraw::Withdrawal;
pub use crate::market::{Market, OrderRequest};
pub use crate::node::Node;
pub use crate::node::builder::NodeBuilder;
pub use crate::node::keepalive::ProgramLifetime;
pub use crate::node::prepare::PreparedCall;
pub use crate::tx::{ResumedTx, TxJournal, TxOutcome};
