//! The words and rules of the market: what all sides agreed on.
//!
//! Interface, units, money, verdicts, the draw of testers, the phases of an agreement and the layout
//! of its terms. No I/O, no storage, no `async`, and nothing of the Stylus SDK: contracts, client and
//! tests read the same rules here, so they cannot disagree about a price or a majority.
//!
//! What may be added here: a word, a unit, or a rule without side effects. Every function is total:
//! bad input gives `None` or a refusal, never a panic, because contracts run this code.
//!
//! Amounts are wei in `u128`, lengths and points in time are ticks of the market's clock
//! ([`abi::Clock`]), shares are basis points ([`BPS`]).
#![no_std]

#[cfg(feature = "model")]
extern crate std;

pub mod abi;
pub mod draw;
pub mod layout;
pub mod lifecycle;
#[cfg(feature = "model")]
pub mod model;
pub mod money;
pub mod order;
pub mod packed;
pub mod proxy;
pub mod receipt;
pub mod reputation;
pub mod settings;
pub mod verdict;

/// The whole, in basis points.
pub const BPS: u16 = 10_000;

/// The most workers in one agreement.
pub const MAX_REDUNDANCY: usize = 8;

/// The most seats (windows × testers) in one agreement, and so the most places that can be paid.
pub const MAX_SEATS: usize = 63;

/// The most windows in one agreement.
pub const MAX_WINDOWS: u8 = 21;

/// The most testers in one window.
pub const MAX_TESTERS: u8 = 15;

/// Prices per tick, and bonds, fees and escrow of one worker, are below this many wei: 12 bytes.
pub const PRICE_LIMIT: u128 = 1 << 96;

/// The most list entries that a purchase looks at.
pub const SCAN_LIMIT: u32 = 64;

/// The most list entries that an insertion walks over.
pub const WALK_LIMIT: u32 = 16;

/// The application of accounts that test others; it cannot be bought.
pub const TESTER_APPLICATION: [u8; 8] = *b"tester\0\0";

/// The history contract: answers a 32-byte L2 block number with that block's hash, for the last
/// 393 168 blocks below the current one (EIP-2935 as Arbitrum ships it).
pub const HISTORY_STORAGE_ADDRESS: [u8; 20] = [
    0x00, 0x00, 0xF9, 0x08, 0x27, 0xF1, 0xC5, 0x3a, 0x10, 0xcb, 0x7A, 0x02, 0x33, 0x5B, 0x17, 0x53,
    0x20, 0x00, 0x29, 0x35,
];
