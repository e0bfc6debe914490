//! Private keys: as text, in keystore files, and of dev accounts.

mod dev_account;
mod keystore;
mod private_key;

pub(crate) use self::dev_account::{DevAccount, ensure_chain_is_private};
pub(crate) use self::keystore::{create_keystore, open_keystore, read_password};
pub(crate) use self::private_key::parse_private_key;
