//! Options about the accounts of a dev chain.

use clap::Args;

use crate::DEFAULT_MNEMONIC;

/// The accounts that a chain starts with, besides the dev account, and who may send.
#[derive(Clone, Debug, Args)]
pub(super) struct AccountOptions {
    /// Number of accounts, besides the dev account
    #[arg(short, long, value_name = "COUNT", default_value_t = 10)]
    pub(super) accounts: u16,

    /// Mnemonic of these accounts: 12 to 24 words of BIP-39 in English
    #[arg(short, long, value_name = "WORDS", default_value = DEFAULT_MNEMONIC)]
    pub(super) mnemonic: String,

    /// Balance of each of these accounts in ether; the dev account has 1000
    #[arg(long, value_name = "ETHER", default_value_t = 10_000)]
    pub(super) balance: u64,

    /// Let every account send transactions without a signature
    #[arg(long)]
    pub(super) auto_impersonate: bool,
}
