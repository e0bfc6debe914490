//! The rules as properties: each holds for every input and is checked by independent arithmetic that shares
//! no code with the rule. docs/rules.md names the property behind each rule.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::integer_division,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "checks read like the rules, and a panic fails the test"
)]

mod course;
mod draw;
mod layout;
mod lifecycle;
mod money;
mod order;
mod packed;
mod proxy;
mod receipt;
mod report;
mod reputation;
mod settings;
mod shares;
mod slashing;

use muster_protocol::PRICE_LIMIT;
use muster_protocol::abi::{Clock, Settings};
use proptest::prelude::{Strategy, any, prop_oneof};

/// Numbers of every bit length, equally often, and their mirror images below the maximum.
fn amount() -> impl Strategy<Value = u128> {
    (any::<u128>(), 0..=128_u32, any::<bool>()).prop_map(|(bits, zeros, mirror)| {
        let value = bits.checked_shr(zeros).unwrap_or(0);
        if mirror { u128::MAX - value } else { value }
    })
}

/// As [`amount`], with 32 bits.
fn ticks() -> impl Strategy<Value = u32> {
    (any::<u32>(), 0..=32_u32, any::<bool>()).prop_map(|(bits, zeros, mirror)| {
        let value = bits.checked_shr(zeros).unwrap_or(0);
        if mirror { u32::MAX - value } else { value }
    })
}

/// Prices per tick, and other amounts of one worker.
fn price() -> impl Strategy<Value = u128> {
    amount().prop_map(|wei| wei % PRICE_LIMIT)
}

/// Basis points, with both ends frequent.
fn bps() -> impl Strategy<Value = u16> {
    prop_oneof![2 => 0..=10_000_u16, 1 => 0..=2_u16, 1 => 9_998..=10_000_u16]
}

/// The two clocks.
fn clock() -> impl Strategy<Value = Clock> {
    any::<bool>().prop_map(|blocks| if blocks { Clock::ArbBlock } else { Clock::Second })
}

/// The two presets with both clocks.
fn preset() -> impl Strategy<Value = Settings> {
    (any::<bool>(), clock()).prop_map(|(production, clock)| {
        if production {
            muster_protocol::settings::production(clock)
        } else {
            muster_protocol::settings::dev(clock)
        }
    })
}

/// The window of tick number `elapsed` of an agreement: the last one that begins no later.
fn window_of(elapsed: u32, length: u32, windows: u8) -> u8 {
    let begins = |window: &u8| u32::from(*window) * (length / u32::from(windows)) <= elapsed;
    (0..windows).rev().find(begins).expect("window 0 begins at once")
}
