//! The accounts that post batches of transactions on the parent chain, and who is paid for it. This
//! chain posts none, so nobody is paid.

use alloy::primitives::{Address, U256, address};

use super::arbos::{AddressSet, ArbosStorage, Substorage, from_address, to_address};

/// The account that posts batches on every new chain.
pub(crate) const BATCH_POSTER: Address = address!("A4B000000000000000000073657175656e636572");

/// Maximum number of posters that are listed.
const MAX_LISTED: usize = 65_536;

/// Storage of the posters: what is due to all of them in word 0, the set of them, and a child for each.
fn storage() -> Substorage {
    Substorage::l1_pricing().child(&[0])
}

/// Storage of one poster: what is due to it, and who is paid.
fn poster_storage(poster: Address) -> Substorage {
    storage().child(&[1]).child(poster.as_slice())
}

/// What is due to all posters in wei.
pub(crate) fn total_due(words: &mut dyn ArbosStorage) -> U256 {
    words.word(storage().at(0))
}

/// All posters.
pub(crate) fn all(words: &mut dyn ArbosStorage) -> Vec<Address> {
    let mut posters = AddressSet::batch_posters().members(words);
    posters.truncate(MAX_LISTED);
    posters
}

/// Whether an account is a poster.
pub(crate) fn contains(words: &mut dyn ArbosStorage, poster: Address) -> bool {
    AddressSet::batch_posters().contains(words, poster)
}

/// Adds a poster that is paid itself, unless it is one already.
pub(crate) fn add(words: &mut dyn ArbosStorage, poster: Address) {
    if !contains(words, poster) {
        words.set_word(poster_storage(poster).at(0), U256::ZERO);
        set_collector(words, poster, poster);
        AddressSet::batch_posters().add(words, poster);
    }
}

/// Who is paid for a poster; `None` if the account is none.
pub(crate) fn collector(words: &mut dyn ArbosStorage, poster: Address) -> Option<Address> {
    contains(words, poster).then(|| to_address(words.word(poster_storage(poster).at(1))))
}

/// Sets who is paid for a poster.
pub(crate) fn set_collector(words: &mut dyn ArbosStorage, poster: Address, collector: Address) {
    words.set_word(poster_storage(poster).at(1), from_address(collector));
}
