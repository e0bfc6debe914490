//! Blobs in a folder: each file is named by its SHA-256, which is checked while it is written.

mod recheck;
mod store;

pub use store::{BlobError, BlobStore, BlobWriter};
