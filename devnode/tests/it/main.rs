//! Tests of the dev chain through its interfaces: HTTP, WebSocket and the library, with alloy and
//! with bare requests.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::integer_division,
    clippy::unwrap_used,
    reason = "tests and their helpers may stop at an unexpected value"
)]

mod accounts;
mod anvil;
mod attribute;
mod base_fee;
mod batch_posters;
mod blocks;
mod calls;
mod cargo_stylus;
mod compare;
mod contracts;
mod counter;
mod data_fee;
mod depth;
mod estimates;
mod events;
mod fork_failures;
mod fork_requests;
mod forks;
mod hostile;
mod limits;
mod malformed;
mod mining;
mod mutated;
mod node_interface;
mod node_settings;
mod old_cases;
mod options;
mod parent_chain;
mod parity;
mod precompiles;
mod profiles;
mod programs;
mod provider;
mod raw;
mod recorded_rpc;
mod reorgs;
mod replay;
mod sending;
mod signing;
mod simulate;
mod snapshots;
mod socket;
mod start;
mod state;
mod subscribers;
mod support;
mod time;
mod tips;
mod traces;
mod transactions;
mod unimplemented;
mod upgrades;
mod vectors;
mod websocket;
mod words;
mod words_of_execution;
