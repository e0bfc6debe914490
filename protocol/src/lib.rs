#![doc = include_str!("../README.md")]
#![no_std]

#[cfg(feature = "model")]
extern crate std;

pub mod abi;
pub mod course;
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
pub mod report;
pub mod reputation;
pub mod settings;
pub mod shares;

/// 100 % in basis points.
pub const BPS: u16 = 10_000;

/// The most workers in one agreement.
pub const MAX_REDUNDANCY: usize = 8;

/// The fewest windows of a tested order that lasts twice the shortest length or more: seats are public, so a
/// client that stops early stops with foresight.
pub const MIN_WINDOWS: u8 = 4;

/// The most seats (windows × testers) in one agreement, and so the most places that can earn fees.
pub const MAX_SEATS: usize = 63;

/// The most windows in one agreement.
pub const MAX_WINDOWS: u8 = 21;

/// The most testers in one window.
pub const MAX_TESTERS: u8 = 15;

/// Exclusive limit in wei for a price per tick and for bond, fee and escrow of one worker: 12 bytes.
pub const PRICE_LIMIT: u128 = 1 << 96;

/// The most book entries that a purchase scans.
pub const SCAN_LIMIT: u32 = 64;

/// The most book entries that an insertion walks past.
pub const WALK_LIMIT: u32 = 16;

/// The application of testers; it cannot be bought.
pub const TESTER_APPLICATION: [u8; 8] = *b"tester\0\0";

/// The history storage contract: returns the hash of an L2 block, given its number as a 32-byte word, for the
/// 393 168 blocks before the current one (EIP-2935 as Arbitrum deploys it).
pub const HISTORY_STORAGE_ADDRESS: [u8; 20] = [
    0x00, 0x00, 0xF9, 0x08, 0x27, 0xF1, 0xC5, 0x3a, 0x10, 0xcb, 0x7A, 0x02, 0x33, 0x5B, 0x17, 0x53,
    0x20, 0x00, 0x29, 0x35,
];
