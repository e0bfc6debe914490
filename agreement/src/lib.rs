#![doc = include_str!("../README.md")]
#![cfg_attr(target_arch = "wasm32", no_std)]

mod acceptance;
mod dispatcher;
mod early_exit;
mod reports;
mod settlement;
mod shares;
mod state;
mod views;

use muster_protocol::abi::IWorkAgreement::{
    acceptCall, applicationCall, cancelCall, clientCall, endCall, openCallsCall, priceCall,
    progressCall, redundancyCall, releaseCall, reportBatchCall, reportCall, reportedCall,
    resignCall, settleCall, sharesCall, stateCall, termsCall, testersCall, workersCall,
};

muster_contract_kit::contract! {
    view clientCall      => views::client;
    view workersCall     => views::workers;
    view testersCall     => views::testers;
    view priceCall       => views::price;
    view redundancyCall  => views::redundancy;
    view applicationCall => views::application;
    view endCall         => views::end;
    view termsCall       => views::terms;
    view stateCall       => views::state;
    view progressCall    => views::progress;
    view openCallsCall   => views::open_calls;
    view sharesCall      => views::shares;
    view reportedCall    => reports::reported;

    act  acceptCall      => acceptance::accept;
    act  cancelCall      => early_exit::cancel;
    act  resignCall      => early_exit::resign;
    act  releaseCall     => early_exit::release;
    act  reportCall      => reports::report;
    act  reportBatchCall => reports::report_batch;
    act  settleCall      => settlement::settle;
}
