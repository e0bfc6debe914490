#![doc = include_str!("../README.md")]
#![cfg_attr(target_arch = "wasm32", no_std)]

mod acceptance;
mod dispatcher;
mod early_exit;
mod reports;
mod settlement;
mod state;
mod views;

use muster_protocol::abi::IWorkAgreement::{
    acceptCall, applicationCall, cancelCall, clientCall, endCall, priceCall, progressCall,
    redundancyCall, reportCall, reportedCall, resignCall, settleCall, stateCall, termsCall,
    testersCall, workersCall,
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
    view reportedCall    => reports::reported;

    act  acceptCall      => acceptance::accept;
    act  cancelCall      => early_exit::cancel;
    act  resignCall      => early_exit::resign;
    act  reportCall      => reports::report;
    act  settleCall      => settlement::settle;
}
