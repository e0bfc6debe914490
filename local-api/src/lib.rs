#![doc = include_str!("../README.md")]

mod active_runs;
mod allowed_callers;
mod caller;
mod failure;
mod ledger;
mod limit;
mod once;
mod openapi;
mod post;
mod purchase;
mod right;
mod routes;
mod run_body;
mod run_wire;
mod runs;
mod server;
mod shared;
mod token;
mod token_file;
mod token_registry;
mod wei;
mod wire;

pub use crate::failure::{ApiError, ErrorCode};
pub use crate::limit::{Period, Spending, SpendingLimit};
pub use crate::openapi::openapi_document;
pub use crate::right::{Right, RightError};
pub use crate::server::{LocalApi, LocalApiError, LocalApiOptions};
pub use crate::token::{Token, TokenDigest, TokenDigestError, TokenSecret};
pub use crate::token_file::{TokenFile, TokenFileError};
pub use crate::wei::Wei;
