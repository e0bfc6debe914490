//! Blobs in a folder: each file is named by its SHA-256, which is checked while it is written.

mod error;
mod quota;
mod recheck;
mod store;
mod upload;

pub use error::BlobError;
pub use quota::BLOB_COST;
pub use store::{BlobStore, BlobWriter};
pub use upload::BlobUpload;
