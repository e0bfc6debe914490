#![doc = include_str!("../README.md")]
#![cfg_attr(target_arch = "wasm32", no_std)]

mod book;
mod credit;
mod purchase;
mod registry;
mod reputation;
mod selection;
mod settlement;
mod setup;
mod state;
mod testers;

use muster_protocol::abi::IWorkerDispatcher::{
    agreementCall, bookCall, buyContract_0Call, buyContract_1Call, checkInCall, concludeCall,
    createdAtCall, creditCall, epochCall, hireCall, isAgreementCall, keyOfCall, listCall,
    listedWorkersCall, quote_0Call, quote_1Call, quote_2Call, registerTesterCall,
    registerWorkerCall, reputationCall, setAvailableCall, setKeyCall, setPriceCall, settingsCall,
    stakeCall, testerAtCall, testerCountCall, tickCall, unstakeCall, updateWorkerCall,
    withdrawCall, workerCall, workerCountCall, workersCall,
};

muster_contract_kit::contract! {
    call setup::Constructor => setup::constructor;

    view workerCountCall    => registry::count;
    view workerCall         => registry::worker;
    view workersCall        => registry::workers;
    view listedWorkersCall  => registry::listed_workers;
    view keyOfCall          => registry::key_of;
    view bookCall           => book::book;
    view quote_0Call        => selection::quote_default;
    view quote_1Call        => selection::quote;
    view quote_2Call        => selection::quote_hire;
    view reputationCall     => reputation::reputation;
    view creditCall         => credit::credit;
    view settingsCall       => setup::settings;
    view agreementCall      => setup::agreement;
    view isAgreementCall    => settlement::is_agreement;
    view createdAtCall      => setup::created_at;
    view tickCall           => setup::tick;
    view epochCall          => setup::epoch;
    view testerCountCall    => testers::tester_count;
    view testerAtCall       => testers::tester_at;

    pay  registerWorkerCall => registry::register;
    call updateWorkerCall   => registry::update;
    call setPriceCall       => registry::set_price;
    call setKeyCall         => registry::set_key;
    call setAvailableCall   => registry::set_available;
    pay  stakeCall          => registry::stake;
    call unstakeCall        => registry::unstake;
    call listCall           => book::list;

    pay  registerTesterCall => testers::register;
    call checkInCall        => testers::check_in;

    pay  buyContract_0Call  => purchase::buy_default;
    pay  buyContract_1Call  => purchase::buy;
    pay  hireCall           => purchase::hire;
    pay  concludeCall       => settlement::conclude;
    call withdrawCall       => credit::withdraw;
}
