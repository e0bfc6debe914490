//! What a visitor can do with a wallet: the server makes the call and says in words what it does; the wallet signs it.
//!
//! The server has no key. It reads the chain, and what it makes can be signed anywhere.

mod action;
mod fields;
mod outcome;
mod page;
mod prepare;

pub(crate) use self::action::Action;
pub(crate) use self::outcome::transaction;
pub(crate) use self::page::ActionPage;
