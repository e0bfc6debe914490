//! Why the purchase of a name is not what is asked for under that name now.

use alloy::primitives::Address;

/// Why the purchase of a name is not what is asked for.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NamedPurchaseError {
    /// Something else was bought.
    #[error(
        "the purchase {name} is {agreement}, with other terms ({terms}): use another name for another order"
    )]
    OtherOrder {
        /// The name.
        name: Box<str>,
        /// What was bought.
        agreement: Address,
        /// What differs.
        terms: Box<str>,
    },
    /// The agreement is over.
    #[error("the purchase {name} is {agreement}, which is {state}: use another name to buy again")]
    Over {
        /// The name.
        name: Box<str>,
        /// What was bought.
        agreement: Address,
        /// Its state.
        state: &'static str,
    },
}
