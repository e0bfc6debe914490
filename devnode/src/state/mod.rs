//! What the chain remembers: accounts, code and storage at every height, and how ArbOS lays out its
//! own part of it. Knows nothing of transactions or blocks.

pub(crate) mod arbos;
mod history;
mod image;
mod journal;
pub(crate) mod outbox;
pub(crate) mod programs;
mod proof;
pub(crate) mod settings;
mod store;
mod view;

pub(crate) use image::StoreImage;
pub(crate) use journal::Mark;
pub(crate) use proof::Proof;
pub(crate) use store::{Store, StoreWords};
pub(crate) use view::View;
