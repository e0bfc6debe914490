//! The public part of a key as a command's output.

use alloy::signers::local::PrivateKeySigner;
use muster_client::message_key;

use crate::output::{Cell, CommandOutput};

/// Address and key for messages.
pub(super) fn key_output(signer: &PrivateKeySigner) -> CommandOutput {
    CommandOutput::new([
        ("account", Cell::address(signer.address())),
        ("message_key", Cell::text(message_key(signer))),
    ])
}
