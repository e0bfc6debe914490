//! The state: accounts, code and storage at every height, and the layout of ArbOS's own storage.
//! Independent of transactions and blocks.

pub(crate) mod arbos;
pub(crate) mod arbos_version;
pub(crate) mod batch_posters;
mod block_hashes;
mod dump;
mod history;
mod journal;
pub(crate) mod l1_blocks;
pub(crate) mod l1_pricing;
pub(crate) mod l2_pricing;
pub(crate) mod multi_gas;
mod packed_fields;
pub(crate) mod programs;
mod proof;
pub(crate) mod send_accumulator;
pub(crate) mod settings;
mod store;
pub(crate) mod upgrade;
mod view;

pub(crate) use block_hashes::BlockHashes;
pub(crate) use dump::StoreDump;
pub(crate) use journal::Checkpoint;
pub(crate) use proof::Proof;
pub(crate) use store::{BlockArbosStorage, Store};
pub(crate) use view::StateView;
